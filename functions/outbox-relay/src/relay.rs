//! One run of the relay: what it holds, and how a round and the end go.

use std::future::Future;

use fault_points::{CrashPoint, reach};
use lambda_support::{Deadline, error_chain};
use order_store::StoreError;
use order_store::outbox;
use tokio::time::{Instant, sleep_until};

use crate::deps::Deps;
use crate::finish;
use crate::in_hand::{Finished, Hands};
use crate::policy;
use crate::summary::RelaySummary;

/// Claims, works and writes down; holds what is in hand between rounds.
pub(crate) struct Relay<'a> {
    deps: &'a Deps,
    worker_id: String,
    hands: Hands<'a>,
    /// Delivered, but not yet written down.
    finished: Vec<Finished>,
    pub(crate) summary: RelaySummary,
}

impl<'a> Relay<'a> {
    pub(crate) fn new(deps: &'a Deps, request_id: &str) -> Self {
        let worker_id = format!("outbox-relay:{request_id}");
        let (hands, summary) = (Hands::new(deps), RelaySummary::default());
        Self { deps, worker_id, hands, finished: Vec::new(), summary }
    }

    /// Says how old the oldest delivery is, also when nothing is owed: silence is not health.
    pub(crate) async fn measure(&mut self) {
        match finish::oldest_age_ms(self.deps).await {
            Ok(value) => {
                self.summary.oldest_owed_ms = value;
                tracing::info!(
                    metric = "outbox_oldest_owed_ms",
                    value,
                    "age of the oldest delivery"
                );
            }
            Err(error) => {
                tracing::warn!(error = error_chain(&error), "the oldest delivery is not known");
            }
        }
    }

    /// Claims, works until `until`, writes down. Whether there was anything to do.
    pub(crate) async fn round(&mut self, until: Instant) -> Result<bool, StoreError> {
        self.summary.rounds += 1;
        let room = u32::try_from(self.hands.room()).unwrap_or(u32::MAX);
        if room > 0 {
            let now = self.deps.now();
            let by = (self.worker_id.as_str(), policy::LEASE);
            let claim = async {
                outbox::claim_due(self.deps.store.system_tx().await?, now, room, by).await
            };
            let claimed = self.hands.beside(claim).await?;
            reach(CrashPoint::RelayAfterClaim).await?;
            self.summary.claimed += u32::try_from(claimed.len()).unwrap_or(u32::MAX);
            self.hands.take(claimed, now);
        }
        let done = self.hands.work(until).await;
        self.finished.extend(done);
        let is_busy = !self.finished.is_empty();
        self.write_down().await?;
        Ok(is_busy)
    }

    pub(crate) fn is_told_to_stop(&self) -> bool {
        self.hands.told_to_stop_at().is_some()
    }

    /// Passes time between two rounds, unless the process is told to stop.
    pub(crate) async fn pause(&mut self, pause: impl Future<Output = ()>) {
        let mut stop = self.deps.termination.signal();
        let until_told = async {
            tokio::select! {
                () = pause => {}
                _ = stop.told() => {}
            }
        };
        self.hands.beside(until_told).await;
    }

    /// Waits for what is in hand until `end`, and gives the rest back. An answer that comes later
    /// is lost; the lease makes somebody ask.
    pub(crate) async fn finish(mut self, end: Deadline) -> RelaySummary {
        let mut stop = self.deps.termination.signal();
        let out_of_patience = async { sleep_until(stop.told().await + policy::TO_GIVE_BACK).await };
        tokio::select! {
            ended = self.end(end.as_instant()) => if let Err(error) = ended {
                let error = error_chain(&error);
                tracing::error!(error, "the last deliveries are not written down");
            },
            () = out_of_patience => tracing::warn!("told to stop: what is in hand waits for its lease"),
        }
        self.summary.was_told_to_stop = self.is_told_to_stop();
        self.summary.deadline_reached = !self.summary.was_told_to_stop;
        self.summary
    }

    /// What nobody has begun goes back first, so that it waits for nothing else.
    async fn end(&mut self, end: Instant) -> Result<(), StoreError> {
        let back = self.hands.give_back();
        self.finished.extend(back);
        if self.is_told_to_stop() {
            self.write_down().await?;
        }
        let done = self.hands.work(end).await;
        self.finished.extend(done);
        if let Some(told_at) = self.hands.told_to_stop_at() {
            let ended = self.hands.end(told_at + policy::TO_FINISH).await;
            self.finished.extend(ended);
        }
        self.write_down().await
    }

    /// Writes down what was finished, a statement for each thing that can become of a delivery.
    async fn write_down(&mut self) -> Result<(), StoreError> {
        let (deps, hands, finished) = (self.deps, &mut self.hands, &mut self.finished);
        let summary = &mut self.summary;
        hands.beside(finish::delete(deps, finished)).await?;
        finished.retain(|(message, outcome)| {
            summary.count(&message.delivery, outcome);
            !outcome.is_done()
        });
        summary.dead += hands.beside(finish::bury(deps, finished)).await?;
        finished.retain(|x| !finish::is_hopeless(x));
        summary.rescheduled += hands.beside(finish::put_off(deps, finished)).await?;
        finished.clear();
        Ok(())
    }
}
