//! The faults, the calls, and what one cell says.

use std::fmt;

use camunda_client::{CallKind, EngineError};

/// What goes wrong with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Refused,
    Hang,
    Reset,
    Unavailable,
    ServerError,
    InvalidJson,
    Partial,
    Slow,
}

impl Fault {
    pub(super) const ALL: [Self; 8] = [
        Self::Refused,
        Self::Hang,
        Self::Reset,
        Self::Unavailable,
        Self::ServerError,
        Self::InvalidJson,
        Self::Partial,
        Self::Slow,
    ];

    /// The engine can have done what it was asked for: each cell is then played twice.
    pub(super) const fn can_have_been_done(self) -> bool {
        !matches!(self, Self::Refused | Self::Unavailable)
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Hang => "hang",
            Self::Reset => "reset",
            Self::Unavailable => "503",
            Self::ServerError => "500",
            Self::InvalidJson => "200 with invalid JSON",
            Self::Partial => "partial body",
            Self::Slow => "slow",
        }
    }
}

/// The calls of the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Call {
    Start,
    FetchAndLock,
    Complete,
    Failure,
    BpmnError,
    ExtendLock,
    Unlock,
    Message,
    Query,
}

impl Call {
    pub(super) const ALL: [Self; 9] = [
        Self::Start,
        Self::FetchAndLock,
        Self::Complete,
        Self::Failure,
        Self::BpmnError,
        Self::ExtendLock,
        Self::Unlock,
        Self::Message,
        Self::Query,
    ];

    /// What a request for this path asks for.
    pub(super) fn at(path: &str) -> Self {
        match path.rsplit('/').next().unwrap_or_default() {
            "start" => Self::Start,
            "fetchAndLock" => Self::FetchAndLock,
            "complete" => Self::Complete,
            "failure" => Self::Failure,
            "bpmnError" => Self::BpmnError,
            "extendLock" => Self::ExtendLock,
            "unlock" => Self::Unlock,
            "message" => Self::Message,
            "process-instance" | "activity-instance" | "task" => Self::Query,
            other => panic!("{other} is no call of this table"),
        }
    }

    /// Made by the relay; the others are made by topic functions.
    pub(super) const fn is_delivered(self) -> bool {
        matches!(self, Self::Start | Self::Message | Self::Query)
    }

    pub(super) const fn kind(self) -> CallKind {
        match self {
            Self::Start => CallKind::StartProcess,
            Self::FetchAndLock => CallKind::FetchAndLock,
            Self::Complete => CallKind::CompleteTask,
            Self::Failure => CallKind::TaskFailure,
            Self::BpmnError => CallKind::BpmnError,
            Self::ExtendLock => CallKind::ExtendLock,
            Self::Unlock => CallKind::Unlock,
            Self::Message => CallKind::CorrelateMessage,
            Self::Query => CallKind::QueryHistoricInstances,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::FetchAndLock => "fetchAndLock",
            Self::Complete => "complete",
            Self::Failure => "failure",
            Self::BpmnError => "bpmnError",
            Self::ExtendLock => "extendLock",
            Self::Unlock => "unlock",
            Self::Message => "message",
            Self::Query => "query",
        }
    }
}

/// One line of the table.
#[derive(Debug)]
pub(super) struct Cell {
    pub(super) call: Call,
    pub(super) fault: Fault,
    pub(super) error: EngineError,
    /// What followed when the engine had not done it.
    pub(super) if_not_done: String,
    /// What followed when it had; `None` when it cannot have.
    pub(super) if_done: Option<String>,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { call, fault, error, if_not_done, if_done } = self;
        let class = match (error.is_retryable(), error.is_unknown_outcome()) {
            (true, false) => "retryable",
            (false, true) => "unknown outcome",
            (is_retryable, is_unknown) => panic!("{is_retryable} and {is_unknown}: {error:?}"),
        };
        let (call, fault, error) = (call.as_str(), fault.as_str(), variant(error));
        write!(f, "{call} | {fault} | {error}, {class} | {if_not_done} | ")?;
        f.write_str(if_done.as_deref().unwrap_or("cannot have been done"))
    }
}

/// The typed error by its name.
fn variant(error: &EngineError) -> String {
    let debug = format!("{error:?}");
    debug.split([' ', '(', '{']).next().unwrap_or_default().to_owned()
}
