//! What every command is told besides its own arguments.

use jiff::{Timestamp, Unit};
use order_domain::actor::Actor;

/// Caller, time and trace of one command.
#[derive(Debug, Clone)]
pub struct CommandContext {
    pub(crate) actor: Actor,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) now: Timestamp,
    pub(crate) traceparent: Option<String>,
}

impl CommandContext {
    /// A command at `now`, cut to the microseconds that PostgreSQL keeps.
    #[must_use]
    pub fn new(actor: Actor, now: Timestamp) -> Self {
        Self {
            actor,
            idempotency_key: None,
            now: now.round(Unit::Microsecond).unwrap_or(now),
            traceparent: None,
        }
    }

    /// Repeating the command with this key returns the stored result.
    #[must_use]
    pub fn with_idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// W3C trace context that events and deliveries carry on.
    #[must_use]
    pub fn with_traceparent(mut self, traceparent: Option<String>) -> Self {
        self.traceparent = traceparent;
        self
    }
}
