//! Where an order's process goes on when its instance is gone (§40).
//!
//! The facts of the order decide, never what the engine remembered: a restored engine may be older
//! than the order. Every milestone's command may be asked again, so that a process that is put back
//! one milestone too early does no harm; too late would skip work, so the facts must be complete.

use super::facts::OrderFacts;
use super::status::OrderStatus;
use crate::ids::FalloutCaseId;
use crate::plan::PlanStatus;
use crate::text_enum::text_enum;
use serde::{Deserialize, Serialize};

text_enum! {
    /// What a process does next, in life-cycle order.
    OrderMilestone {
        /// Check readiness.
        Validation = "VALIDATION",
        /// Turn lines into work items.
        Decomposition = "DECOMPOSITION",
        /// Turn work items into a plan.
        Planning = "PLANNING",
        /// Release the plan and wait for its completion.
        Execution = "EXECUTION",
        /// Settle billing.
        Billing = "BILLING",
        /// Complete the order.
        Completion = "COMPLETION",
        /// Tell the customer that the order is completed.
        Notification = "NOTIFICATION",
    }
}

/// Where a process is put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResumePoint {
    /// The next milestone.
    pub milestone: OrderMilestone,
    /// The open case of that milestone: the process waits for a person instead of asking again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallout_case_id: Option<FalloutCaseId>,
}

impl OrderMilestone {
    /// The command whose refusal opens a case at this milestone.
    #[must_use]
    pub const fn refusing_command(self) -> Option<&'static str> {
        match self {
            Self::Validation => Some("validate_readiness"),
            Self::Decomposition => Some("decompose"),
            Self::Planning => Some("create_fulfillment_plan"),
            Self::Billing => Some("settle_billing"),
            Self::Completion => Some("complete_order"),
            Self::Execution | Self::Notification => None,
        }
    }
}

/// The milestone that the order's facts demand next; `None` when its process has nothing left to do.
///
/// `owes_communication` says that the customer was not told yet.
#[must_use]
pub const fn milestone_to_resume(
    status: OrderStatus,
    facts: &OrderFacts,
    plan: Option<PlanStatus>,
    owes_communication: bool,
) -> Option<OrderMilestone> {
    match status {
        OrderStatus::Completed | OrderStatus::Failed if owes_communication => {
            Some(OrderMilestone::Notification)
        }
        OrderStatus::Completed | OrderStatus::Cancelled | OrderStatus::Failed => None,
        OrderStatus::Created
        | OrderStatus::Validated
        | OrderStatus::Decomposed
        | OrderStatus::FulfillmentInProgress
        | OrderStatus::PartiallyFulfilled
        | OrderStatus::Fallout => Some(milestone_of_live_order(facts, plan)),
    }
}

const fn milestone_of_live_order(facts: &OrderFacts, plan: Option<PlanStatus>) -> OrderMilestone {
    if !facts.is_validated {
        return OrderMilestone::Validation;
    }
    if !facts.is_decomposed {
        return OrderMilestone::Decomposition;
    }
    if !facts.is_planned {
        return OrderMilestone::Planning;
    }
    match plan {
        Some(PlanStatus::Completed) if facts.is_billing_settled => OrderMilestone::Completion,
        Some(PlanStatus::Completed) => OrderMilestone::Billing,
        // A plan that is frozen or gone is a cancellation's; its message moves the process on.
        Some(
            PlanStatus::Created | PlanStatus::Released | PlanStatus::Frozen | PlanStatus::Cancelled,
        )
        | None => OrderMilestone::Execution,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: OrderFacts = OrderFacts {
        is_validated: false,
        is_decomposed: false,
        is_planned: false,
        is_released: false,
        open_blocking_case_count: 0,
        work_line_count: 1,
        settled_work_line_count: 0,
        unfulfilled_mandatory_line_count: 1,
        is_billing_settled: false,
        is_cancellation_requested: false,
    };
    const VALIDATED: OrderFacts = OrderFacts { is_validated: true, ..NOTHING };
    const DECOMPOSED: OrderFacts = OrderFacts { is_decomposed: true, ..VALIDATED };
    const PLANNED: OrderFacts = OrderFacts { is_planned: true, ..DECOMPOSED };
    const RELEASED: OrderFacts = OrderFacts { is_released: true, ..PLANNED };
    const BILLED: OrderFacts = OrderFacts { is_billing_settled: true, ..RELEASED };

    #[test]
    fn the_facts_of_a_live_order_name_its_next_milestone() {
        let table = [
            (NOTHING, None, OrderMilestone::Validation),
            (VALIDATED, None, OrderMilestone::Decomposition),
            (DECOMPOSED, None, OrderMilestone::Planning),
            (PLANNED, Some(PlanStatus::Created), OrderMilestone::Execution),
            (RELEASED, Some(PlanStatus::Released), OrderMilestone::Execution),
            (RELEASED, Some(PlanStatus::Frozen), OrderMilestone::Execution),
            (RELEASED, Some(PlanStatus::Completed), OrderMilestone::Billing),
            (BILLED, Some(PlanStatus::Completed), OrderMilestone::Completion),
        ];
        for (facts, plan, milestone) in table {
            for status in OrderStatus::ALL.iter().filter(|x| !x.is_terminal()) {
                let resumed = milestone_to_resume(*status, &facts, plan, false);
                assert_eq!(resumed, Some(milestone), "{status} {facts:?} {plan:?}");
            }
        }
    }

    #[test]
    fn of_a_finished_order_only_the_word_to_the_customer_can_be_left() {
        let plan = Some(PlanStatus::Completed);
        let resumed = |status, owes| milestone_to_resume(status, &BILLED, plan, owes);

        let word = Some(OrderMilestone::Notification);
        assert_eq!(resumed(OrderStatus::Completed, true), word);
        assert_eq!(resumed(OrderStatus::Completed, false), None);
        assert_eq!(resumed(OrderStatus::Cancelled, true), None);
        assert_eq!(resumed(OrderStatus::Failed, true), word);
        assert_eq!(resumed(OrderStatus::Failed, false), None);
    }

    #[test]
    fn a_milestone_waits_for_a_person_only_where_its_command_can_be_refused_with_a_case() {
        let refusing: Vec<_> =
            OrderMilestone::ALL.iter().filter(|x| x.refusing_command().is_some()).collect();

        assert_eq!(refusing.len(), 5);
    }
}
