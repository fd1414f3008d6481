//! What one delivery came to, whoever it was for.

use jiff::SignedDuration;
use message_sinks::SinkRefusal;
use workflow_delivery::DeliveryOutcome;

/// What one delivery came to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub(crate) enum Outcome {
    /// Delivered, or nobody needs it any more: the row goes.
    Done(Effect),
    /// Not this time; again after `least` and some back-off.
    Later { least: SignedDuration, reason: String },
    /// The receiver will never take it as it is.
    Wrong { reason: String },
}

/// What a finished delivery did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Started,
    Correlated,
    Dispatched,
    Published,
    /// It was delivered before, or its process has ended.
    Moot,
}

impl Outcome {
    pub(crate) fn not_yet(reason: &str) -> Self {
        Self::Later { least: SignedDuration::ZERO, reason: reason.to_owned() }
    }
}

impl From<DeliveryOutcome> for Outcome {
    fn from(outcome: DeliveryOutcome) -> Self {
        match outcome {
            DeliveryOutcome::Started => Self::Done(Effect::Started),
            DeliveryOutcome::Correlated => Self::Done(Effect::Correlated),
            DeliveryOutcome::Moot => Self::Done(Effect::Moot),
            DeliveryOutcome::PutOff { least, reason } => Self::Later { least, reason },
            DeliveryOutcome::Refused { reason } => Self::Wrong { reason },
        }
    }
}

impl From<SinkRefusal> for Outcome {
    fn from(SinkRefusal { is_permanent, reason }: SinkRefusal) -> Self {
        if is_permanent { Self::Wrong { reason } } else { Self::not_yet(&reason) }
    }
}
