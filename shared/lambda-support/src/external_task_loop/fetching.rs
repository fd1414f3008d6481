//! The fetching side of the loop: at most one request at a time, paced by the settings.
//!
//! A lost fetch needs no question: its tasks come back when their lock ends.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use camunda_client::{EngineClient, EngineError, ExternalTask, FetchRequest, RepeatRule};
use tokio::time::{Instant, sleep_until};

use super::settings::{LoopMode, LoopSettings, Polling};
use super::summary::LoopSummary;
use crate::jitter;

/// A shorter long poll is not worth its request.
const SHORTEST_POLL: Duration = Duration::from_millis(500);
/// Pause after a fetch that failed in a way that may pass.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

type Fetch<'a> = Pin<Box<dyn Future<Output = Result<Vec<ExternalTask>, EngineError>> + Send + 'a>>;

pub(super) struct Fetching<'a> {
    engine: &'a EngineClient,
    settings: &'a LoopSettings,
    worker_id: &'a str,
    stop_at: Instant,
    not_before: Instant,
    current: Option<Fetch<'a>>,
    has_ended: bool,
    is_out_of_time: bool,
    was_locked_out: bool,
    fetches: u64,
    failed_fetches: u64,
    fetched: u64,
    last_error: Option<EngineError>,
    is_fatal: bool,
}

impl<'a> Fetching<'a> {
    pub(super) fn new(
        engine: &'a EngineClient,
        settings: &'a LoopSettings,
        worker_id: &'a str,
        stop_at: Instant,
    ) -> Self {
        Self {
            engine,
            settings,
            worker_id,
            stop_at,
            not_before: Instant::now(),
            current: None,
            has_ended: false,
            is_out_of_time: false,
            was_locked_out: false,
            fetches: 0,
            failed_fetches: 0,
            fetched: 0,
            last_error: None,
            is_fatal: false,
        }
    }

    /// No request begins at or after `stop_at`; one that is under way goes on.
    pub(super) const fn stop_at(&mut self, stop_at: Instant) {
        self.stop_at = stop_at;
    }

    /// No request is under way.
    pub(super) const fn is_idle(&self) -> bool {
        self.current.is_none()
    }

    /// Begins the next request, unless one is under way or none may follow.
    pub(super) fn begin(&mut self, hands_are_empty: bool) {
        let is_drain = self.settings.mode == LoopMode::Drain;
        // Draining asks only with empty hands, so that an empty answer proves that nothing is left.
        if self.current.is_some() || self.has_ended || (is_drain && !hands_are_empty) {
            return;
        }
        let start = self.not_before.max(Instant::now());
        let rest = self.stop_at.saturating_duration_since(start);
        if rest < SHORTEST_POLL {
            (self.has_ended, self.is_out_of_time) = (true, true);
            return;
        }
        let long_poll = match self.settings.polling {
            Polling::Long(at_most) if !is_drain => Some(at_most.min(rest)),
            Polling::Long(_) => None,
            Polling::Every(interval) => {
                self.not_before = start + interval;
                None
            }
        };
        let request = FetchRequest {
            worker_id: self.worker_id.to_owned(),
            topic_name: self.settings.topic.clone(),
            variables: self.settings.variables.clone(),
            max_tasks: self.settings.max_tasks,
            lock_duration: self.settings.lock_duration,
            long_poll,
        };
        let engine = self.engine;
        self.current = Some(Box::pin(async move {
            sleep_until(start).await;
            engine.fetch_and_lock(&request).await
        }));
    }

    /// Waits for the request that is under way; a failure is remembered and brings no tasks.
    pub(super) async fn next(&mut self) -> Vec<ExternalTask> {
        let Some(current) = self.current.as_mut() else {
            return std::future::pending().await;
        };
        let result = current.await;
        self.current = None;
        self.fetches += 1;
        match result {
            Ok(tasks) => self.succeeded(tasks),
            Err(error) => {
                self.failed(error);
                Vec::new()
            }
        }
    }

    fn succeeded(&mut self, tasks: Vec<ExternalTask>) -> Vec<ExternalTask> {
        self.fetched += tasks.len() as u64;
        self.has_ended = self.settings.mode == LoopMode::Drain && tasks.is_empty();
        if !tasks.is_empty() {
            // There was work: ask again at once, an interval is for quiet times.
            self.not_before = Instant::now();
        }
        tasks
    }

    fn failed(&mut self, error: EngineError) {
        self.failed_fetches += 1;
        let pause = match error.repeat_rule() {
            RepeatRule::Jittered { .. } => Some(jitter::after_a_race()),
            RepeatRule::OnceAfter(pause) if !self.was_locked_out => {
                self.was_locked_out = true;
                Some(pause)
            }
            RepeatRule::OnceIfRepeatable | RepeatRule::Later
                if self.settings.mode == LoopMode::UntilDeadline =>
            {
                Some(PAUSE_AFTER_FAILURE)
            }
            _ => None,
        };
        tracing::warn!(error = &error as &dyn std::error::Error, ?pause, "fetch failed");
        match pause {
            Some(pause) => self.not_before = Instant::now() + pause,
            None => (self.has_ended, self.is_fatal) = (true, true),
        }
        self.last_error = Some(error);
    }

    /// Adds the figures of the fetches to the summary.
    ///
    /// # Errors
    /// A permanent answer, or the last one when no fetch succeeded.
    pub(super) fn finish(self, summary: &mut LoopSummary) -> Result<(), EngineError> {
        summary.deadline_reached = self.is_out_of_time || Instant::now() >= self.stop_at;
        summary.fetches = self.fetches;
        summary.failed_fetches = self.failed_fetches;
        summary.fetched = self.fetched;
        let never_succeeded = self.fetches == self.failed_fetches;
        match self.last_error {
            Some(error) if self.is_fatal || never_succeeded => Err(error),
            Some(_) | None => Ok(()),
        }
    }
}
