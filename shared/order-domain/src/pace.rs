//! How many may go now: a steady pace that forgets a pause.
//!
//! Kept as one moment, the earliest for the next one to go. Invariant: in any minute no more than the
//! pace and what the catching up is worth, whatever the pauses of whoever lets go: a system that has
//! just come back would be hit by everything that was not sent meanwhile.

use jiff::{SignedDuration, Timestamp};

const MINUTE_NS: i64 = 60_000_000_000;

/// So many a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    interval_ns: i64,
    catch_up: SignedDuration,
}

impl Pace {
    /// A pace of so many a minute, at least one; of a pause no more than `catch_up` is made up for.
    #[must_use]
    pub fn per_minute(count: u32, catch_up: SignedDuration) -> Self {
        Self { interval_ns: MINUTE_NS / i64::from(count.max(1)), catch_up }
    }

    /// How many of `wanted` may go at `now`, and the earliest moment for the one after them.
    ///
    /// `next_at` is that moment as it was kept; `None` where nobody has gone yet.
    #[must_use]
    pub fn grant(
        self,
        next_at: Option<Timestamp>,
        now: Timestamp,
        wanted: u32,
    ) -> (u32, Option<Timestamp>) {
        let oldest = now.checked_sub(self.catch_up).unwrap_or(now);
        let first = next_at.map_or(oldest, |x| x.max(oldest));
        if first > now || wanted == 0 {
            return (0, next_at);
        }
        let passed = i64::try_from(now.duration_since(first).as_nanos()).unwrap_or(0);
        let count = (passed / self.interval_ns + 1).min(i64::from(wanted));
        let next = first.checked_add(SignedDuration::from_nanos(count * self.interval_ns));
        (u32::try_from(count).unwrap_or(1), Some(next.unwrap_or(Timestamp::MAX)))
    }
}

#[cfg(test)]
mod tests;
