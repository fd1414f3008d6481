//! How long an invocation may still work.
//!
//! The platform kills a function at its deadline without a word, so work stops a margin earlier
//! and says what it left. The wall clock is read once, when the invocation starts: afterwards a
//! clock that is set cannot lengthen or shorten it.

use std::time::{Duration, SystemTime};

use lambda_runtime::Context;
use tokio::time::Instant;

/// What a local context, which has no deadline, gets instead.
pub const LOCAL_BUDGET: Duration = Duration::from_secs(30);

/// The moment at which work must have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// The deadline of the invocation less `margin`; [`LOCAL_BUDGET`] for a context without one.
    #[must_use]
    pub fn from_context(context: &Context, margin: Duration) -> Self {
        let remaining = if context.deadline == 0 {
            LOCAL_BUDGET
        } else {
            context.deadline().duration_since(SystemTime::now()).unwrap_or_default()
        };
        Self::after(remaining.saturating_sub(margin))
    }

    /// A deadline that far from now.
    #[must_use]
    pub fn after(budget: Duration) -> Self {
        Self(Instant::now() + budget)
    }

    /// The time that is left, zero when none is.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Whether nothing more may be started.
    #[must_use]
    pub fn has_passed(&self) -> bool {
        self.remaining().is_zero()
    }

    /// Waits for `pause`, at most until the deadline.
    #[expect(clippy::disallowed_methods, reason = "between two rounds of a loop real time passes")]
    pub async fn pause(&self, pause: Duration) {
        tokio::time::sleep(pause.min(self.remaining())).await;
    }

    /// For `tokio::time::timeout_at`.
    #[must_use]
    pub fn as_instant(&self) -> Instant {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context_ending_in(milliseconds: i64) -> Context {
        let now = jiff::Timestamp::now().as_millisecond();
        let mut context = Context::default();
        context.deadline = u64::try_from(now + milliseconds).unwrap();
        context
    }

    #[test]
    fn the_margin_is_taken_from_the_deadline_of_the_invocation() {
        let deadline =
            Deadline::from_context(&context_ending_in(10_000), Duration::from_millis(2_500));

        let remaining = deadline.remaining();
        assert!(remaining <= Duration::from_millis(7_500), "{remaining:?}");
        assert!(remaining > Duration::from_millis(6_000), "{remaining:?}");
    }

    #[test]
    fn a_deadline_in_the_past_or_within_the_margin_has_passed() {
        for milliseconds in [-1_000, 100] {
            let context = context_ending_in(milliseconds);
            assert!(Deadline::from_context(&context, Duration::from_secs(1)).has_passed());
        }
    }

    #[test]
    fn a_local_context_has_a_budget() {
        let deadline = Deadline::from_context(&Context::default(), Duration::from_secs(1));

        assert!(!deadline.has_passed());
        assert!(deadline.remaining() <= LOCAL_BUDGET);
    }
}
