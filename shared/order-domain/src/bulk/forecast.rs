//! What the dry run says about a case.

use crate::fallout::{ActionEffect, ActionRefusal};
use crate::text_enum::text_enum;

text_enum! {
    /// What would happen to a case.
    BulkForecast {
        /// The target system is sent the request: it was provably not carried out, or refused.
        Resend = "RESEND",
        /// The target system is asked first: what was done is adopted, what was not is sent.
        Adopt = "ADOPT",
        /// Nothing is sent; the case or the process goes on.
        Change = "CHANGE",
        /// Nobody can find out whether the step was carried out: people settle it one by one.
        CannotTell = "CANNOT_TELL",
    }
}

impl BulkForecast {
    /// What an action that is allowed comes to.
    #[must_use]
    pub const fn of_effect(effect: ActionEffect) -> Self {
        match effect {
            ActionEffect::SendAnew
            | ActionEffect::SendAgain
            | ActionEffect::Replace
            | ActionEffect::Release => Self::Resend,
            ActionEffect::AskFirst => Self::Adopt,
            ActionEffect::Resolve(_)
            | ActionEffect::Skip
            | ActionEffect::Complete
            | ActionEffect::Confirm
            | ActionEffect::Waive
            | ActionEffect::Override
            | ActionEffect::Defer
            | ActionEffect::AwaitInformation
            | ActionEffect::KeepInformation
            | ActionEffect::Escalate
            | ActionEffect::Assign
            | ActionEffect::Note
            | ActionEffect::Decline
            | ActionEffect::FailOrder => Self::Change,
        }
    }

    /// What a refusal tells about the step, where it tells something.
    #[must_use]
    pub const fn of_refusal(refusal: ActionRefusal) -> Option<Self> {
        match refusal {
            ActionRefusal::OutcomeCannotBeAsked | ActionRefusal::StepOutcomeUnknown => {
                Some(Self::CannotTell)
            }
            _ => None,
        }
    }
}
