//! When a loop ends: before its deadline, or at once when the process is told to stop.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::settings::LoopSettings;
use crate::termination::StopSignal;

/// Kept free before the platform kills the function, so that the summary is still returned.
const LAST_WORD: Duration = Duration::from_millis(200);
/// For tasks in hand, after the process was told to stop; a command takes a few milliseconds.
const TO_FINISH: Duration = Duration::from_millis(150);
/// After the same moment: calls that give tasks back have been answered, or are left alone.
/// Below [`TIME_TO_STOP`](crate::termination::TIME_TO_STOP).
const TO_GIVE_BACK: Duration = Duration::from_millis(250);

/// When a loop ends.
#[derive(Debug, Clone)]
pub struct LoopEnd {
    deadline: Instant,
    stop: StopSignal,
}

impl LoopEnd {
    /// Ends earlier when the process is told to stop.
    #[must_use]
    pub fn or_when(self, stop: StopSignal) -> Self {
        Self { stop, ..self }
    }

    pub(super) fn stop(&self) -> StopSignal {
        self.stop.clone()
    }
}

/// At the deadline only: the end of the invocation.
impl From<Instant> for LoopEnd {
    fn from(deadline: Instant) -> Self {
        Self { deadline, stop: StopSignal::never() }
    }
}

/// How one run of the loop stands to its end.
pub(super) struct Ending {
    stop: StopSignal,
    /// Nothing is fetched or begun any more.
    pub(super) stop_at: Instant,
    /// What is in hand then is left to its lock.
    pub(super) abandon_at: Instant,
    pub(super) was_told: bool,
}

impl Ending {
    pub(super) fn new(LoopEnd { deadline, stop }: LoopEnd, settings: &LoopSettings) -> Self {
        let before = |time| deadline.checked_sub(time).unwrap_or(deadline);
        let stop_at = before(settings.margin);
        let abandon_at = before(LAST_WORD).max(stop_at);
        Self { stop, stop_at, abandon_at, was_told: false }
    }

    pub(super) fn is_over(&self) -> bool {
        Instant::now() >= self.stop_at
    }

    /// Waits until the loop has to look again: told to stop, or waiting tasks must be given back.
    pub(super) async fn begins(&mut self, has_waiting_tasks: bool) {
        let stop_at = self.stop_at;
        tokio::select! {
            told_at = self.stop.told(), if !self.was_told => {
                self.was_told = true;
                self.stop_at = stop_at.min(told_at);
                self.abandon_at = self.abandon_at.min(told_at + TO_GIVE_BACK);
            }
            () = sleep_until(stop_at), if has_waiting_tasks => {}
            else => std::future::pending().await,
        }
    }
}

/// Waits until a task in hand has had its time to finish.
pub(super) async fn out_of_time(mut stop: StopSignal) {
    sleep_until(stop.told().await + TO_FINISH).await;
}
