//! How many may go now: a steady pace per target system that forgets a pause.
//!
//! Kept as one moment, the earliest for the next one to go. After a pause nobody catches up: the
//! system would be hit by everything that was not sent meanwhile.

use jiff::{SignedDuration, Timestamp};

/// How much of the past counts: who looks once a second still keeps the pace.
pub const PACE_SLACK: SignedDuration = SignedDuration::from_secs(1);

/// So many a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    interval: SignedDuration,
}

impl Pace {
    /// A pace of so many a minute, at least one.
    #[must_use]
    pub fn per_minute(count: u32) -> Self {
        Self { interval: SignedDuration::from_micros(60_000_000 / i64::from(count.max(1))) }
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
        let oldest = now.checked_sub(PACE_SLACK).unwrap_or(now);
        let mut next = next_at.map_or(oldest, |x| x.max(oldest));
        let mut granted = 0;
        while granted < wanted && next <= now {
            granted += 1;
            next = next.checked_add(self.interval).unwrap_or(Timestamp::MAX);
        }
        (granted, if granted == 0 { next_at } else { Some(next) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who went in each second, when somebody looks every second but during a pause.
    fn seconds(per_minute: u32, pause: std::ops::Range<i64>, seconds: i64) -> Vec<u32> {
        let mut next_at = None;
        let looks = (0..seconds).map(|second| {
            if pause.contains(&second) {
                return 0;
            }
            let now = Timestamp::from_second(1_000_000 + second).unwrap();
            let (granted, next) = Pace::per_minute(per_minute).grant(next_at, now, 1_000);
            next_at = next;
            granted
        });
        looks.collect()
    }

    #[test]
    fn whoever_looks_every_second_keeps_the_pace() {
        // The first second counts as well, once.
        assert_eq!(seconds(60, 0..0, 60).iter().sum::<u32>(), 61);
        assert_eq!(seconds(600, 0..0, 60).iter().sum::<u32>(), 601);
        assert_eq!(seconds(1, 0..0, 121).iter().sum::<u32>(), 3);
    }

    #[test]
    fn a_pause_is_not_caught_up_with() {
        let gone = seconds(60, 10..40, 60);

        assert_eq!(gone[40], 2, "the second that counts, and this one");
        assert!(gone.iter().sum::<u32>() <= 60 - 30 + 2);
    }

    #[test]
    fn nobody_goes_before_the_moment_that_is_kept() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let later = now + SignedDuration::from_secs(5);

        assert_eq!(Pace::per_minute(60).grant(Some(later), now, 3), (0, Some(later)));
        assert_eq!(Pace::per_minute(60).grant(None, now, 0), (0, None));
    }
}
