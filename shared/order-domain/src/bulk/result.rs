//! What an action on one case of many came to, once what it set in motion has an end.

use super::item::BulkItemStatus;
use super::reason;
use crate::fallout::{CaseKind, CaseStatus};
use crate::order::OrderStatus;
use crate::step::StepStatus;

/// A case that was acted on, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowedCase {
    /// What it is about.
    pub kind: CaseKind,
    /// Where it is.
    pub status: CaseStatus,
    /// Whether it changed since the action.
    pub has_moved: bool,
    /// Why it is open.
    pub reason_code: String,
    /// Why a newer case of the order itself is open.
    pub newer_reason_code: Option<String>,
    /// Where the order is.
    pub order: OrderStatus,
    /// Whether the milestone that the case stood in the way of is reached.
    pub is_milestone_reached: bool,
    /// Where the step is, for the case of one.
    pub step: Option<StepStatus>,
    /// Whether an incident holds the step.
    pub is_step_held: bool,
}

/// A result, with the code of what went wrong.
pub type ItemResult = (BulkItemStatus, Option<String>);

/// The result; `None` while there is none.
///
/// A step's case stays open until the step is settled, and opens again when it fails again. The case
/// of a milestone is closed by the action itself: there the milestone tells, or a case of the order
/// that was opened since.
#[must_use]
pub fn result_of(case: &FollowedCase) -> Option<ItemResult> {
    let failed = |code: &str| Some((BulkItemStatus::FailedAgain, Some(code.to_owned())));
    let is_over = case.status == CaseStatus::Resolved;
    match case.step {
        Some(StepStatus::Completed) if is_over => return Some((BulkItemStatus::Resolved, None)),
        Some(StepStatus::Skipped | StepStatus::Cancelled) if is_over => {
            return failed(reason::SETTLED_BY_SOMEBODY);
        }
        _ => {}
    }
    if matches!(case.order, OrderStatus::Failed | OrderStatus::Cancelled) {
        return failed(reason::ORDER_GIVEN_UP);
    }
    match (case.kind, case.status) {
        (_, CaseStatus::Cancelled) => failed(reason::CASE_CANCELLED),
        (_, CaseStatus::Open) if case.has_moved => failed(&case.reason_code),
        _ if case.is_step_held => failed(reason::STEP_IS_HELD),
        // Closed by somebody who knows that it was not done: the step is sent again.
        (CaseKind::Step | CaseKind::Contradiction, CaseStatus::Resolved) => None,
        (_, CaseStatus::Resolved) => match &case.newer_reason_code {
            Some(code) => failed(code),
            None if case.is_milestone_reached => Some((BulkItemStatus::Resolved, None)),
            None => None,
        },
        (
            _,
            CaseStatus::Open
            | CaseStatus::InProgress
            | CaseStatus::WaitingForInformation
            | CaseStatus::AwaitingApproval,
        ) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn followed(kind: CaseKind, status: CaseStatus) -> FollowedCase {
        FollowedCase {
            kind,
            status,
            has_moved: false,
            reason_code: "LINE_BUSY".to_owned(),
            newer_reason_code: None,
            order: OrderStatus::Fallout,
            is_milestone_reached: false,
            step: (kind == CaseKind::Step).then_some(StepStatus::Ready),
            is_step_held: false,
        }
    }

    #[test]
    fn a_step_that_was_sent_again_is_resolved_failed_again_or_still_running() {
        use CaseKind::Step;
        let completed = Some(StepStatus::Completed);
        let resolved = FollowedCase { step: completed, ..followed(Step, CaseStatus::Resolved) };
        assert_eq!(result_of(&resolved), Some((BulkItemStatus::Resolved, None)));

        assert_eq!(result_of(&followed(Step, CaseStatus::InProgress)), None);
        let open = followed(Step, CaseStatus::Open);
        assert_eq!(result_of(&open), None, "it was open before, too");

        let again = FollowedCase { has_moved: true, ..open };
        let code = Some("LINE_BUSY".to_owned());
        assert_eq!(result_of(&again), Some((BulkItemStatus::FailedAgain, code)));
    }

    #[test]
    fn a_case_that_somebody_closed_otherwise_is_no_success() {
        let closed = followed(CaseKind::Step, CaseStatus::Resolved);
        let skipped = FollowedCase { step: Some(StepStatus::Skipped), ..closed.clone() };

        let code = Some("SETTLED_BY_SOMEBODY".to_owned());
        assert_eq!(result_of(&skipped), Some((BulkItemStatus::FailedAgain, code)));
        assert_eq!(result_of(&closed), None, "it is sent again");
    }

    #[test]
    fn a_step_that_an_incident_holds_failed_again() {
        let held =
            FollowedCase { is_step_held: true, ..followed(CaseKind::Step, CaseStatus::InProgress) };

        let code = Some("STEP_IS_HELD".to_owned());
        assert_eq!(result_of(&held), Some((BulkItemStatus::FailedAgain, code)));
    }

    #[test]
    fn what_was_done_before_the_order_was_given_up_was_done() {
        let done = FollowedCase {
            order: OrderStatus::Failed,
            step: Some(StepStatus::Completed),
            ..followed(CaseKind::Step, CaseStatus::Resolved)
        };

        assert_eq!(result_of(&done), Some((BulkItemStatus::Resolved, None)));
    }

    #[test]
    fn a_milestone_that_was_retried_tells_by_itself_or_by_a_new_case() {
        let closed = followed(CaseKind::Billing, CaseStatus::Resolved);
        assert_eq!(result_of(&closed), None);

        let reached = FollowedCase { is_milestone_reached: true, ..closed.clone() };
        assert_eq!(result_of(&reached), Some((BulkItemStatus::Resolved, None)));

        let newer = Some("BILLING_REJECTED".to_owned());
        let again = FollowedCase { newer_reason_code: newer.clone(), ..closed };
        assert_eq!(result_of(&again), Some((BulkItemStatus::FailedAgain, newer)));
    }

    #[test]
    fn an_order_that_was_given_up_meanwhile_is_no_success() {
        let given_up = FollowedCase {
            order: OrderStatus::Failed,
            ..followed(CaseKind::Step, CaseStatus::Cancelled)
        };
        let code = Some("ORDER_GIVEN_UP".to_owned());
        assert_eq!(result_of(&given_up), Some((BulkItemStatus::FailedAgain, code)));
    }
}
