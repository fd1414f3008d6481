//! Refusals of semantic actions, each with its stable code (docs/ERROR-CODES.md).

/// Why an action was refused. `Display` is the sentence an operator reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ActionRefusal {
    /// None of the caller's roles may ask for it.
    #[error("Your role does not allow this action.")]
    RoleNotAllowed,
    /// Nobody may act without saying why.
    #[error("A reason is required.")]
    ReasonRequired,
    /// The case or the order changed since the caller read it.
    #[error("It was changed by somebody else since you read it; read it again.")]
    VersionConflict,
    /// The case is closed, or a request of it waits for approval, or none does.
    #[error("The action is not allowed in the case's status.")]
    ActionNotAllowedInStatus,
    /// The case is about something else.
    #[error("The action does not fit what this case is about.")]
    ActionNotApplicable,
    /// The order is COMPLETED, CANCELLED or FAILED.
    #[error("The order is closed; nothing can change it any more.")]
    OrderIsTerminal,
    /// Four eyes: one's own request cannot be approved.
    #[error("Another person than the one who asked must approve.")]
    ApproverMustDiffer,
    /// A call is under way, or its answer is still expected.
    #[error("The step is being carried out; its answer is still expected.")]
    StepInFlight,
    /// Nobody knows whether the step was carried out.
    #[error(
        "Nobody knows whether the step was carried out; find out first, or settle its outcome."
    )]
    StepOutcomeUnknown,
    /// What became of the step is known.
    #[error("What became of the step is known; there is nothing to settle.")]
    StepOutcomeKnown,
    /// COMPLETED, SKIPPED or CANCELLED.
    #[error("The step is settled.")]
    StepIsSettled,
    /// It is sent by itself.
    #[error("The step will be sent by itself; there is nothing to retry.")]
    StepAlreadyDue,
    /// An incident holds it.
    #[error("An incident holds the step; release it, or have the incident resolved.")]
    StepIsHeld,
    /// No incident holds it.
    #[error("No incident holds the step.")]
    StepNotHeld,
    /// Only a definitive "no" allows another system.
    #[error("Only a step that was definitively rejected can go to another target system.")]
    StepNotReplaceable,
    /// Only a definitive "no" allows other information.
    #[error("Only a step that was definitively rejected can be sent with other information.")]
    StepNotRejected,
    /// The system cannot be queried.
    #[error("The target system cannot be asked; settle the outcome with evidence.")]
    OutcomeCannotBeAsked,
    /// A cancellation is carried out.
    #[error("A cancellation froze the plan.")]
    PlanFrozen,
    /// The tenant has no such target system.
    #[error("There is no such target system.")]
    TargetSystemUnknown,
    /// The target system does not offer the operation.
    #[error("The target system does not offer the step's operation.")]
    TargetSystemIncapable,
    /// What was handed in is not what was asked for.
    #[error("The information is not what the case asks for.")]
    InformationInvalid,
    /// A dependent step is told a result of the step.
    #[error("A dependent step needs a result of this step; give the values.")]
    DependentNeedsOutput,
    /// A step of the line is being carried out, or its outcome is unknown.
    #[error("A step of the line is being carried out or its outcome is unknown.")]
    LineHasStepsInFlight,
    /// The line is settled, has no work of its own, or is not planned yet.
    #[error("The line cannot be waived: it is settled, or has no work of its own.")]
    LineNotWaivable,
    /// A step of the order is being carried out, or its outcome is unknown.
    #[error("A step of the order is being carried out or its outcome is unknown.")]
    StepsInFlight,
    /// Cancelling needs compensation, which is not there yet.
    #[error("Orders cannot be cancelled yet.")]
    CancellationNotAvailable,
}

impl ActionRefusal {
    /// Every refusal, for lists of codes.
    pub const ALL: &'static [Self] = &[
        Self::RoleNotAllowed,
        Self::ReasonRequired,
        Self::VersionConflict,
        Self::ActionNotAllowedInStatus,
        Self::ActionNotApplicable,
        Self::OrderIsTerminal,
        Self::ApproverMustDiffer,
        Self::StepInFlight,
        Self::StepOutcomeUnknown,
        Self::StepOutcomeKnown,
        Self::StepIsSettled,
        Self::StepAlreadyDue,
        Self::StepIsHeld,
        Self::StepNotHeld,
        Self::StepNotReplaceable,
        Self::StepNotRejected,
        Self::OutcomeCannotBeAsked,
        Self::PlanFrozen,
        Self::TargetSystemUnknown,
        Self::TargetSystemIncapable,
        Self::InformationInvalid,
        Self::DependentNeedsOutput,
        Self::LineHasStepsInFlight,
        Self::LineNotWaivable,
        Self::StepsInFlight,
        Self::CancellationNotAvailable,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::RoleNotAllowed => "ROLE_NOT_ALLOWED",
            Self::ReasonRequired => "REASON_REQUIRED",
            Self::VersionConflict => "VERSION_CONFLICT",
            Self::ActionNotAllowedInStatus => "ACTION_NOT_ALLOWED_IN_STATUS",
            Self::ActionNotApplicable => "ACTION_NOT_APPLICABLE",
            Self::OrderIsTerminal => "ORDER_IS_TERMINAL",
            Self::ApproverMustDiffer => "APPROVER_MUST_DIFFER",
            Self::StepInFlight => "STEP_IN_FLIGHT",
            Self::StepOutcomeUnknown => "STEP_OUTCOME_UNKNOWN",
            Self::StepOutcomeKnown => "STEP_OUTCOME_KNOWN",
            Self::StepIsSettled => "STEP_IS_SETTLED",
            Self::StepAlreadyDue => "STEP_ALREADY_DUE",
            Self::StepIsHeld => "STEP_IS_HELD",
            Self::StepNotHeld => "STEP_NOT_HELD",
            Self::StepNotReplaceable => "STEP_NOT_REPLACEABLE",
            Self::StepNotRejected => "STEP_NOT_REJECTED",
            Self::OutcomeCannotBeAsked => "OUTCOME_CANNOT_BE_ASKED",
            Self::PlanFrozen => "PLAN_FROZEN",
            Self::TargetSystemUnknown => "TARGET_SYSTEM_UNKNOWN",
            Self::TargetSystemIncapable => "TARGET_SYSTEM_INCAPABLE",
            Self::InformationInvalid => "INFORMATION_INVALID",
            Self::DependentNeedsOutput => "DEPENDENT_NEEDS_OUTPUT",
            Self::LineHasStepsInFlight => "LINE_HAS_STEPS_IN_FLIGHT",
            Self::LineNotWaivable => "LINE_NOT_WAIVABLE",
            Self::StepsInFlight => "STEPS_IN_FLIGHT",
            Self::CancellationNotAvailable => "CANCELLATION_NOT_AVAILABLE",
        }
    }

    /// The refusal with this code.
    #[must_use]
    pub fn find(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|x| x.code() == code)
    }
}
