//! One task of `fulfillment.review-overdue-plan`: what does the plan wait for? (§17 §18).
//!
//! Trigger: a schedule starts a loop that serves the topic until its deadline; each task at least
//! once. Running one twice is safe: a step that is due already and a case that is open already are
//! left as they are. A plan that completes meanwhile takes the task away, and that is success.

use std::time::Duration;

use camunda_client::ExternalTask;
use lambda_runtime::{Error, LambdaEvent};
use lambda_support::external_task_loop::{LoopSummary, TaskOutcome};
use order_store::commands;
use serde_json::Value;
use topic_worker::Milestone;

use crate::Deps;

/// The capability that the process asks for.
pub const TOPIC: &str = "fulfillment.review-overdue-plan";
/// Exceptions are rare: a parked request would cost the engine more than waiting costs anybody.
pub const ASKED_EVERY: Duration = Duration::from_secs(5);

const MILESTONE: Milestone = Milestone {
    function: "fulfillment-review-overdue-plan",
    topic: TOPIC,
    command: "REVIEW_OVERDUE_PLAN",
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

/// Reviews the plan of a task's order; queries and cases travel their ordinary ways.
pub async fn execute_task(deps: &Deps, task: &ExternalTask) -> TaskOutcome {
    deps.execute(&MILESTONE, task, commands::review_overdue_plan).await
}

#[cfg(test)]
mod tests;
