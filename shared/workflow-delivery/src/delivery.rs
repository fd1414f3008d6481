//! Which kind of message is delivered how.

use camunda_client::{BusinessKey, EngineClient};
use jiff::Timestamp;
use lambda_support::clock::Clock;
use order_store::Store;
use order_store::outbox::{ClaimedMessage, Delivery};

use crate::outcome::DeliveryOutcome;
use crate::start::Wanted;

/// Delivers messages to the engine, with what its caller holds.
#[derive(Clone, Copy)]
pub struct WorkflowDelivery<'a> {
    pub(crate) store: &'a Store,
    pub(crate) engine: &'a EngineClient,
    clock: &'a Clock,
}

/// A claimed message, and the time by which its call must begin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claim<'a> {
    pub(crate) message: &'a ClaimedMessage,
    pub(crate) begin_by: Timestamp,
}

impl<'a> WorkflowDelivery<'a> {
    /// Delivers with a store whose role may claim and record starts.
    #[must_use]
    pub const fn new(store: &'a Store, engine: &'a EngineClient, clock: &'a Clock) -> Self {
        Self { store, engine, clock }
    }

    /// Delivers one message that is for the engine. What must never be repeated blindly is not
    /// sent after `begin_by`: its call would not be over, and quiet, before the lease ends.
    ///
    /// A message for somebody else is refused.
    pub async fn deliver(&self, message: &ClaimedMessage, begin_by: Timestamp) -> DeliveryOutcome {
        let key = BusinessKey::of_order(message.tenant.clone(), message.order_id);
        let claim = Claim { message, begin_by };
        let delivered = match &message.delivery {
            Delivery::WorkflowStart { order_version, correlation_id, resume_at } => {
                let (order_version, correlation_id) = (*order_version, *correlation_id);
                let wanted = Wanted { order_version, correlation_id, resume_at: *resume_at };
                self.start(claim, key, wanted).await
            }
            Delivery::PlanCompleted { fulfillment_plan_id } => {
                self.plan_completed(claim, key, *fulfillment_plan_id).await
            }
            Delivery::FalloutOpened { fallout_case_id } => {
                self.fallout_opened(claim, key, *fallout_case_id).await
            }
            Delivery::UserTaskComplete { fallout_case_id, resolution, engine_anchor } => {
                let told = (*resolution, *engine_anchor);
                self.user_task_complete(claim, key, (*fallout_case_id, told)).await
            }
            Delivery::ProcessDelete { reason_code } => self.process_delete(key, reason_code).await,
            Delivery::StepDispatch(_) | Delivery::DomainEvent { .. } => {
                Ok(DeliveryOutcome::Refused { reason: "not for the engine".to_owned() })
            }
        };
        delivered.unwrap_or_else(DeliveryOutcome::from)
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    pub(crate) fn is_too_late(&self, claim: Claim<'_>) -> bool {
        self.now() > claim.begin_by
    }
}

impl std::fmt::Debug for WorkflowDelivery<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkflowDelivery").field("store", &self.store).finish_non_exhaustive()
    }
}
