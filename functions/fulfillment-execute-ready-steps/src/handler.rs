//! One task of `fulfillment.execute-ready-steps`: the plan is released (§10 §12).
//!
//! Trigger: a schedule starts a loop that serves the topic until its deadline; each task at least
//! once. Running one twice is safe: a released plan is not released again, it
//! only owes again what a new wait must hear. A task that is gone when it is completed was taken
//! away by the completion message, which overtook us: the loop counts it, and that is success.

use camunda_client::ExternalTask;
use lambda_runtime::{Error, LambdaEvent};
use lambda_support::external_task_loop::{LoopSummary, TaskOutcome};
use order_store::commands;
use serde_json::Value;
use topic_worker::Milestone;

use crate::Deps;

/// The capability that the process asks for.
pub const TOPIC: &str = "fulfillment.execute-ready-steps";

const MILESTONE: Milestone = Milestone {
    function: "fulfillment-execute-ready-steps",
    topic: TOPIC,
    command: "START_FULFILLMENT",
    bpmn_error: None,
};

/// Serves the topic until the invocation's deadline.
///
/// # Errors
/// The engine's answer to a fetch, when it is permanent or no fetch succeeded.
pub async fn handle(deps: &Deps, event: LambdaEvent<Value>) -> Result<LoopSummary, Error> {
    let execute = |task| async move { execute_task(deps, &task).await };
    Ok(deps.run(&MILESTONE, &event.context, execute).await?)
}

/// Releases the plan of a task's order; the steps themselves travel through the outbox.
pub async fn execute_task(deps: &Deps, task: &ExternalTask) -> TaskOutcome {
    deps.execute(&MILESTONE, task, commands::start_fulfillment).await
}

#[cfg(test)]
mod tests;
