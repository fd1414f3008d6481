//! The retry policy of one target system: exponential back-off with full jitter and a budget.
//!
//! It only computes; who waits, and the random unit value, belong to the caller. It applies to
//! answers that prove that nothing was executed; an unknown outcome is queried, never retried.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How often and how long a provably unexecuted request is sent again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RetryPolicy {
    /// Sends in total, the first one included.
    pub max_attempts: u32,
    /// Upper end of the first delay; it doubles with every attempt.
    pub base_delay_ms: u64,
    /// Upper end of every delay.
    pub cap_ms: u64,
    /// Time from the first send after which nothing is sent any more.
    pub total_budget_ms: u64,
}

/// What to do after a retryable failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum RetryDecision {
    /// Send again, with the same request id, after this long.
    After(Duration),
    /// Attempts or budget are used up.
    Exhausted,
}

impl RetryPolicy {
    /// Delay after the `attempts`-th send (1 or more) for a random `unit` in `0.0..1.0`.
    ///
    /// Full jitter: evenly spread over zero to the exponential bound, so that steps which failed
    /// together do not come back together.
    #[must_use]
    pub fn delay(&self, attempts: u32, unit: f64) -> Duration {
        let doublings = attempts.saturating_sub(1).min(63);
        let bound_ms = self.base_delay_ms.saturating_mul(1 << doublings).min(self.cap_ms);
        // `as` saturates and delays are far below 2^53 milliseconds, where f64 is exact.
        let jittered_ms = (bound_ms as f64 * unit.clamp(0.0, 1.0)) as u64;
        Duration::from_millis(jittered_ms)
    }

    /// Whether and when to send again after `attempts` sends over `elapsed`.
    ///
    /// A `Retry-After` of the target system is a lower bound: it is never undercut by the jitter.
    pub fn decide(
        &self,
        attempts: u32,
        elapsed: Duration,
        retry_after_ms: Option<u64>,
        unit: f64,
    ) -> RetryDecision {
        let wait =
            self.delay(attempts, unit).max(Duration::from_millis(retry_after_ms.unwrap_or(0)));
        let is_over_budget =
            elapsed.saturating_add(wait) > Duration::from_millis(self.total_budget_ms);
        if attempts >= self.max_attempts || is_over_budget {
            RetryDecision::Exhausted
        } else {
            RetryDecision::After(wait)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const POLICY: RetryPolicy =
        RetryPolicy { max_attempts: 5, base_delay_ms: 100, cap_ms: 1_000, total_budget_ms: 10_000 };

    fn millis(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn the_bound_doubles_until_the_cap() {
        let bounds: Vec<_> = (1..=6).map(|attempts| POLICY.delay(attempts, 1.0)).collect();

        assert_eq!(bounds, [100, 200, 400, 800, 1_000, 1_000].map(millis));
    }

    #[test]
    fn jitter_spreads_over_the_whole_range() {
        assert_eq!(POLICY.delay(3, 0.0), millis(0));
        assert_eq!(POLICY.delay(3, 0.5), millis(200));
    }

    #[test]
    fn retry_after_is_a_lower_bound() {
        let decision = POLICY.decide(1, millis(0), Some(2_500), 0.5);

        assert_eq!(decision, RetryDecision::After(millis(2_500)));
    }

    #[test]
    fn attempts_and_budget_end_the_retries() {
        assert_eq!(POLICY.decide(4, millis(0), None, 0.0), RetryDecision::After(millis(0)));
        assert_eq!(POLICY.decide(5, millis(0), None, 0.0), RetryDecision::Exhausted);
        assert_eq!(POLICY.decide(1, millis(9_900), None, 1.0), RetryDecision::After(millis(100)));
        assert_eq!(POLICY.decide(1, millis(9_901), None, 1.0), RetryDecision::Exhausted);
    }

    proptest! {
        #[test]
        fn no_delay_is_above_the_cap(attempts in 0_u32..=u32::MAX, unit in 0.0_f64..1.0) {
            prop_assert!(POLICY.delay(attempts, unit) <= millis(POLICY.cap_ms));
        }
    }
}
