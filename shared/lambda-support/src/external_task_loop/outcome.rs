//! What a topic function says about one task; the loop turns it into a call.

use std::time::Duration;

use camunda_client::{ExternalTask, Variables};

use super::retries::{MAX_RETRIES, retry_after};

/// How the execution of one external task ended.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub enum TaskOutcome {
    /// Done; the variables go to the process scope.
    Complete(Variables),
    /// A business outcome that the model catches.
    BpmnError {
        /// The code that a boundary event catches.
        code: String,
        /// For the operator.
        message: String,
        /// For the process scope, such as `falloutCaseId`.
        variables: Variables,
    },
    /// A technical failure, or a wait.
    Failure {
        /// For the operator.
        message: String,
        /// Small, no personal data: the engine hands it out with the task again.
        details: String,
        /// Retries left; 0 raises an incident.
        retries: u32,
        /// When the task may be fetched again.
        retry_timeout: Duration,
    },
}

impl TaskOutcome {
    /// Done, with nothing to tell the process.
    pub const fn complete() -> Self {
        Self::Complete(Variables::none())
    }

    /// Retryable technical failure: one retry fewer, exponential retry timeout with jitter.
    pub fn retry(task: &ExternalTask, message: impl Into<String>) -> Self {
        let (retries, retry_timeout) = retry_after(task);
        Self::Failure { message: message.into(), details: String::new(), retries, retry_timeout }
    }

    /// Waiting or unknown outcome: the retries stay as they are, the next look is at `next_check`.
    pub fn wait(task: &ExternalTask, message: impl Into<String>, next_check: Duration) -> Self {
        Self::Failure {
            message: message.into(),
            details: String::new(),
            retries: task.retries.unwrap_or(MAX_RETRIES),
            retry_timeout: next_check,
        }
    }

    /// Permanent technical failure: an incident at once, and no retry until it is mended.
    pub fn give_up(message: impl Into<String>) -> Self {
        Self::Failure {
            message: message.into(),
            details: String::new(),
            retries: 0,
            retry_timeout: Duration::ZERO,
        }
    }
}
