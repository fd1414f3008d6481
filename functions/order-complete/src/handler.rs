//! One task of `order.complete`: the completion invariant decides (§23).
//!
//! Trigger: a schedule starts a loop that serves the topic until its deadline; each task at least
//! once. Running one twice is safe: a completed order stays completed, and event
//! and customer communication are written once, in the transaction that completes it. A task that
//! is gone when it is reported was done before: the loop counts it, and that is success.

use camunda_client::ExternalTask;
use lambda_runtime::{Error, LambdaEvent};
use lambda_support::external_task_loop::{LoopSummary, TaskOutcome};
use order_store::commands;
use serde_json::Value;
use topic_worker::Milestone;

use crate::Deps;

/// The capability that the process asks for.
pub const TOPIC: &str = "order.complete";

const MILESTONE: Milestone = Milestone {
    function: "order-complete",
    topic: TOPIC,
    command: "COMPLETE_ORDER",
    bpmn_error: Some("ORDER_COMPLETION_REJECTED"),
};

/// Serves the topic until the invocation's deadline.
///
/// # Errors
/// The engine's answer to a fetch, when it is permanent or no fetch succeeded.
pub async fn handle(deps: &Deps, event: LambdaEvent<Value>) -> Result<LoopSummary, Error> {
    let execute = |task| async move { execute_task(deps, &task).await };
    Ok(deps.run(&MILESTONE, &event.context, execute).await?)
}

/// Completes the order of a task, or reports what still stands in the way.
pub async fn execute_task(deps: &Deps, task: &ExternalTask) -> TaskOutcome {
    deps.execute(&MILESTONE, task, commands::complete_order).await
}

#[cfg(test)]
mod tests;
