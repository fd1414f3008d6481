//! Where in the model a milestone begins, for a process that is put back (bpmn/README.md).
//!
//! The merges before the milestones, where there is one; at a case that is still open, the person's
//! part itself, so that nothing is asked again which a person is deciding.

use camunda_client::{StartInstruction, Variables};
use order_domain::order::{OrderMilestone, ResumePoint};

pub(crate) fn activity_of(point: &ResumePoint) -> StartInstruction {
    let activity_id = match (point.milestone, point.fallout_case_id.is_some()) {
        (OrderMilestone::Validation, false) => "BeforeValidation",
        (OrderMilestone::Validation, true) => "ResolveReadinessFallout",
        (OrderMilestone::Decomposition, false) => "BeforeDecomposition",
        (OrderMilestone::Decomposition, true) => "ResolveDecompositionFallout",
        (OrderMilestone::Planning, false) => "CreateFulfillmentPlan",
        (OrderMilestone::Planning, true) => "ResolvePlanningFallout",
        (OrderMilestone::Execution, _) => "ListenBeforeExecuting",
        (OrderMilestone::Billing, false) => "BeforeBilling",
        (OrderMilestone::Billing, true) => "ResolveBillingFallout",
        (OrderMilestone::Completion, false) => "BeforeCompletion",
        (OrderMilestone::Completion, true) => "ResolveCompletionFallout",
        (OrderMilestone::Notification, _) => "NotifyOrderCompleted",
    };
    StartInstruction::StartBeforeActivity { activity_id: activity_id.to_owned() }
}

/// The case goes along where a person's part is entered: it reads the pointer from the process.
pub(crate) fn variables_of(point: &ResumePoint, pointers: Variables) -> Variables {
    match (point.fallout_case_id, code_of(point.milestone)) {
        (Some(case), Some(code)) => {
            pointers.with("falloutCaseId", case.to_string()).with("falloutCode", code)
        }
        (Some(_), None) | (None, _) => pointers,
    }
}

/// The BPMN error that the milestone's worker reports, as the model would have kept it.
const fn code_of(milestone: OrderMilestone) -> Option<&'static str> {
    match milestone {
        OrderMilestone::Validation => Some("ORDER_REQUIRES_MANUAL_REVIEW"),
        OrderMilestone::Decomposition => Some("ORDER_NOT_DECOMPOSABLE"),
        OrderMilestone::Planning => Some("ORDER_NOT_PLANNABLE"),
        OrderMilestone::Billing => Some("BILLING_REJECTED"),
        OrderMilestone::Completion => Some("ORDER_COMPLETION_REJECTED"),
        OrderMilestone::Execution | OrderMilestone::Notification => None,
    }
}

#[cfg(test)]
mod tests {
    use order_domain::ids::FalloutCaseId;

    use super::*;

    const MODEL: &str = include_str!("../../../bpmn/order-fulfillment.bpmn");
    const CASE: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

    #[test]
    fn every_place_to_put_a_process_back_is_in_the_model() {
        let case: FalloutCaseId = CASE.parse().expect("an id");
        for milestone in OrderMilestone::ALL {
            for fallout_case_id in [None, Some(case)] {
                let point = ResumePoint { milestone: *milestone, fallout_case_id };

                let StartInstruction::StartBeforeActivity { activity_id } = activity_of(&point)
                else {
                    panic!("{milestone} is entered from before");
                };

                let element = format!("id=\"{activity_id}\"");
                assert_eq!(MODEL.matches(&element).count(), 1, "{milestone}: {activity_id}");
            }
        }
    }

    #[test]
    fn every_code_of_a_refused_milestone_is_one_that_the_model_catches() {
        for milestone in OrderMilestone::ALL {
            assert_eq!(code_of(*milestone).is_some(), milestone.refusing_command().is_some());
            if let Some(code) = code_of(*milestone) {
                assert!(MODEL.contains(&format!("errorCode=\"{code}\"")), "{code}");
            }
        }
    }

    #[test]
    fn the_pointer_to_a_case_goes_along_only_where_a_person_decides() {
        let case: FalloutCaseId = CASE.parse().expect("an id");
        let variables = |milestone, fallout_case_id| {
            variables_of(&ResumePoint { milestone, fallout_case_id }, Variables::none())
        };

        let told = variables(OrderMilestone::Billing, Some(case));
        assert_eq!(told.text("falloutCaseId"), Some(CASE));
        assert_eq!(told.text("falloutCode"), Some("BILLING_REJECTED"));
        assert!(variables(OrderMilestone::Billing, None).is_empty());
        assert!(variables(OrderMilestone::Execution, Some(case)).is_empty());
    }
}
