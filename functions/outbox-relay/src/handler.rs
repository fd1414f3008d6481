//! Rounds of delivering: claim what is due, deliver it, delete it.
//!
//! Trigger: schedule, every minute; one run at a time (reserved concurrency), and two at once are
//! harmless. Delivery is at least once and safe to repeat: rows are leased, a start is asked for by
//! business key before it is repeated, messages are asked for by what they left in the engine, and
//! receivers of steps and events know their ids.
//!
//! Invariant: a row is deleted only after its delivery, and under the lease that delivered it.

use fault_points::{CrashPoint, reach};
use lambda_runtime::LambdaEvent;
use lambda_support::{Deadline, error_chain};
use order_store::StoreError;
use order_store::outbox;
use tokio::time::Instant;

pub use crate::deps::Deps;
use crate::finish;
use crate::in_hand::{Finished, Hands};
use crate::policy;
use crate::summary::RelaySummary;

/// Works until the deadline. What the schedule sends is not read.
///
/// # Errors
/// The store's, when no round succeeded at all.
pub async fn handle(
    deps: &Deps,
    event: LambdaEvent<serde_json::Value>,
) -> Result<RelaySummary, StoreError> {
    let end = Deadline::from_context(&event.context, policy::LAST_WORD);
    run(deps, &event.context.request_id, end).await
}

/// Rounds until `end` less the margin; what is in hand then is waited for until `end`.
///
/// # Errors
/// The store's, when no round succeeded at all.
pub async fn run(deps: &Deps, request_id: &str, end: Deadline) -> Result<RelaySummary, StoreError> {
    let stop = Deadline::after(end.remaining().saturating_sub(policy::MARGIN));
    let mut relay = Relay::new(deps, request_id);
    let mut pause = policy::BUSY_PAUSE;
    let mut last_error = None;
    relay.measure().await;
    while !stop.has_passed() {
        let is_busy =
            relay.round(Instant::now() + policy::ROUND_PATIENCE).await.unwrap_or_else(|error| {
                tracing::error!(error = error_chain(&error), "a round failed");
                relay.summary.failed_rounds += 1;
                last_error = Some(error);
                false
            });
        pause = if is_busy { policy::BUSY_PAUSE } else { (pause * 2).min(policy::IDLE_PAUSE) };
        relay.hands.beside(stop.pause(pause)).await;
    }
    let summary = relay.finish(end).await;
    tracing::info!(?summary, engine_calls = deps.engine.calls().total(), "relay ended");
    match last_error {
        Some(error) if summary.failed_rounds == summary.rounds => Err(error),
        _ => Ok(summary),
    }
}

/// One round, and what was in hand before it; for tests, which say when time passes.
///
/// # Errors
/// The store's.
pub async fn run_once(deps: &Deps, request_id: &str) -> Result<RelaySummary, StoreError> {
    let mut relay = Relay::new(deps, request_id);
    relay.round(Instant::now() + policy::ENGINE_CALL * 2).await?;
    Ok(relay.summary)
}

struct Relay<'a> {
    deps: &'a Deps,
    worker_id: String,
    hands: Hands<'a>,
    /// Delivered, but not yet written down.
    finished: Vec<Finished>,
    summary: RelaySummary,
}

impl<'a> Relay<'a> {
    fn new(deps: &'a Deps, request_id: &str) -> Self {
        let worker_id = format!("outbox-relay:{request_id}");
        let (hands, summary) = (Hands::new(deps), RelaySummary::default());
        Self { deps, worker_id, hands, finished: Vec::new(), summary }
    }

    /// Says how old the oldest delivery is, also when nothing is owed: silence is not health.
    async fn measure(&mut self) {
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
    async fn round(&mut self, until: Instant) -> Result<bool, StoreError> {
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

    /// Waits for what is in hand until `end`, and gives the rest back. An answer that comes later
    /// is lost; the lease makes somebody ask.
    async fn finish(mut self, end: Deadline) -> RelaySummary {
        let back = self.hands.give_back();
        self.finished.extend(back);
        let done = self.hands.work(end.as_instant()).await;
        self.finished.extend(done);
        if let Err(error) = self.write_down().await {
            tracing::error!(
                error = error_chain(&error),
                "the last deliveries are not written down"
            );
        }
        self.summary.deadline_reached = true;
        self.summary
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
