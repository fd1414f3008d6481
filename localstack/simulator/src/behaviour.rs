//! How a system behaves: mode, latency, outcome; by default, per system, or per operation.

use serde::{Deserialize, Serialize};

use crate::fault::FaultPlan;
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
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Behaviour {
    pub(crate) mode: Mode,
    /// From the submit to the outcome; for a source system, to its answer.
    pub(crate) latency_ms: u64,
    pub(crate) outcome: Outcome,
    /// Told with every rejection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason_code: Option<String>,
    #[serde(default)]
    pub(crate) fault: FaultPlan,
}

/// A change of a behaviour: fields that are left out stay as they are.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct BehaviourChange {
    mode: Option<Mode>,
    latency_ms: Option<u64>,
    outcome: Option<Outcome>,
    reason_code: Option<String>,
    fault: Option<FaultPlan>,
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
            fault: FaultPlan::None,
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
            fault: change.fault.unwrap_or(self.fault),
        }
    }
}
