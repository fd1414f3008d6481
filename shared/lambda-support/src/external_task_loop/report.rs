//! Telling the engine what became of a task, and what its answer means.
//!
//! An answer that shows a bug (of the model, of a variable, of our request) becomes an incident:
//! left alone, the task would come back every thirty seconds and fail in the same way for ever.

use std::time::Duration;

use camunda_client::{BpmnError, EngineClient, EngineError, TaskFailure, Variables};
use fault_points::{CrashPoint, SeededBug, reach};

use super::in_hand::TaskEnd;
use super::outcome::TaskOutcome;
use super::repeat::repeated;

/// The call that an outcome becomes.
enum Report {
    Complete(Variables),
    BpmnError(BpmnError),
    Failure(TaskFailure),
}

impl From<TaskOutcome> for Report {
    fn from(outcome: TaskOutcome) -> Self {
        match outcome {
            TaskOutcome::Complete(variables) => Self::Complete(variables),
            TaskOutcome::BpmnError { code, message, variables } => {
                Self::BpmnError(BpmnError { code, message, variables })
            }
            TaskOutcome::Failure { message, details, retries, retry_timeout } => {
                Self::Failure(TaskFailure { message, details, retries, retry_timeout })
            }
        }
    }
}

/// Reports an outcome, repeating as far as the answer allows.
pub(super) async fn report(
    engine: &EngineClient,
    task_id: &str,
    worker_id: &str,
    outcome: TaskOutcome,
) -> TaskEnd {
    let report = Report::from(outcome);
    let Err(error) = repeated(|| send(engine, task_id, worker_id, &report)).await else {
        return match reach(CrashPoint::TopicAfterComplete).await {
            Ok(()) => end_of(&report),
            Err(_struck) => TaskEnd::Unreported,
        };
    };
    let is_refused = is_bug(&error) || is_taken_for_refused(&error);
    if is_refused && !matches!(report, Report::Failure(_)) {
        tracing::error!(error = &error as &dyn std::error::Error, "report refused: incident");
        let incident = Report::Failure(incident(&error));
        return match repeated(|| send(engine, task_id, worker_id, &incident)).await {
            Ok(()) => TaskEnd::Failed,
            Err(error) => end_without_report(&error),
        };
    }
    end_without_report(&error)
}

async fn send(
    engine: &EngineClient,
    task_id: &str,
    worker_id: &str,
    report: &Report,
) -> Result<(), EngineError> {
    match report {
        Report::Complete(variables) => engine.complete_task(task_id, worker_id, variables).await,
        Report::BpmnError(error) => engine.report_bpmn_error(task_id, worker_id, error).await,
        Report::Failure(failure) => engine.report_failure(task_id, worker_id, failure).await,
    }
}

const fn end_of(report: &Report) -> TaskEnd {
    match report {
        Report::Complete(_) => TaskEnd::Completed,
        Report::BpmnError(_) => TaskEnd::BpmnError,
        Report::Failure(_) => TaskEnd::Failed,
    }
}

/// The task is still ours, and the same report would be refused again.
const fn is_bug(error: &EngineError) -> bool {
    matches!(
        error,
        EngineError::UncaughtBpmnError { .. }
            | EngineError::ContinuationFailed { .. }
            | EngineError::BadRequest { .. }
            | EngineError::ValueTooLong { .. }
            | EngineError::RefusedBeforeSending { .. }
    )
}

/// Bug 15: what is done already is reported as failed.
fn is_taken_for_refused(error: &EngineError) -> bool {
    SeededBug::GoneIsFailure.is_present() && matches!(error, EngineError::Gone { .. })
}

fn incident(error: &EngineError) -> TaskFailure {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    TaskFailure {
        message: error.to_string(),
        details: cause.unwrap_or_default(),
        retries: 0,
        retry_timeout: Duration::ZERO,
    }
}

fn end_without_report(error: &EngineError) -> TaskEnd {
    match error {
        EngineError::Gone { .. } => {
            tracing::info!("task was completed before or taken away");
            TaskEnd::Gone
        }
        EngineError::LockLost { .. } => {
            tracing::warn!("lock was lost before the report");
            TaskEnd::LockLost
        }
        _ => {
            let error = error as &dyn std::error::Error;
            tracing::error!(error, "outcome could not be reported; the lock runs out");
            TaskEnd::Unreported
        }
    }
}
