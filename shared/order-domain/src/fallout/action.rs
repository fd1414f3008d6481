//! The semantic actions on a case (§20 §21): what people can ask for, and who may ask.

use crate::actor::Role;
use crate::text_enum::text_enum;

text_enum! {
    /// An action by its name in the API. None of them is "done": each says what is to happen.
    FalloutAction {
        /// Have the step's work tried again; what may have been done is asked about first.
        RetryStep = "retry-step",
        /// Leave the step out; what depends on it goes on without its result.
        SkipStep = "skip-step",
        /// Have another target system do the step.
        ReplaceTarget = "replace-target",
        /// State what became of a step that no system can answer for.
        SettleOutcome = "settle-outcome",
        /// Let a step go that an incident holds.
        ReleaseStep = "release-step",
        /// Satisfy a line by authority; its open steps are left out.
        WaiveLine = "waive-line",
        /// Ask the source systems again whether the order is ready.
        Revalidate = "revalidate",
        /// Declare the order ready in spite of failed checks.
        OverrideReadiness = "override-readiness",
        /// Decompose and plan again with the catalogue of now.
        RetryDecomposition = "retry-decomposition",
        /// Settle billing again.
        RetryBilling = "retry-billing",
        /// Complete the order and bill its open lines later.
        DeferBilling = "defer-billing",
        /// Try to complete the order again.
        RetryCompletion = "retry-completion",
        /// Ask customer or sales for named information.
        RequestMoreInfo = "request-more-info",
        /// Hand in the information and go on with it.
        ProvideInfo = "provide-info",
        /// Raise severity and hand the case to the supervisors.
        Escalate = "escalate",
        /// Give the case to a group or a person.
        Assign = "assign",
        /// Write something down; nothing else changes.
        AddNote = "add-note",
        /// Agree to what another person asked for, which is then done.
        Approve = "approve",
        /// Decline what was asked for.
        Reject = "reject",
        /// Give the order up.
        FailOrder = "fail-order",
        /// Cancel the order with compensation.
        CancelOrder = "cancel-order",
    }
}

const OPERATIONS: &[Role] = &[Role::OrderOperator, Role::OrderSupervisor];
const AUTHORITY: &[Role] = &[Role::OrderSupervisor];
const ENGINEERING: &[Role] = &[Role::OrderSupervisor, Role::PlatformOperator];
const ANYBODY_AT_WORK: &[Role] =
    &[Role::OrderOperator, Role::OrderSupervisor, Role::PlatformOperator];

impl FalloutAction {
    /// The roles that may ask for it; each of them suffices.
    #[must_use]
    pub const fn roles(self) -> &'static [Role] {
        match self {
            Self::RetryStep
            | Self::SkipStep
            | Self::ReplaceTarget
            | Self::SettleOutcome
            | Self::Revalidate
            | Self::RetryDecomposition
            | Self::RetryBilling
            | Self::RetryCompletion
            | Self::RequestMoreInfo
            | Self::ProvideInfo
            | Self::Escalate
            | Self::Assign => OPERATIONS,
            Self::WaiveLine
            | Self::OverrideReadiness
            | Self::DeferBilling
            | Self::Approve
            | Self::Reject
            | Self::FailOrder
            | Self::CancelOrder => AUTHORITY,
            Self::ReleaseStep => ENGINEERING,
            Self::AddNote => ANYBODY_AT_WORK,
        }
    }

    /// Whether it can be asked for without a case: it is about the order as a whole.
    #[must_use]
    pub const fn is_about_the_order(self) -> bool {
        matches!(self, Self::FailOrder | Self::CancelOrder)
    }

    /// Whether one word serves many cases: it means the same for each, states nothing that only one
    /// case's evidence could prove, and never needs a second person for a single one.
    #[must_use]
    pub const fn is_for_many(self) -> bool {
        matches!(
            self,
            Self::RetryStep
                | Self::ReplaceTarget
                | Self::ReleaseStep
                | Self::Revalidate
                | Self::RetryDecomposition
                | Self::RetryBilling
                | Self::RetryCompletion
                | Self::Escalate
                | Self::Assign
                | Self::AddNote
        )
    }

    /// Whether it is possible while a second person is asked.
    #[must_use]
    pub const fn is_possible_beside_a_request(self) -> bool {
        matches!(self, Self::Approve | Self::Reject | Self::AddNote | Self::Assign | Self::Escalate)
    }

    /// Whether it leaves the order as it is: possible on a closed order too.
    #[must_use]
    pub const fn is_about_the_case_only(self) -> bool {
        matches!(self, Self::AddNote | Self::Assign | Self::Escalate | Self::Reject)
    }
}

text_enum! {
    /// What a person found out about a step that no system can answer for.
    OutcomeFinding {
        /// The target system did it; its reference is the proof.
        Executed = "EXECUTED",
        /// It was not done and is not on its way.
        NotExecuted = "NOT_EXECUTED",
        /// It was done by other means.
        DoneOutside = "DONE_OUTSIDE",
    }
}
