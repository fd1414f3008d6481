//! Rounds of delivering: claim what is due, deliver it, delete it.
//!
//! Trigger: schedule, every minute; one run at a time (reserved concurrency), and two at once are
//! harmless. Delivery is at least once and safe to repeat: rows are leased, a start is asked for by
//! business key before it is repeated, messages are asked for by what they left in the engine, and
//! receivers of steps and events know their ids.
//!
//! Invariant: a row is deleted only after its delivery, and under the lease that delivered it.

use lambda_runtime::LambdaEvent;
use lambda_support::{Deadline, error_chain};
use order_store::StoreError;
use tokio::time::Instant;

pub use crate::deps::Deps;
use crate::policy;
use crate::relay::Relay;
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

/// Rounds until `end` less the margin; what is in hand then is waited for until `end`. When the
/// process is told to stop, everything is given back at once.
///
/// # Errors
/// The store's, when no round succeeded at all.
pub async fn run(deps: &Deps, request_id: &str, end: Deadline) -> Result<RelaySummary, StoreError> {
    let last_claim = Deadline::after(end.remaining().saturating_sub(policy::MARGIN));
    let mut relay = Relay::new(deps, request_id);
    let mut pause = policy::BUSY_PAUSE;
    let mut last_error = None;
    relay.measure().await;
    while !last_claim.has_passed() && !relay.is_told_to_stop() {
        let is_busy =
            relay.round(Instant::now() + policy::ROUND_PATIENCE).await.unwrap_or_else(|error| {
                tracing::error!(error = error_chain(&error), "a round failed");
                relay.summary.failed_rounds += 1;
                last_error = Some(error);
                false
            });
        pause = if is_busy { policy::BUSY_PAUSE } else { (pause * 2).min(policy::IDLE_PAUSE) };
        relay.pause(last_claim.pause(pause)).await;
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
