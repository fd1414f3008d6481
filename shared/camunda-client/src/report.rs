//! Reporting what became of an external task, and keeping or giving back its lock.
//!
//! The engine checks the worker id, not the expiry of the lock: an expired owner may still report
//! until somebody else fetches the task.

use std::time::Duration;

use fault_points::SeededBug;
use serde::Serialize;

use crate::calls::CallKind;
use crate::checks::{MAX_ERROR_MESSAGE, MAX_TEXT, check_name, storable};
use crate::client::EngineClient;
use crate::error::EngineError;
use crate::fetch::millis;
use crate::variables::Variables;

/// A business outcome that the model catches by its code.
#[derive(Debug, Clone, PartialEq)]
pub struct BpmnError {
    /// The code that a boundary event catches.
    pub code: String,
    /// For the operator; cut to 666 characters.
    pub message: String,
    /// Variables for the process scope, such as `falloutCaseId`.
    pub variables: Variables,
}

/// A technical failure; every field is always sent, because a missing `retries` means 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskFailure {
    /// For the operator; cut to 666 characters.
    pub message: String,
    /// Kept by the engine and handed out with the task again: small, no personal data.
    pub details: String,
    /// Retries left; 0 raises an incident.
    pub retries: u32,
    /// How long the task stays locked before it can be fetched again.
    pub retry_timeout: Duration,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CompleteBody<'a> {
    worker_id: &'a str,
    #[serde(skip_serializing_if = "Variables::is_empty")]
    variables: &'a Variables,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BpmnErrorBody<'a> {
    worker_id: &'a str,
    error_code: &'a str,
    // The engine refuses an empty one with a 500, and takes an absent one.
    #[serde(skip_serializing_if = "String::is_empty")]
    error_message: String,
    #[serde(skip_serializing_if = "Variables::is_empty")]
    variables: &'a Variables,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FailureBody<'a> {
    worker_id: &'a str,
    error_message: String,
    error_details: String,
    // Always sent: the engine reads a missing value as 0.
    #[serde(skip_serializing_if = "is_left_out")]
    retries: u32,
    retry_timeout: u64,
}

/// Never, but for bug 20.
fn is_left_out(_retries: &u32) -> bool {
    SeededBug::NoRetriesInFailure.is_present()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExtendLockBody<'a> {
    worker_id: &'a str,
    new_duration: u64,
}

impl EngineClient {
    /// Completes a task; the variables go to the process scope.
    ///
    /// # Errors
    /// [`EngineError::Gone`] when it is done or was taken away, [`EngineError::LockLost`] when
    /// another worker has it; may be repeated after an unknown outcome.
    pub async fn complete_task(
        &self,
        task_id: &str,
        worker_id: &str,
        variables: &Variables,
    ) -> Result<(), EngineError> {
        let kind = CallKind::CompleteTask;
        kind.check(variables.check())?;
        let body = CompleteBody { worker_id, variables };
        self.report(kind, [task_id, "complete"], worker_id, &body).await
    }

    /// Ends a task with a business error that the model catches.
    ///
    /// # Errors
    /// As [`EngineClient::complete_task`]; [`EngineError::UncaughtBpmnError`] when nothing in the
    /// model catches the code: the task then stays with its worker.
    pub async fn report_bpmn_error(
        &self,
        task_id: &str,
        worker_id: &str,
        error: &BpmnError,
    ) -> Result<(), EngineError> {
        let kind = CallKind::BpmnError;
        kind.check(check_name("BPMN error code", &error.code))?;
        kind.check(error.variables.check())?;
        let body = BpmnErrorBody {
            worker_id,
            error_code: &error.code,
            error_message: storable(&error.message, MAX_ERROR_MESSAGE),
            variables: &error.variables,
        };
        self.report(kind, [task_id, "bpmnError"], worker_id, &body).await
    }

    /// Reports a failed attempt; the task can be fetched again after the retry timeout.
    ///
    /// # Errors
    /// As [`EngineClient::complete_task`].
    pub async fn report_failure(
        &self,
        task_id: &str,
        worker_id: &str,
        failure: &TaskFailure,
    ) -> Result<(), EngineError> {
        let body = FailureBody {
            worker_id,
            error_message: storable(&failure.message, MAX_ERROR_MESSAGE),
            error_details: storable(&failure.details, MAX_TEXT),
            retries: failure.retries,
            retry_timeout: millis(failure.retry_timeout),
        };
        self.report(CallKind::TaskFailure, [task_id, "failure"], worker_id, &body).await
    }

    /// Makes a lock last for `duration` from now; possible only before it expires.
    ///
    /// # Errors
    /// [`EngineError::LockLost`] when it has expired or another worker has the task.
    pub async fn extend_lock(
        &self,
        task_id: &str,
        worker_id: &str,
        duration: Duration,
    ) -> Result<(), EngineError> {
        let body = ExtendLockBody { worker_id, new_duration: millis(duration) };
        self.report(CallKind::ExtendLock, [task_id, "extendLock"], worker_id, &body).await
    }

    /// Gives a task back at once; asks no worker id and ends a retry timeout, too.
    ///
    /// # Errors
    /// [`EngineError::Gone`] when the task does not exist any more.
    pub async fn unlock_task(&self, task_id: &str) -> Result<(), EngineError> {
        self.send(self.post(CallKind::Unlock, &["external-task", task_id, "unlock"])?).await
    }

    async fn report<T: Serialize>(
        &self,
        kind: CallKind,
        [task_id, verb]: [&str; 2],
        worker_id: &str,
        body: &T,
    ) -> Result<(), EngineError> {
        kind.check(check_name("worker id", worker_id))?;
        self.send(self.post(kind, &["external-task", task_id, verb])?.json(body)).await
    }
}
