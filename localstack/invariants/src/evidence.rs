//! What a caller collects outside the database, as plain values.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Everything that is not in the tables.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// The ledger of the external systems.
    pub effects: Vec<Effect>,
    /// What arrived at the target of the event bus.
    pub events: Vec<ReceivedEvent>,
    /// What callers sent and were told.
    pub calls: Vec<CallRecord>,
    /// Live top-level process instances.
    pub instances: Vec<ProcessInstance>,
    /// Queues, dead-letter queues included.
    pub queues: Vec<QueueCount>,
}

/// All effects of one request, as the ledger tells them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Effect {
    /// The system.
    pub system: String,
    /// The request that had it.
    pub request_id: String,
    /// Whose order it is.
    pub tenant_id: String,
    /// The order.
    pub order_id: String,
    /// The step.
    pub step_key: String,
    /// How often it happened.
    pub count: u64,
    /// When it happened first.
    pub first_at: Timestamp,
}

/// A domain event at its target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedEvent {
    /// The event's id.
    pub event_id: String,
    /// The order that it is about.
    pub order_id: String,
    /// The tenant that it names.
    pub tenant_id: String,
}

/// One request of a caller and its answer.
#[derive(Debug, Clone)]
pub struct CallRecord {
    /// The `Idempotency-Key`.
    pub key: String,
    /// Digest of what was sent.
    pub request: String,
    /// The answer; `None` while its outcome is unknown to the caller.
    pub answer: Option<CallAnswer>,
}

/// What a caller was told.
pub type CallAnswer = (u16, serde_json::Value);

/// A process instance that runs.
#[derive(Debug, Clone)]
pub struct ProcessInstance {
    /// The engine's id.
    pub id: String,
    /// Its business key.
    pub business_key: String,
}

/// How full a queue is at rest.
#[derive(Debug, Clone)]
pub struct QueueCount {
    /// The queue.
    pub name: String,
    /// Messages waiting or in work.
    pub messages: u64,
    /// Dead letters by the reason that was found for each; empty for other queues.
    pub explained: BTreeMap<String, u64>,
    /// Whether it holds dead letters.
    pub is_dead_letter: bool,
}
