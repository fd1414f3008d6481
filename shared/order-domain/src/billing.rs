//! Billing per line: settled from the plan's BILLING steps (§9 §23 §24).

use crate::catalogue::LineAction;
use crate::line::LineStatus;
use crate::step::StepStatus;
use crate::text_enum::text_enum;

text_enum! {
    /// State of one line at the billing milestone.
    BillingStatus {
        /// Its BILLING step is not done.
        Pending = "PENDING",
        /// An added product is billed.
        Active = "ACTIVE",
        /// A changed product is billed as changed.
        Changed = "CHANGED",
        /// A deleted product is no longer billed.
        Ceased = "CEASED",
        /// Left for later by policy or authority.
        Deferred = "DEFERRED",
        /// Billing said no.
        Rejected = "REJECTED",
        /// Nothing to bill: waived, cancelled, unchanged, or without a BILLING step.
        NotBillable = "NOT_BILLABLE",
    }
}

impl BillingStatus {
    /// Whether the milestone may be passed with a line in this state.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        match self {
            Self::Active | Self::Changed | Self::Ceased | Self::Deferred | Self::NotBillable => {
                true
            }
            Self::Pending | Self::Rejected => false,
        }
    }
}

/// State of a line at the milestone, from its action and the statuses of its BILLING steps.
///
/// Waived, cancelled and unchanged lines, and lines without a BILLING step, are not billable.
#[must_use]
pub fn billing_of_line(
    line_status: LineStatus,
    action: LineAction,
    billing_steps: &[StepStatus],
) -> BillingStatus {
    let is_billable = !billing_steps.is_empty()
        && action != LineAction::NoChange
        && !matches!(line_status, LineStatus::Waived | LineStatus::Cancelled);
    if !is_billable {
        BillingStatus::NotBillable
    } else if billing_steps.contains(&StepStatus::Failed) {
        BillingStatus::Rejected
    } else if billing_steps.iter().all(|x| *x == StepStatus::Completed) {
        match action {
            LineAction::Add => BillingStatus::Active,
            LineAction::Modify => BillingStatus::Changed,
            LineAction::Delete => BillingStatus::Ceased,
            LineAction::NoChange => BillingStatus::NotBillable,
        }
    } else {
        BillingStatus::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_billed_as_its_action_says_once_every_billing_step_is_done() {
        let done = [StepStatus::Completed];
        let of = |action| billing_of_line(LineStatus::Fulfilled, action, &done);

        assert_eq!(of(LineAction::Add), BillingStatus::Active);
        assert_eq!(of(LineAction::Modify), BillingStatus::Changed);
        assert_eq!(of(LineAction::Delete), BillingStatus::Ceased);
        assert_eq!(of(LineAction::NoChange), BillingStatus::NotBillable);
    }

    #[test]
    fn a_waived_line_is_not_billable_and_a_failed_step_is_rejected() {
        let failed = [StepStatus::Completed, StepStatus::Failed];

        let rejected = billing_of_line(LineStatus::Failed, LineAction::Add, &failed);
        let waived = billing_of_line(LineStatus::Waived, LineAction::Add, &failed);

        assert_eq!(rejected, BillingStatus::Rejected);
        assert_eq!(waived, BillingStatus::NotBillable);
    }
}
