//! What an outbox row says: one type per kind, so that relay and commands cannot disagree.

use fault_points::SeededBug;
use order_domain::fallout::{EngineAnchor, FalloutResolution};
use order_domain::ids::{
    CorrelationId, FalloutCaseId, FulfillmentPlanId, FulfillmentStepId, OrderId,
};
use order_domain::order::ResumePoint;
use order_domain::tenant::TenantId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A delivery still owed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
pub enum Delivery {
    /// Start the order's process.
    WorkflowStart {
        /// The order's version when it was created, for logs.
        order_version: i64,
        /// The order's correlation id.
        correlation_id: CorrelationId,
        /// Where a lost process is put back; at the start event without it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resume_at: Option<ResumePoint>,
    },
    /// Tell the process that the plan is completed.
    PlanCompleted {
        /// The plan.
        fulfillment_plan_id: FulfillmentPlanId,
    },
    /// Open the fallout part of the process for a case.
    FalloutOpened {
        /// The case.
        fallout_case_id: FalloutCaseId,
    },
    /// Complete the user tasks of a case.
    UserTaskComplete {
        /// The case.
        fallout_case_id: FalloutCaseId,
        /// What the process does next.
        resolution: FalloutResolution,
        /// How the engine learned of the case: a milestone's task may not exist *yet*.
        engine_anchor: EngineAnchor,
    },
    /// Delete the order's process: the order was given up.
    ProcessDelete {
        /// Why, for the log of who deletes it.
        reason_code: String,
    },
    /// Hand a READY step to the executor.
    StepDispatch(StepDispatch),
    /// Publish a business fact; the value is a complete CloudEvent.
    DomainEvent {
        /// The event's type, for routing.
        event_type: String,
        /// The CloudEvent.
        cloud_event: Value,
    },
}

/// Body of a message on the queue `fulfillment-steps`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StepDispatch {
    /// The tenant.
    pub tenant_id: TenantId,
    /// The order.
    pub order_id: OrderId,
    /// The step.
    pub fulfillment_step_id: FulfillmentStepId,
    /// The order's correlation id.
    pub correlation_id: CorrelationId,
}

impl StepDispatch {
    /// One trace from the order to its target systems: the correlation id is the trace, the step
    /// the parent (W3C Trace Context).
    #[must_use]
    pub fn traceparent(&self) -> String {
        let trace = self.correlation_id.as_uuid().simple().to_string();
        let parent = self.fulfillment_step_id.as_uuid().simple().to_string();
        format!("00-{trace}-{}-01", &parent[16..])
    }
}

impl Delivery {
    /// The stored kind.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::WorkflowStart { .. } => "WORKFLOW_START",
            Self::PlanCompleted { .. } | Self::FalloutOpened { .. } => "WORKFLOW_MESSAGE",
            Self::UserTaskComplete { .. } => "USER_TASK_COMPLETE",
            Self::ProcessDelete { .. } => "PROCESS_DELETE",
            Self::StepDispatch(_) => "STEP_DISPATCH",
            Self::DomainEvent { .. } => "DOMAIN_EVENT",
        }
    }

    /// What it does, in words for people.
    pub(crate) const fn what(&self) -> &'static str {
        match self {
            Self::WorkflowStart { .. } => "start the process",
            Self::PlanCompleted { .. } => "tell the process that the plan is completed",
            Self::FalloutOpened { .. } => "open the fallout part of the process",
            Self::UserTaskComplete { resolution: FalloutResolution::Retry, .. } => {
                "complete the user task of the case: RETRY"
            }
            Self::UserTaskComplete { resolution: FalloutResolution::Continue, .. } => {
                "complete the user task of the case: CONTINUE"
            }
            Self::ProcessDelete { .. } => "delete the process",
            Self::StepDispatch(_) => "dispatch a step",
            Self::DomainEvent { .. } => "publish an event",
        }
    }

    /// The lane: rows of one lane are delivered in order, lanes never wait for each other.
    pub(crate) fn lane(&self, order: OrderId) -> String {
        match self {
            // Behind the start, so that a process which starts late is deleted all the same.
            Self::WorkflowStart { .. } | Self::ProcessDelete { .. } => format!("start:{order}"),
            Self::PlanCompleted { fulfillment_plan_id } => format!("plan:{fulfillment_plan_id}"),
            Self::FalloutOpened { fallout_case_id }
            | Self::UserTaskComplete { fallout_case_id, .. } => case_lane(*fallout_case_id),
            Self::StepDispatch(step) => format!("step:{}", step.fulfillment_step_id),
            Self::DomainEvent { cloud_event, .. } if SeededBug::EventsOutOfOrder.is_present() => {
                format!("events:{order}:{}", cloud_event["id"])
            }
            Self::DomainEvent { .. } => format!("events:{order}"),
        }
    }
}

/// The lane of everything that the engine is told about one case.
pub(crate) fn case_lane(case: FalloutCaseId) -> String {
    format!("case:{case}")
}
