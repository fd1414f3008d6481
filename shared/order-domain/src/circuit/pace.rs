//! How fast what waited is let go: a [`Pace`] that makes up for [`CATCH_UP`] at most.

use jiff::Timestamp;

use super::policy::{CATCH_UP, DRAIN_RATE, HIGHEST_DRAIN_RATE};
use crate::pace::Pace;

/// Steps per minute, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DrainRate(u32);

/// The number is no rate that can be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a rate is 1 to {HIGHEST_DRAIN_RATE} steps a minute")]
pub struct ImpossibleRate;

impl DrainRate {
    /// Unless an operator says otherwise.
    pub const DEFAULT: Self = Self(DRAIN_RATE);

    /// Reads a number of steps per minute.
    ///
    /// # Errors
    /// [`ImpossibleRate`] outside 1 to 6000.
    pub const fn parse(per_minute: u32) -> Result<Self, ImpossibleRate> {
        match per_minute {
            1..=HIGHEST_DRAIN_RATE => Ok(Self(per_minute)),
            _ => Err(ImpossibleRate),
        }
    }

    /// Steps per minute.
    #[must_use]
    pub const fn per_minute(self) -> u32 {
        self.0
    }

    /// How many may go at `now`, and when the next one may; `due` is when the first of them could.
    #[must_use]
    pub fn due(self, due: Timestamp, now: Timestamp) -> (u32, Timestamp) {
        let (count, next) = Pace::per_minute(self.0, CATCH_UP).grant(Some(due), now, u32::MAX);
        (count, next.unwrap_or(due))
    }
}
