//! How a round is written down: one statement for what was delivered, one for what is given up and
//! one for what is put off, whatever the number of rows; and how old is what is still owed.
//!
//! An engine that is down undelivers everything at once; a round trip for each row would make the
//! relay slowest when most is owed.

use fault_points::{CrashPoint, reach};
use jiff::{SignedDuration, Timestamp};
use order_store::StoreError;
use order_store::outbox::{self, Burial, FinishOutcome, PutOff};
use workflow_delivery::DeliveryOutcome;

use crate::deps::Deps;
use crate::in_hand::Finished;
use crate::policy;

/// Wrong itself, and tried often enough.
pub(crate) fn is_hopeless((message, outcome): &Finished) -> bool {
    let is_wrong = matches!(outcome, DeliveryOutcome::Refused { .. });
    is_wrong && message.attempt_count >= policy::TRIES_OF_A_WRONG_MESSAGE
}

/// Deletes what was delivered.
pub(crate) async fn delete(deps: &Deps, finished: &[Finished]) -> Result<(), StoreError> {
    let leases: Vec<_> =
        finished.iter().filter(|x| x.1.is_done()).map(|(message, _)| message.lease()).collect();
    if leases.is_empty() {
        return Ok(());
    }
    let tx = deps.store.system_tx().await?;
    let deleted = outbox::delete_delivered(tx, deps.now(), &leases).await?;
    reach(CrashPoint::RelayAfterDeletion).await?;
    if deleted < leases.len() {
        tracing::warn!(lost = leases.len() - deleted, "leases were lost before the end");
    }
    Ok(())
}

/// Buries what is hopeless; how many.
pub(crate) async fn bury(deps: &Deps, finished: &[Finished]) -> Result<u32, StoreError> {
    let hopeless: Vec<&Finished> = finished.iter().filter(|x| is_hopeless(x)).collect();
    let burials: Vec<Burial<'_>> =
        hopeless.iter().map(|x| Burial { lease: x.0.lease(), reason: why(x).1 }).collect();
    if burials.is_empty() {
        return Ok(0);
    }
    let written = outbox::bury(deps.store.system_tx().await?, deps.now(), &burials).await?;
    Ok(count(&hopeless, &written))
}

/// Puts off what is neither delivered nor hopeless; how many.
pub(crate) async fn put_off(deps: &Deps, finished: &[Finished]) -> Result<u32, StoreError> {
    let is_later = |x: &&Finished| !x.1.is_done() && !is_hopeless(x);
    let later: Vec<&Finished> = finished.iter().filter(is_later).collect();
    let now = deps.now();
    let items: Vec<PutOff<'_>> = later.iter().map(|x| again(x, now)).collect();
    if items.is_empty() {
        return Ok(0);
    }
    let written = outbox::reschedule(deps.store.system_tx().await?, &items).await?;
    Ok(count(&later, &written))
}

/// How long the oldest delivery has been owed that is not given up; 0 when there is none.
pub(crate) async fn oldest_age_ms(deps: &Deps) -> Result<u64, StoreError> {
    let owed = outbox::count_owed(deps.store.system_tx().await?).await?;
    let age = owed.oldest_at.map(|since| deps.now().duration_since(since).as_millis());
    Ok(age.and_then(|x| u64::try_from(x).ok()).unwrap_or_default())
}

fn again(undelivered: &Finished, now: Timestamp) -> PutOff<'_> {
    let message = &undelivered.0;
    let (least, reason) = why(undelivered);
    let pause = policy::back_off(message.attempt_count, least);
    let available_at = now.checked_add(pause).unwrap_or(now);
    PutOff { lease: message.lease(), available_at, reason }
}

fn why((_, outcome): &Finished) -> (SignedDuration, &str) {
    outcome.objection().map(|(least, reason, _)| (least, reason)).unwrap_or_default()
}

/// Says what became of each, and how many were written; a lost lease is somebody else's delivery.
fn count(undelivered: &[&Finished], written: &[FinishOutcome]) -> u32 {
    let mut recorded = 0;
    for (finished, outcome) in undelivered.iter().zip(written) {
        let message = &finished.0;
        let (tenant, order_id) = (message.tenant.as_str(), message.order_id);
        let (tries, reason) = (message.attempt_count, why(finished).1);
        match outcome {
            FinishOutcome::LeaseLost => {
                tracing::warn!(tenant.id = tenant, order.id = %order_id, "the lease was lost");
                continue;
            }
            FinishOutcome::Recorded if is_hopeless(finished) => {
                tracing::error!(tenant.id = tenant, order.id = %order_id, tries, reason, "buried");
            }
            FinishOutcome::Recorded => {
                tracing::info!(tenant.id = tenant, order.id = %order_id, tries, reason, "put off");
            }
        }
        recorded += 1;
    }
    recorded
}
