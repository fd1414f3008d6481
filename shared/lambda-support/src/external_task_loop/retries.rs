//! Arithmetic of retries: the engine never counts, the worker sends what is left.

use std::time::Duration;

use camunda_client::ExternalTask;

use crate::jitter;

/// Attempts of a task before it becomes an incident; only an operator's retry starts again.
pub const MAX_RETRIES: u32 = 5;
const FIRST_CEILING: Duration = Duration::from_secs(2);
const HIGHEST_CEILING: Duration = Duration::from_secs(5 * 60);

/// Retries left after one more failed attempt, and the retry timeout before the next.
#[must_use]
pub fn retry_after(task: &ExternalTask) -> (u32, Duration) {
    let before = task.retries.unwrap_or(MAX_RETRIES);
    let timeout = jitter::between(Duration::ZERO, retry_ceiling(before));
    (before.saturating_sub(1), timeout)
}

/// Longest retry timeout when so many retries were left before the failed attempt: 2 s × 4ⁿ.
#[must_use]
pub fn retry_ceiling(retries_before: u32) -> Duration {
    let failed_before = MAX_RETRIES.saturating_sub(retries_before);
    FIRST_CEILING.saturating_mul(4_u32.saturating_pow(failed_before)).min(HIGHEST_CEILING)
}

#[cfg(test)]
mod tests {
    use super::super::tests::task;
    use super::*;

    #[test]
    fn the_retry_timeout_grows_fourfold_up_to_five_minutes() {
        let ceilings: Vec<_> = (0..=5).rev().map(|left| retry_ceiling(left).as_secs()).collect();

        assert_eq!(ceilings, [2, 8, 32, 128, 300, 300]);
    }

    #[test]
    fn the_first_failure_leaves_four_retries_and_the_last_none() {
        let left = |retries| retry_after(&task("t1", retries)).0;

        assert_eq!(left(None), 4);
        assert_eq!(left(Some(4)), 3);
        assert_eq!(left(Some(1)), 0);
        assert_eq!(left(Some(0)), 0);
        assert_eq!(left(Some(9)), 8);
    }

    #[test]
    fn the_retry_timeout_stays_below_its_ceiling() {
        for _ in 0..100 {
            assert!(retry_after(&task("t1", Some(3))).1 <= Duration::from_secs(32));
        }
    }
}
