//! Every way a call can end badly, as one enum (design page ENGINE, section 5).
//!
//! The engine's `type` field is not reliable, so [`classify`] decides by status,
//! then code, then a substring of the message; package names differ between Camunda and Operaton
//! and are never matched. What may be done next is answered here and nowhere else:
//! [`EngineError::failure_class`], [`EngineError::repeat_rule`].

use std::time::Duration;

use order_domain::failure::FailureClass;

use crate::calls::CallKind;
use crate::checks::RequestFlaw;

pub(crate) mod classify;
#[cfg(test)]
mod tests;

/// Pause before a refused login is repeated: one wrong password locks the user out for 3 s.
const LOCK_OUT_PAUSE: Duration = Duration::from_secs(5);

/// Why a call to the engine did not do what was asked; each variant names the call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// Our own check refused the request; nothing was sent.
    #[error("{call}: the request was refused before sending")]
    RefusedBeforeSending {
        /// The operation.
        call: CallKind,
        /// What is wrong with it.
        #[source]
        source: RequestFlaw,
    },
    /// No connection could be made; nothing was sent.
    #[error("{call}: the engine cannot be reached")]
    Unreachable {
        /// The operation.
        call: CallKind,
        /// The connection error.
        #[source]
        source: reqwest::Error,
    },
    /// Timeout or reset after sending: the engine may have done it.
    #[error("{call}: the answer was lost")]
    LostAnswer {
        /// The operation.
        call: CallKind,
        /// The transport error.
        #[source]
        source: reqwest::Error,
    },
    /// A success status whose body is not what the contract promises: it was probably done.
    #[error("{call}: status {status}, but the answer is unreadable: {detail}")]
    UnreadableAnswer {
        /// The operation.
        call: CallKind,
        /// The HTTP status.
        status: u16,
        /// What is wrong with the body.
        detail: String,
    },
    /// 400: another worker has the task, or our lock expired before it was extended.
    #[error("{call}: the lock is lost: {detail}")]
    LockLost {
        /// The operation.
        call: CallKind,
        /// The engine's message.
        detail: String,
    },
    /// 400: the instance is suspended; the call succeeds once it is activated.
    #[error("{call}: the process instance is suspended: {detail}")]
    InstanceSuspended {
        /// The operation.
        call: CallKind,
        /// The engine's message.
        detail: String,
    },
    /// 400: nobody waits for the message: not yet, already consumed, ended or suspended.
    #[error("{call}: no execution waits for the message: {detail}")]
    NoMatch {
        /// The operation.
        call: CallKind,
        /// The engine's message.
        detail: String,
    },
    /// 400: two instances wait under one key; "one instance per order" is broken.
    #[error("{call}: more than one execution waits for the message: {detail}")]
    AmbiguousMatch {
        /// The operation.
        call: CallKind,
        /// The engine's message.
        detail: String,
    },
    /// 400, or 500 ENGINE-09003 for a file that is no XML: the engine refuses a model.
    #[error("{call}: the model is refused: {detail}")]
    ModelRefused {
        /// The operation.
        call: CallKind,
        /// The engine's message.
        detail: String,
        /// Where and why, per file.
        problems: Vec<ModelProblem>,
    },
    /// 400, 413, 422, or 500 about an argument: our request is wrong, a bug.
    #[error("{call}: the engine refuses the request with {status}: {detail}")]
    BadRequest {
        /// The operation.
        call: CallKind,
        /// The HTTP status.
        status: u16,
        /// The engine's message.
        detail: String,
    },
    /// 401 or 403: wrong credentials, missing rights, or the lock-out after a wrong password.
    #[error("{call}: access is denied with {status}")]
    AccessDenied {
        /// The operation.
        call: CallKind,
        /// The HTTP status.
        status: u16,
    },
    /// 404, or 500 "Cannot find task": completed, cancelled, taken away or deleted.
    #[error("{call}: the {subject} is gone: {detail}")]
    Gone {
        /// The operation.
        call: CallKind,
        /// What is gone.
        subject: GoneSubject,
        /// The engine's message.
        detail: String,
    },
    /// 404: nothing is deployed under the process key.
    #[error("{call}: no such process definition: {detail}")]
    DefinitionMissing {
        /// The operation.
        call: CallKind,
        /// The engine's message.
        detail: String,
    },
    /// 3xx, 404, 405, 415 from something that does not know our URL: configuration or bug.
    #[error("{call}: wrong address, answered with {status}: {detail}")]
    WrongAddress {
        /// The operation.
        call: CallKind,
        /// The HTTP status.
        status: u16,
        /// What was answered.
        detail: String,
    },
    /// 500 code 1 and its relatives: a race on one instance was lost and rolled back.
    #[error("{call}: lost a race on the process instance: {detail}")]
    LostRace {
        /// The operation.
        call: CallKind,
        /// The engine's message.
        detail: String,
    },
    /// 500 code 10000: the database resolved a deadlock against us; rolled back.
    #[error("{call}: the engine's database had a deadlock: {detail}")]
    Deadlock {
        /// The operation.
        call: CallKind,
        /// The engine's message.
        detail: String,
    },
    /// 500 code 10001: something we refer to was deleted meanwhile; rolled back, re-read first.
    #[error("{call}: a referenced row was deleted meanwhile: {detail}")]
    DeletedMeanwhile {
        /// The operation.
        call: CallKind,
        /// The engine's message.
        detail: String,
    },
    /// 500 code 10002: a value is longer than its column.
    #[error("{call}: a value is too long for the engine: {detail}")]
    ValueTooLong {
        /// The operation.
        call: CallKind,
        /// The engine's message.
        detail: String,
    },
    /// 500 code 0 from the persistence layer: unique key, or the database died; undecidable.
    #[error("{call}: the engine's persistence failed: {detail}")]
    PersistenceFailed {
        /// The operation.
        call: CallKind,
        /// The engine's message.
        detail: String,
    },
    /// 500: the engine got no database connection; nothing was done.
    #[error("{call}: the engine has no database connection: {detail}")]
    DatabaseUnavailable {
        /// The operation.
        call: CallKind,
        /// The engine's message.
        detail: String,
    },
    /// 500 ENGINE-13033: nothing in the model catches this BPMN error; the task stays ours.
    #[error("{call}: the model does not catch the BPMN error: {detail}")]
    UncaughtBpmnError {
        /// The operation.
        call: CallKind,
        /// The engine's message.
        detail: String,
    },
    /// 500 ENGINE-02004 and the like: what follows in the model failed and was rolled back.
    #[error("{call}: the model's continuation failed: {detail}")]
    ContinuationFailed {
        /// The operation.
        call: CallKind,
        /// The engine's message.
        detail: String,
    },
    /// 429, 503, full queue, shutdown: not done, later.
    #[error("{call}: the engine is overloaded or stopping, {status}: {detail}")]
    Overloaded {
        /// The operation.
        call: CallKind,
        /// The HTTP status.
        status: u16,
        /// What was answered.
        detail: String,
    },
    /// Any answer the contract does not name; a 5xx of this kind is an unknown outcome.
    #[error("{call}: unexpected status {status}: {detail}")]
    UnexpectedAnswer {
        /// The operation.
        call: CallKind,
        /// The HTTP status.
        status: u16,
        /// What was answered.
        detail: String,
    },
}

/// What an [`EngineError::Gone`] speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoneSubject {
    /// An external task.
    ExternalTask,
    /// A user task.
    UserTask,
    /// A process instance.
    ProcessInstance,
    /// A job.
    Job,
}

impl std::fmt::Display for GoneSubject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::ExternalTask => "external task",
            Self::UserTask => "user task",
            Self::ProcessInstance => "process instance",
            Self::Job => "job",
        })
    }
}

/// One complaint of the engine's model parser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelProblem {
    /// The file of the deployment.
    pub resource: String,
    /// The parser's message.
    pub message: String,
    /// Line in the file, where the parser knows it.
    pub line: Option<u32>,
    /// Id of the element, where the parser knows it.
    pub element_id: Option<String>,
}

/// When the identical call may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum RepeatRule {
    /// At once with 50 to 500 ms of jitter, at most so many times: the race was rolled back.
    Jittered {
        /// Repeats, not counting the first call.
        at_most: u32,
    },
    /// Once after a pause; then it counts as permanent.
    OnceAfter(Duration),
    /// Once, if the call is one that may be repeated with an unknown outcome (section 6).
    OnceIfRepeatable,
    /// Not by this caller now; a later attempt may succeed.
    Later,
    /// Never: the answer will not change.
    Never,
}

impl EngineError {
    /// The class of §26: what may happen next with the subject of the call.
    #[must_use]
    pub const fn failure_class(&self) -> FailureClass {
        match self {
            Self::Unreachable { .. }
            | Self::InstanceSuspended { .. }
            | Self::LostRace { .. }
            | Self::Deadlock { .. }
            | Self::DeletedMeanwhile { .. }
            | Self::DatabaseUnavailable { .. }
            | Self::Overloaded { .. } => FailureClass::RetryableTechnical,
            Self::LostAnswer { .. }
            | Self::UnreadableAnswer { .. }
            | Self::PersistenceFailed { .. } => FailureClass::UnknownOutcome,
            Self::UnexpectedAnswer { status, .. } if *status >= 500 => FailureClass::UnknownOutcome,
            Self::RefusedBeforeSending { .. }
            | Self::LockLost { .. }
            | Self::NoMatch { .. }
            | Self::AmbiguousMatch { .. }
            | Self::ModelRefused { .. }
            | Self::BadRequest { .. }
            | Self::AccessDenied { .. }
            | Self::Gone { .. }
            | Self::DefinitionMissing { .. }
            | Self::WrongAddress { .. }
            | Self::ValueTooLong { .. }
            | Self::UncaughtBpmnError { .. }
            | Self::ContinuationFailed { .. }
            | Self::UnexpectedAnswer { .. } => FailureClass::NonRetryableTechnical,
        }
    }

    /// Provably not done, and the identical call may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.failure_class() == FailureClass::RetryableTechnical
    }

    /// The engine may or may not have done it: ask before repeating (section 6).
    #[must_use]
    pub fn is_unknown_outcome(&self) -> bool {
        self.failure_class() == FailureClass::UnknownOutcome
    }

    /// When the identical call may be sent again.
    pub const fn repeat_rule(&self) -> RepeatRule {
        match self {
            Self::LostRace { .. } | Self::Deadlock { .. } | Self::DeletedMeanwhile { .. } => {
                RepeatRule::Jittered { at_most: 5 }
            }
            Self::AccessDenied { status: 401, .. } => RepeatRule::OnceAfter(LOCK_OUT_PAUSE),
            _ => match self.failure_class() {
                FailureClass::UnknownOutcome => RepeatRule::OnceIfRepeatable,
                FailureClass::RetryableTechnical => RepeatRule::Later,
                FailureClass::NonRetryableTechnical
                | FailureClass::BusinessRejection
                | FailureClass::ManualReview => RepeatRule::Never,
            },
        }
    }
}
