//! Why a case was opened.

use std::fmt;

use super::status::Severity;

/// The reason code of a case: one of ours, or the code that a target system gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FalloutReason {
    /// A milestone was refused; the code is the domain's.
    MilestoneRefused(&'static str),
    /// A target system rejected a step; the code is the system's.
    RejectedByTarget(String),
    /// A step used up its attempts.
    RetriesExhausted,
    /// A step's outcome could not be found out.
    UnknownOutcome,
    /// An answer contradicts what is recorded.
    ContradictoryAnswer,
    /// A step's agreed deadline has passed.
    StepOverdue,
    /// The engine reports an incident at an activity of the order.
    EngineIncident,
    /// Nothing was going to happen to the order any more; only a defect leads here.
    WithoutNextEvent,
}

impl FalloutReason {
    /// The stored reason code, at most 100 characters.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::MilestoneRefused(code) => code,
            Self::RejectedByTarget(code) => code,
            Self::RetriesExhausted => "RETRIES_EXHAUSTED",
            Self::UnknownOutcome => "UNKNOWN_OUTCOME",
            Self::ContradictoryAnswer => "CONTRADICTORY_ANSWER",
            Self::StepOverdue => "STEP_OVERDUE",
            Self::EngineIncident => "ENGINE_INCIDENT",
            Self::WithoutNextEvent => "ORDER_WITHOUT_NEXT_EVENT",
        }
    }

    /// How urgent a case with this reason is.
    #[must_use]
    pub const fn severity(&self, is_blocking: bool) -> Severity {
        match self {
            Self::UnknownOutcome | Self::ContradictoryAnswer | Self::WithoutNextEvent => {
                Severity::Critical
            }
            Self::MilestoneRefused(_)
            | Self::RejectedByTarget(_)
            | Self::RetriesExhausted
            | Self::StepOverdue
            | Self::EngineIncident => {
                if is_blocking {
                    Severity::Major
                } else {
                    Severity::Minor
                }
            }
        }
    }
}

impl fmt::Display for FalloutReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
