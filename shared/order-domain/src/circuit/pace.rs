//! How fast what waited is let go.
//!
//! Invariant: in any minute no more than the rate and what [`CATCH_UP`] is worth, whatever the pauses
//! of whoever lets go: time in which nobody did is not made up for.

use jiff::{SignedDuration, Timestamp};

use super::policy::{CATCH_UP, DRAIN_RATE, HIGHEST_DRAIN_RATE};

const MINUTE_NS: i64 = 60_000_000_000;

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
        let interval = MINUTE_NS / i64::from(self.0);
        let from = due.max(now.checked_sub(CATCH_UP).unwrap_or(due));
        if from > now {
            return (0, from);
        }
        let passed = i64::try_from(now.duration_since(from).as_nanos()).unwrap_or(0);
        let count = passed / interval + 1;
        let next = from.checked_add(SignedDuration::from_nanos(count * interval));
        (u32::try_from(count).unwrap_or(1), next.unwrap_or(Timestamp::MAX))
    }
}
