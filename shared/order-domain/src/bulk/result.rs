//! What an action on one case of many came to, once what it set in motion has an end.

use super::item::BulkItemStatus;
use super::reason;
use crate::fallout::{CaseKind, CaseStatus};
use crate::order::OrderStatus;

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
    /// Why a newer case of the same cause is open.
    pub newer_reason_code: Option<String>,
    /// Where the order is.
    pub order: OrderStatus,
    /// Whether the milestone that the case stood in the way of is reached.
    pub is_milestone_reached: bool,
}

/// A result, with the code of what went wrong.
pub type ItemResult = (BulkItemStatus, Option<String>);

/// The result; `None` while there is none.
///
/// A step's case stays open until the step is settled, and opens again when it fails again. The case
/// of a milestone is closed by the action itself: there the milestone tells, or a case of the same
/// cause that was opened since.
#[must_use]
pub fn result_of(case: &FollowedCase) -> Option<ItemResult> {
    let failed = |code: &str| Some((BulkItemStatus::FailedAgain, Some(code.to_owned())));
    if matches!(case.order, OrderStatus::Failed | OrderStatus::Cancelled) {
        return failed(reason::ORDER_GIVEN_UP);
    }
    match (case.kind, case.status) {
        (_, CaseStatus::Cancelled) => failed(reason::CASE_CANCELLED),
        (CaseKind::Step | CaseKind::Contradiction, CaseStatus::Resolved) => {
            Some((BulkItemStatus::Resolved, None))
        }
        (_, CaseStatus::Open) if case.has_moved => failed(&case.reason_code),
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
        }
    }

    #[test]
    fn a_step_that_was_sent_again_is_resolved_failed_again_or_still_running() {
        use CaseKind::Step;
        let resolved = followed(Step, CaseStatus::Resolved);
        assert_eq!(result_of(&resolved), Some((BulkItemStatus::Resolved, None)));

        assert_eq!(result_of(&followed(Step, CaseStatus::InProgress)), None);
        let open = followed(Step, CaseStatus::Open);
        assert_eq!(result_of(&open), None, "it was open before, too");

        let again = FollowedCase { has_moved: true, ..open };
        let code = Some("LINE_BUSY".to_owned());
        assert_eq!(result_of(&again), Some((BulkItemStatus::FailedAgain, code)));
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
