//! Retry and check policy of a step: data per target system (§26).

use jiff::{SignedDuration, Timestamp};

/// A random share in thousandths, drawn at the edge, for full jitter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jitter(u16);

impl Jitter {
    /// No reduction: the whole delay. For tests and for delays that must not shrink.
    pub const FULL: Self = Self(1000);

    /// A share of 0 to 1000 thousandths; larger values count as 1000.
    #[must_use]
    pub const fn from_permille(permille: u16) -> Self {
        Self(if permille > 1000 { 1000 } else { permille })
    }
}

/// How often and when a step is sent or asked about again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepPolicy {
    /// Sends before a step without a definitive answer counts as failed.
    pub max_attempts: u32,
    /// Delay after the first retryable failure; doubles with each attempt.
    pub base_delay: SignedDuration,
    /// Largest delay between attempts.
    pub delay_cap: SignedDuration,
    /// How long an accepted request may stay silent before it is asked about.
    pub response_due: SignedDuration,
    /// Delay before an unknown outcome is asked about; doubles with each check up to the cap.
    pub check_delay: SignedDuration,
    /// Checks without a usable answer before a person is asked.
    pub max_checks: u32,
    /// Time from the first send after which nothing is sent any more.
    pub total_budget: SignedDuration,
    /// The same request id twice has one effect.
    pub honours_request_id: bool,
    /// The system answers queries by request id.
    pub can_be_queried: bool,
    /// Between two absences that together prove that nothing is on its way any more.
    pub absence_apart: SignedDuration,
}

impl StepPolicy {
    /// For steps whose target system has no usable settings: they are held, or only hear that they
    /// were accepted, so hardly anything counts.
    pub const WITHOUT_SETTINGS: Self = Self {
        max_attempts: 5,
        base_delay: SignedDuration::from_secs(1),
        delay_cap: SignedDuration::from_secs(60),
        response_due: SignedDuration::from_secs(60),
        check_delay: SignedDuration::from_secs(10),
        max_checks: 12,
        total_budget: SignedDuration::from_hours(24),
        // Neither sent again unasked nor given up at once: the settings may come back.
        honours_request_id: false,
        can_be_queried: true,
        absence_apart: SignedDuration::from_secs(125),
    };

    /// The same without an end: while its system is out of service no step uses anything up.
    #[must_use]
    pub const fn without_limits(self) -> Self {
        Self {
            max_attempts: u32::MAX,
            max_checks: u32::MAX,
            total_budget: SignedDuration::MAX,
            ..self
        }
    }

    /// When to send again after `attempt_count` sends: exponential with full jitter, and never
    /// sooner than the system asked for.
    #[must_use]
    pub fn next_attempt_at(
        &self,
        now: Timestamp,
        attempt_count: u32,
        retry_after_ms: Option<u64>,
        jitter: Jitter,
    ) -> Timestamp {
        let delay = scaled(self.base_delay, attempt_count, self.delay_cap);
        let jittered_ms = delay.as_millis() * i128::from(jitter.0) / 1000;
        let floor_ms = i128::from(retry_after_ms.unwrap_or(0));
        later(now, jittered_ms.max(floor_ms))
    }

    /// When to ask again after `check_count` checks without a usable answer: exponential, and at
    /// least half of it, because a check that comes at once uses up checks and learns nothing.
    #[must_use]
    pub fn next_check_at(&self, now: Timestamp, check_count: u32, jitter: Jitter) -> Timestamp {
        let delay = scaled(self.check_delay, check_count.saturating_add(1), self.delay_cap);
        let half_ms = delay.as_millis() / 2;
        later(now, half_ms + (delay.as_millis() - half_ms) * i128::from(jitter.0) / 1000)
    }

    /// Whether a step may not be sent at `at` any more.
    #[must_use]
    pub fn is_used_up(
        &self,
        attempt_count: u32,
        first_sent_at: Option<Timestamp>,
        at: Timestamp,
    ) -> bool {
        let has_run_out = |first: Timestamp| at.duration_since(first) > self.total_budget;
        attempt_count >= self.max_attempts || first_sent_at.is_some_and(has_run_out)
    }

    /// When an accepted request counts as overdue.
    #[must_use]
    pub fn response_due_at(&self, now: Timestamp) -> Timestamp {
        later(now, self.response_due.as_millis())
    }
}

/// `base × 2^(n-1)`, at most `cap`.
fn scaled(base: SignedDuration, n: u32, cap: SignedDuration) -> SignedDuration {
    let exponent = n.saturating_sub(1).min(20);
    base.checked_mul(1_i32 << exponent).map_or(cap, |delay| delay.min(cap))
}

fn later(now: Timestamp, delay_ms: i128) -> Timestamp {
    let delay = i64::try_from(delay_ms).unwrap_or(i64::MAX);
    now.checked_add(SignedDuration::from_millis(delay)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: StepPolicy = StepPolicy {
        max_attempts: 5,
        base_delay: SignedDuration::from_millis(100),
        delay_cap: SignedDuration::from_secs(10),
        response_due: SignedDuration::from_secs(60),
        check_delay: SignedDuration::from_secs(1),
        max_checks: 3,
        total_budget: SignedDuration::from_mins(1),
        ..StepPolicy::WITHOUT_SETTINGS
    };

    fn after_ms(timestamp: Timestamp) -> i128 {
        timestamp.duration_since(Timestamp::UNIX_EPOCH).as_millis()
    }

    #[test]
    fn delays_double_up_to_the_cap() {
        let delay =
            |n| after_ms(POLICY.next_attempt_at(Timestamp::UNIX_EPOCH, n, None, Jitter::FULL));

        assert_eq!([delay(1), delay(2), delay(3), delay(30)], [100, 200, 400, 10_000]);
    }

    #[test]
    fn retry_after_is_a_floor_that_jitter_cannot_undercut() {
        let none = Jitter::from_permille(0);

        let at = POLICY.next_attempt_at(Timestamp::UNIX_EPOCH, 1, Some(3000), none);

        assert_eq!(after_ms(at), 3000);
    }

    #[test]
    fn a_check_comes_after_half_its_delay_at_the_soonest() {
        let delay = |permille| {
            let jitter = Jitter::from_permille(permille);
            after_ms(POLICY.next_check_at(Timestamp::UNIX_EPOCH, 1, jitter))
        };

        assert_eq!([delay(0), delay(500), delay(1000)], [1000, 1500, 2000]);
    }

    #[test]
    fn attempts_and_the_time_since_the_first_send_are_both_limits() {
        let first = Some(Timestamp::UNIX_EPOCH);
        let used_up = |attempts, seconds| {
            let at = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
            POLICY.is_used_up(attempts, first, at)
        };

        assert_eq!([used_up(4, 60), used_up(5, 0), used_up(1, 61)], [false, true, true]);
        assert!(!POLICY.is_used_up(1, None, Timestamp::MAX), "never sent");
    }
}
