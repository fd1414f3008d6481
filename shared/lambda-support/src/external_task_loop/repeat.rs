//! Repeating a call by the engine's own rules, for calls that may be repeated at all.

use std::future::Future;
use std::time::Duration;

use camunda_client::{EngineError, RepeatRule};

use crate::jitter;

/// Sends a call again as far as its error allows: a lost race up to five times with jitter, an
/// unknown outcome once, a refused login once after the lock-out.
///
/// Only for calls that may be repeated with an unknown outcome: reports on tasks, messages to
/// receive tasks, user tasks. Never for a start or for a message that opens a sub-process.
///
/// # Errors
/// The last error, once its rule is used up.
pub async fn repeated<T, F>(call: impl Fn() -> F) -> Result<T, EngineError>
where
    F: Future<Output = Result<T, EngineError>>,
{
    let mut used = UsedRepeats::default();
    loop {
        let error = match call().await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let Some(pause) = used.next_pause(error.repeat_rule()) else {
            return Err(error);
        };
        tracing::debug!(error = &error as &dyn std::error::Error, ?pause, "call is repeated");
        #[expect(clippy::disallowed_methods, reason = "the engine needs real time to settle")]
        tokio::time::sleep(pause).await;
    }
}

/// What the repeats of one call have used up, each rule for itself.
#[derive(Debug, Default)]
struct UsedRepeats {
    races: u32,
    lock_outs: u32,
    unknown: u32,
}

impl UsedRepeats {
    fn next_pause(&mut self, rule: RepeatRule) -> Option<Duration> {
        let (used, at_most, pause) = match rule {
            RepeatRule::Jittered { at_most } => (&mut self.races, at_most, jitter::after_a_race()),
            RepeatRule::OnceAfter(pause) => (&mut self.lock_outs, 1, pause),
            RepeatRule::OnceIfRepeatable => (&mut self.unknown, 1, jitter::after_a_race()),
            RepeatRule::Later | RepeatRule::Never => return None,
        };
        *used += 1;
        (*used <= at_most).then_some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_race_is_repeated_five_times_within_half_a_second_each() {
        let mut used = UsedRepeats::default();
        let mut pause = || used.next_pause(RepeatRule::Jittered { at_most: 5 });

        for _ in 0..5 {
            let pause = pause().expect("one of five repeats");
            assert!((50..=500).contains(&pause.as_millis()), "{pause:?}");
        }
        assert_eq!(pause(), None);
    }

    #[test]
    fn an_unknown_outcome_is_repeated_once_besides_the_races() {
        let mut used = UsedRepeats::default();

        assert!(used.next_pause(RepeatRule::Jittered { at_most: 5 }).is_some());
        assert!(used.next_pause(RepeatRule::OnceIfRepeatable).is_some());
        assert_eq!(used.next_pause(RepeatRule::OnceIfRepeatable), None);
        assert!(used.next_pause(RepeatRule::Jittered { at_most: 5 }).is_some());
    }

    #[test]
    fn a_refused_login_is_repeated_once_after_the_lock_out() {
        let rule = RepeatRule::OnceAfter(Duration::from_secs(5));
        let mut used = UsedRepeats::default();

        assert_eq!(used.next_pause(rule), Some(Duration::from_secs(5)));
        assert_eq!(used.next_pause(rule), None);
    }

    #[test]
    fn what_will_not_change_or_only_later_is_not_repeated() {
        let mut used = UsedRepeats::default();

        assert_eq!(used.next_pause(RepeatRule::Never), None);
        assert_eq!(used.next_pause(RepeatRule::Later), None);
    }
}
