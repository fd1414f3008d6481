//! One task of `billing.activate`: what the plan's BILLING steps did is settled (§23 §24).
//!
//! Trigger: a schedule starts a loop that serves the topic until its deadline; each task at least
//! once. Running one twice is safe: it calls nobody, and the command is one
//! transaction with the key of this run of the activity.

use camunda_client::ExternalTask;
use lambda_runtime::{Error, LambdaEvent};
use lambda_support::external_task_loop::{LoopSummary, TaskOutcome};
use order_store::commands;
use serde_json::Value;
use topic_worker::Milestone;

use crate::Deps;

/// The capability that the process asks for.
pub const TOPIC: &str = "billing.activate";

const MILESTONE: Milestone = Milestone {
    function: "billing-activate",
    topic: TOPIC,
    command: "SETTLE_BILLING",
    bpmn_error: Some("BILLING_REJECTED"),
};

/// Serves the topic until the invocation's deadline.
///
/// # Errors
/// The engine's answer to a fetch, when it is permanent or no fetch succeeded.
pub async fn handle(deps: &Deps, event: LambdaEvent<Value>) -> Result<LoopSummary, Error> {
    let execute = |task| async move { execute_task(deps, &task).await };
    Ok(deps.run(&MILESTONE, &event.context, execute).await?)
}

/// Settles the billing of a task's order, or reports the lines that are not billed.
pub async fn execute_task(deps: &Deps, task: &ExternalTask) -> TaskOutcome {
    deps.execute(&MILESTONE, task, commands::settle_billing).await
}

#[cfg(test)]
mod tests;
