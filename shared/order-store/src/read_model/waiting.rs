//! Whom an order waits for, and what was heard last.

use std::collections::BTreeMap;

use jiff::Timestamp;
use order_domain::step::StepStatus;
use serde::{Deserialize, Serialize};

use super::order_view::{OrderView, StepView};

/// A target system that the order waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct WaitingSystem {
    /// The system.
    pub target_system: String,
    /// The steps that wait for it, in the order of planning.
    pub steps: Vec<WaitingStep>,
}

/// A step that waits for its target system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct WaitingStep {
    /// Its key in the plan.
    pub step_key: String,
    /// READY to be sent, SUBMITTING, SUBMITTED or UNKNOWN.
    pub status: StepStatus,
    /// Since when.
    pub waiting_since: Option<Timestamp>,
    /// When we act next by ourselves: the next attempt or the next question.
    pub next_action_at: Option<Timestamp>,
}

/// The newest key that a target system gave us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all(serialize = "camelCase"))]
pub struct LastExternalReference {
    /// The system.
    pub target_system: String,
    /// The step that it belongs to.
    pub step_key: String,
    /// The system's key.
    pub external_reference: String,
    /// When the answer was recorded.
    pub recorded_at: Option<Timestamp>,
}

impl OrderView {
    /// The systems that the order waits for, by name, each with its steps.
    #[must_use]
    pub fn waiting_for(&self) -> Vec<WaitingSystem> {
        let mut systems: BTreeMap<&str, Vec<WaitingStep>> = BTreeMap::new();
        for step in self.steps.iter().filter(|step| is_waiting(step.status)) {
            systems.entry(&step.target_system).or_default().push(WaitingStep {
                step_key: step.step_key.clone(),
                status: step.status,
                waiting_since: step.waiting_since,
                next_action_at: step.next_attempt_at.or(step.next_check_at),
            });
        }
        systems
            .into_iter()
            .map(|(system, steps)| WaitingSystem { target_system: system.to_owned(), steps })
            .collect()
    }

    /// The newest key that a target system gave us for a step of the order.
    #[must_use]
    pub fn last_external_reference(&self) -> Option<LastExternalReference> {
        let referenced = |step: &&StepView| step.external_reference.is_some();
        let newest = self.steps.iter().filter(referenced).max_by_key(|x| x.request_updated_at)?;
        Some(LastExternalReference {
            target_system: newest.target_system.clone(),
            step_key: newest.step_key.clone(),
            external_reference: newest.external_reference.clone()?,
            recorded_at: newest.request_updated_at,
        })
    }
}

/// Whether the next move is the target system's, or ours towards it.
const fn is_waiting(status: StepStatus) -> bool {
    match status {
        StepStatus::Ready
        | StepStatus::Submitting
        | StepStatus::Submitted
        | StepStatus::Unknown => true,
        StepStatus::Pending
        | StepStatus::Completed
        | StepStatus::Failed
        | StepStatus::Skipped
        | StepStatus::Cancelled => false,
    }
}
