//! Randomness for pauses, so that those who collided do not meet again.

use std::time::Duration;

use order_domain::step::Jitter;

/// The share by which a step's next attempt is spread.
#[must_use]
pub fn of_step() -> Jitter {
    Jitter::from_permille(u16::try_from(random() % 1001).unwrap_or(1000))
}

/// Evenly distributed over the range, both ends included.
#[must_use]
pub fn between(low: Duration, high: Duration) -> Duration {
    low + high.saturating_sub(low).mul_f64(f64::from(random()) / f64::from(u32::MAX))
}

/// A pause after so many tries: `base` doubled with each, at most `cap`, with full jitter (§26).
#[must_use]
pub fn back_off(tries: u32, base: Duration, cap: Duration) -> Duration {
    let doublings = tries.saturating_sub(1).min(20);
    between(Duration::ZERO, base.saturating_mul(1 << doublings).min(cap))
}

/// After a lost race on one instance.
pub(crate) fn after_a_race() -> Duration {
    between(Duration::from_millis(50), Duration::from_millis(500))
}

fn random() -> u32 {
    // The last 32 bits of a UUID v7 are random; no other source is among the dependencies.
    let low_bits = uuid::Uuid::now_v7().as_u128() & u128::from(u32::MAX);
    u32::try_from(low_bits).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_back_off_grows_to_its_cap_and_no_further() {
        let (base, cap) = (Duration::from_millis(200), Duration::from_secs(30));
        let longest = |n| (0..200).map(|_| back_off(n, base, cap)).max().unwrap_or_default();

        assert!(longest(1) <= base);
        assert!(longest(30) > Duration::from_secs(10));
        assert!(longest(30) <= cap);
    }

    #[test]
    fn pauses_fill_the_range_and_never_leave_it() {
        let (low, high) = (Duration::from_millis(50), Duration::from_millis(500));
        let pauses: Vec<_> = (0..1_000).map(|_| between(low, high)).collect();

        assert!(pauses.iter().all(|pause| (low..=high).contains(pause)));
        assert!(pauses.iter().any(|pause| *pause < Duration::from_millis(100)));
        assert!(pauses.iter().any(|pause| *pause > Duration::from_millis(450)));
    }
}
