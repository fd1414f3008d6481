//! What a run delivered, for the log, the schedule's answer and tests.

use order_store::outbox::Delivery;
use serde::Serialize;
use workflow_delivery::DeliveryOutcome;

/// Counts of one run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RelaySummary {
    /// Deliveries claimed.
    pub claimed: u32,
    /// Processes started.
    pub started: u32,
    /// Messages taken by the engine and user tasks completed.
    pub correlated: u32,
    /// Steps put on the queue.
    pub dispatched: u32,
    /// Events published.
    pub published: u32,
    /// Deliveries that were not needed any more.
    pub moot: u32,
    /// Deliveries put off.
    pub rescheduled: u32,
    /// Deliveries given up, each with an incident.
    pub dead: u32,
    /// Rounds begun.
    pub rounds: u32,
    /// Rounds in which the store failed.
    pub failed_rounds: u32,
    /// How long the oldest delivery had been owed when the run began.
    pub oldest_owed_ms: u64,
    /// The run ended because its time was over.
    pub deadline_reached: bool,
    /// The platform took the process away.
    pub was_told_to_stop: bool,
}

impl RelaySummary {
    /// Counts what is done; what is not is counted when it is put off or given up.
    pub(crate) const fn count(&mut self, delivery: &Delivery, outcome: &DeliveryOutcome) {
        match (outcome, delivery) {
            (DeliveryOutcome::PutOff { .. } | DeliveryOutcome::Refused { .. }, _) => {}
            (DeliveryOutcome::Moot, _) => self.moot += 1,
            (DeliveryOutcome::Delivered, Delivery::WorkflowStart { .. }) => self.started += 1,
            (DeliveryOutcome::Delivered, Delivery::StepDispatch(_)) => self.dispatched += 1,
            (DeliveryOutcome::Delivered, Delivery::DomainEvent { .. }) => self.published += 1,
            (
                DeliveryOutcome::Delivered,
                Delivery::PlanCompleted { .. }
                | Delivery::FalloutOpened { .. }
                | Delivery::UserTaskComplete { .. }
                | Delivery::ProcessDelete { .. },
            ) => self.correlated += 1,
        }
    }
}
