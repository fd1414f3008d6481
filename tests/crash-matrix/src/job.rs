//! What a process is asked to do: one event for one function.

use serde::{Deserialize, Serialize};

/// One run of one function.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    /// The secret of the function's database role; absent for a function without one.
    pub database: Option<String>,
    /// Where the engine is played, without `/engine-rest`.
    pub engine: String,
    /// The function's clock is ahead of the machine's by so much, in milliseconds.
    pub clock_ahead_ms: i64,
    /// The settings that the function reads from its environment.
    pub settings: Vec<(String, String)>,
    /// The event.
    pub work: Work,
}

/// Which function, and its event.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Work {
    /// order-intake: one request.
    Intake(HttpRequest),
    /// outbox-relay: one round.
    Relay,
    /// order-decompose: until no task is left.
    Decompose,
    /// The same, with a command that takes longer than a lock may go unextended.
    DecomposeSlowly,
    /// fulfillment-step-executor: one batch.
    Execute(Vec<Message>),
    /// callback-intake: one request.
    Receive(HttpRequest),
    /// callback-processor: one batch.
    Record(Vec<Message>),
    /// reconciliation: one round.
    Reconcile,
    /// bulk-recovery: one round.
    ActOnMany,
}

/// A request as the REST API hands it on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HttpRequest {
    /// The path.
    pub path: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// A message of a queue.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Message {
    /// The queue's id.
    pub id: String,
    /// The body.
    pub body: String,
}
