//! What one delivery came to, and what an error makes of it.

use camunda_client::EngineError;
use fault_points::Struck;
use jiff::SignedDuration;
use lambda_support::error_chain;
use order_store::StoreError;

/// How long a lost call may still be committing at the engine; nobody asks or repeats sooner.
pub const QUIET: SignedDuration = SignedDuration::from_secs(10);

/// What became of one message for the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum DeliveryOutcome {
    /// The engine has it, and did what it asks for.
    Delivered,
    /// Nobody needs it any more: it was delivered before, or its process has ended.
    Moot,
    /// Not this time.
    PutOff {
        /// Nobody may try again sooner; the caller adds its back-off.
        least: SignedDuration,
        /// For the log and the row.
        reason: String,
    },
    /// The engine will never take it as it is: repeating it cannot help.
    Refused {
        /// For the log and the row.
        reason: String,
    },
}

impl DeliveryOutcome {
    /// Nothing is left to do: the row goes.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        matches!(self, Self::Delivered | Self::Moot)
    }

    /// Why it is not done: how long nobody may try again, the reason, and whether the message
    /// itself is wrong. `None` when it is done.
    #[must_use]
    pub fn objection(&self) -> Option<(SignedDuration, &str, bool)> {
        match self {
            Self::Delivered | Self::Moot => None,
            Self::PutOff { least, reason } => Some((*least, reason, false)),
            Self::Refused { reason } => Some((SignedDuration::ZERO, reason, true)),
        }
    }

    /// Put off, for as long as the caller likes.
    pub fn not_yet(reason: &str) -> Self {
        Self::PutOff { least: SignedDuration::ZERO, reason: reason.to_owned() }
    }

    /// Put off, because a call that begins now could outlast the lease.
    pub fn too_late() -> Self {
        Self::not_yet("the lease is too short for a call")
    }
}

/// Why a delivery broke off.
#[derive(Debug)]
pub(crate) enum Trouble {
    Engine(EngineError),
    Store(StoreError),
}

impl From<EngineError> for Trouble {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Struck> for Trouble {
    fn from(struck: Struck) -> Self {
        Self::Store(struck.into())
    }
}

impl From<Trouble> for DeliveryOutcome {
    /// Only what is wrong with this very message can end in its burial; what is wrong with the
    /// engine or our configuration concerns every message and heals without them.
    fn from(trouble: Trouble) -> Self {
        let error = match trouble {
            Trouble::Store(error) => return Self::not_yet(&error_chain(&error)),
            Trouble::Engine(error) => error,
        };
        let reason = error_chain(&error);
        if error.is_unknown_outcome() {
            return Self::PutOff { least: QUIET, reason };
        }
        match error {
            EngineError::RefusedBeforeSending { .. }
            | EngineError::BadRequest { .. }
            | EngineError::ValueTooLong { .. }
            | EngineError::AmbiguousMatch { .. }
            | EngineError::ContinuationFailed { .. } => Self::Refused { reason },
            _ => Self::not_yet(&reason),
        }
    }
}
