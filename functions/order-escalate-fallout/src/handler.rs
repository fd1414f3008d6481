//! One task of `order.escalate-fallout`: did anybody touch the case in time? (§18 §20).
//!
//! Trigger: a schedule starts a loop that serves the topic until its deadline; each task at least
//! once. Running one twice is safe: the deadline is the case's own and moves with the escalation, so
//! that a second look finds it in the future. A case that closes meanwhile takes the task away, and
//! that is success.

use std::time::Duration;

use camunda_client::ExternalTask;
use lambda_runtime::{Error, LambdaEvent};
use lambda_support::external_task_loop::{LoopSummary, TaskOutcome};
use order_domain::ids::FalloutCaseId;
use order_store::commands;
use serde_json::Value;
use topic_worker::Milestone;

use crate::Deps;

/// The capability that the process asks for.
pub const TOPIC: &str = "order.escalate-fallout";
/// A timer fires once a day: a parked request would cost the engine more than waiting costs anybody.
pub const ASKED_EVERY: Duration = Duration::from_secs(5);

const MILESTONE: Milestone = Milestone {
    function: "order-escalate-fallout",
    topic: TOPIC,
    command: "ESCALATE_OVERDUE_CASE",
    bpmn_error: None,
};

/// The pointer that names the case of the called process.
const CASE: &str = "falloutCaseId";

/// Serves the topic until the invocation's deadline.
///
/// # Errors
/// The engine's answer to a fetch, when it is permanent or no fetch succeeded.
pub async fn handle(deps: &Deps, event: LambdaEvent<Value>) -> Result<LoopSummary, Error> {
    let execute = |task| async move { execute_task(deps, &task).await };
    Ok(deps.run(&MILESTONE, &event.context, execute).await?)
}

/// Escalates the case of a task if it is overdue by its own row; the process goes on either way.
pub async fn execute_task(deps: &Deps, task: &ExternalTask) -> TaskOutcome {
    let Some(case_id) = case_of(task) else {
        tracing::error!(variable = CASE, "a task names no case");
        return TaskOutcome::give_up(format!(
            "the process variable {CASE} is missing or malformed"
        ));
    };
    let command = async |tx, order_id, ctx: &_| {
        commands::escalate_overdue_case(tx, order_id, case_id, ctx).await
    };
    deps.execute(&MILESTONE, task, command).await
}

fn case_of(task: &ExternalTask) -> Option<FalloutCaseId> {
    task.variables.text(CASE)?.parse().ok()
}

#[cfg(test)]
mod tests;
