//! What people ask of a circuit: hold, and release.

use jiff::Timestamp;

use super::decide::{Circuit, Opening};
use super::pace::DrainRate;
use super::policy::LONGEST_HOLD;
use super::rejection::CircuitRejection;
use super::status::CircuitStatus as S;

/// Who holds a system, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The person.
    pub operator: String,
    /// Why, as a code.
    pub reason_code: String,
    /// Why, in words; never logged.
    pub note: Option<String>,
}

/// What a hold that was asked for does.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum HoldDecision {
    /// The circuit as it is then.
    Apply(Box<Circuit>),
    /// It is held longer already: the later end wins.
    HeldLonger,
}

impl Circuit {
    /// Holds the system until `ends_at`. What waits already waits on.
    ///
    /// # Errors
    /// An end that has passed, or one that is too far away.
    pub fn hold(
        &self,
        hold: Hold,
        (ends_at, now): (Timestamp, Timestamp),
    ) -> Result<HoldDecision, CircuitRejection> {
        if ends_at <= now {
            return Err(CircuitRejection::HoldEndsInThePast);
        }
        if ends_at.duration_since(now) > LONGEST_HOLD {
            return Err(CircuitRejection::HoldIsTooLong);
        }
        let is_held = self.status == S::Open && self.hold_of().is_some();
        if is_held && self.next_move_at.is_some_and(|end| end >= ends_at) {
            return Ok(HoldDecision::HeldLonger);
        }
        let since = self.opening.as_ref().map_or(now, |x| x.at);
        Ok(HoldDecision::Apply(Box::new(Self {
            status: S::Open,
            opening: Some(Opening { at: since, by: Some(hold) }),
            next_move_at: Some(ends_at),
            ..self.clone()
        })))
    }

    /// Lets go what waits, at this rate, whoever opened the circuit and whatever its probes say.
    ///
    /// # Errors
    /// Nothing is held.
    pub fn release(&self, rate: DrainRate, now: Timestamp) -> Result<Self, CircuitRejection> {
        match self.status {
            S::Closed => Err(CircuitRejection::CircuitNotOpen),
            S::Open | S::Probing | S::Draining => {
                Ok(Self { drain_rate: rate, ..self.draining(now) })
            }
        }
    }
}
