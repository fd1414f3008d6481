//! One task of `order.create-fulfillment-plan`: work items become a plan (§10).
//!
//! Trigger: a schedule starts a loop that serves the topic until its deadline; each task at least
//! once. Running one twice is safe: the command is one transaction with the key of
//! this run of the activity, so there is one plan however often the task comes.

use camunda_client::ExternalTask;
use lambda_runtime::{Error, LambdaEvent};
use lambda_support::external_task_loop::{LoopSummary, TaskOutcome};
use order_store::commands;
use serde_json::Value;
use topic_worker::Milestone;

use crate::Deps;

/// The capability that the process asks for.
pub const TOPIC: &str = "order.create-fulfillment-plan";

const MILESTONE: Milestone = Milestone {
    function: "order-create-fulfillment-plan",
    topic: TOPIC,
    command: "CREATE_FULFILLMENT_PLAN",
    bpmn_error: Some("ORDER_NOT_PLANNABLE"),
};

/// Serves the topic until the invocation's deadline.
///
/// # Errors
/// The engine's answer to a fetch, when it is permanent or no fetch succeeded.
pub async fn handle(deps: &Deps, event: LambdaEvent<Value>) -> Result<LoopSummary, Error> {
    let execute = |task| async move { execute_task(deps, &task).await };
    Ok(deps.run(&MILESTONE, &event.context, execute).await?)
}

/// Plans the order of a task, or reports why it cannot be planned.
pub async fn execute_task(deps: &Deps, task: &ExternalTask) -> TaskOutcome {
    deps.execute(&MILESTONE, task, commands::create_fulfillment_plan).await
}

#[cfg(test)]
mod tests;
