//! How a system behaves: mode, latency, outcome; by default, per system, or per operation.

use serde::{Deserialize, Serialize};

use crate::system::System;

/// How the outcome is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Mode {
    /// In the answer to the submit.
    Sync,
    /// By a signed callback. Without a `callbackUrl` nobody could be told: then as SYNC.
    Async,
    /// Only when asked.
    Poll,
}

/// How the work ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Outcome {
    Completed,
    Rejected,
}

/// Everything that can be set about a system or one of its operations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Behaviour {
    pub(crate) mode: Mode,
    /// From the submit to the outcome; for a source system, to its answer.
    pub(crate) latency_ms: u64,
    pub(crate) outcome: Outcome,
    /// Told with every rejection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason_code: Option<String>,
    /// A second submit of a request id has no second effect; without it, it has one.
    #[serde(default = "yes")]
    pub(crate) honours_request_ids: bool,
    /// Without it, queries are answered 405; of the system, not of one operation.
    #[serde(default = "yes")]
    pub(crate) can_be_queried: bool,
}

/// A change of a behaviour: fields that are left out stay as they are.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct BehaviourChange {
    mode: Option<Mode>,
    latency_ms: Option<u64>,
    outcome: Option<Outcome>,
    reason_code: Option<String>,
    honours_request_ids: Option<bool>,
    can_be_queried: Option<bool>,
}

// For journals that are older than the field.
const fn yes() -> bool {
    true
}

impl Behaviour {
    /// What a system does when nobody has said anything.
    pub(crate) const fn default_of(system: System) -> Self {
        let (mode, latency_ms) = match system {
            System::Inventory | System::Logistics | System::Workforce | System::Billing => {
                (Mode::Async, 20)
            }
            System::Provisioning => (Mode::Async, 50),
            System::Notification => (Mode::Sync, 0),
            System::Cpq | System::Customer | System::BillingAccount => (Mode::Sync, 0),
        };
        Self {
            mode,
            latency_ms,
            outcome: Outcome::Completed,
            reason_code: None,
            honours_request_ids: true,
            can_be_queried: true,
        }
    }

    pub(crate) fn changed(self, change: BehaviourChange) -> Self {
        let outcome = change.outcome.unwrap_or(self.outcome);
        let reason_code = match outcome {
            Outcome::Completed => None,
            Outcome::Rejected => change.reason_code.or(self.reason_code),
        };
        Self {
            mode: change.mode.unwrap_or(self.mode),
            latency_ms: change.latency_ms.unwrap_or(self.latency_ms),
            outcome,
            reason_code,
            honours_request_ids: change.honours_request_ids.unwrap_or(self.honours_request_ids),
            can_be_queried: change.can_be_queried.unwrap_or(self.can_be_queried),
        }
    }
}
