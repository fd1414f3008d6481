//! Closing a case: the one table of (status, resolution).

use super::status::{CaseStatus, EngineAnchor, FalloutResolution};

/// What closing a case does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum CaseDecision {
    /// Close it, and tell the engine as its anchor demands.
    Resolve {
        /// The engine's user task is owed a completion.
        completes_user_task: bool,
    },
    /// It is resolved already.
    AlreadyApplied,
}

/// Why a case cannot be closed this way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CaseRejection {
    /// The case was cancelled with its order, or the action does not fit its status.
    #[error("The action is not allowed in the case's status.")]
    ActionNotAllowedInStatus,
    /// The case changed since the caller read it.
    #[error("The case was changed by somebody else; read it again.")]
    VersionConflict,
    /// Nobody may act without saying why.
    #[error("A reason is required.")]
    ReasonRequired,
}

impl CaseRejection {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::ActionNotAllowedInStatus => "ACTION_NOT_ALLOWED_IN_STATUS",
            Self::VersionConflict => "VERSION_CONFLICT",
            Self::ReasonRequired => "REASON_REQUIRED",
        }
    }
}

/// Decides whether a case may be resolved.
///
/// # Errors
/// [`CaseRejection::ActionNotAllowedInStatus`] for a cancelled case, and for CONTINUE where the
/// case is not a milestone's.
pub fn decide_resolution(
    status: CaseStatus,
    anchor: EngineAnchor,
    resolution: FalloutResolution,
) -> Result<CaseDecision, CaseRejection> {
    match status {
        CaseStatus::Resolved => Ok(CaseDecision::AlreadyApplied),
        CaseStatus::Cancelled => Err(CaseRejection::ActionNotAllowedInStatus),
        CaseStatus::Open
        | CaseStatus::InProgress
        | CaseStatus::WaitingForInformation
        | CaseStatus::AwaitingApproval => match (anchor, resolution) {
            (EngineAnchor::BpmnError, _) | (EngineAnchor::Message, FalloutResolution::Retry) => {
                Ok(CaseDecision::Resolve { completes_user_task: true })
            }
            (EngineAnchor::None, FalloutResolution::Retry) => {
                Ok(CaseDecision::Resolve { completes_user_task: false })
            }
            (EngineAnchor::Message | EngineAnchor::None, FalloutResolution::Continue) => {
                Err(CaseRejection::ActionNotAllowedInStatus)
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_milestone_case_can_be_resolved_by_continuing() {
        for anchor in EngineAnchor::ALL {
            let decision =
                decide_resolution(CaseStatus::Open, *anchor, FalloutResolution::Continue);
            assert_eq!(decision.is_ok(), *anchor == EngineAnchor::BpmnError, "{anchor}");
        }
    }

    #[test]
    fn resolving_twice_is_already_applied_and_a_cancelled_case_refuses() {
        let decide =
            |status| decide_resolution(status, EngineAnchor::Message, FalloutResolution::Retry);

        assert_eq!(decide(CaseStatus::Resolved), Ok(CaseDecision::AlreadyApplied));
        assert_eq!(decide(CaseStatus::Cancelled), Err(CaseRejection::ActionNotAllowedInStatus));
    }
}
