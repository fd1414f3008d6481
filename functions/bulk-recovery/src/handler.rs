//! Rounds over all live bulk actions: look ahead, act at the pace, follow, move on.
//!
//! Trigger: schedule, every minute; one run at a time (reserved concurrency), and two at once are
//! harmless. Safe to run twice: a case is in one worker's hand at a time, and the action on it has a
//! key of its own, so that whoever takes it over hears what was done instead of doing it again.

use lambda_runtime::LambdaEvent;
use lambda_support::{Deadline, error_chain};
use order_domain::bulk::BulkStatus;
use order_store::StoreError;
use order_store::bulk::{LiveBulkAction, follow_items, take_turns};
use order_store::commands::{AdvanceOutcome, advance_bulk_action};
use tracing::Instrument;

pub use crate::deps::Deps;
use crate::run::Run;
use crate::summary::{BulkSummary, count};
use crate::{carry_out, dry_run, policy};

/// Works until the deadline. What the schedule sends is not read.
///
/// # Errors
/// The store's, when no round succeeded at all.
pub async fn handle(
    deps: &Deps,
    event: LambdaEvent<serde_json::Value>,
) -> Result<BulkSummary, StoreError> {
    let deadline = Deadline::from_context(&event.context, policy::MARGIN);
    let mut summary = BulkSummary::default();
    let mut last_error = None;
    while !deadline.has_passed() {
        match run_round(deps, &event.context.request_id, deadline, &mut summary).await {
            // Somebody may go at once: the pace says how soon, not the round.
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => {
                tracing::error!(error = error_chain(&error), "a round failed");
                summary.failed_rounds += 1;
                last_error = Some(error);
            }
        }
        deadline.pause(policy::PAUSE).await;
    }
    tracing::info!(?summary, "bulk recovery ended");
    match last_error {
        Some(error) if summary.failed_rounds == summary.rounds => Err(error),
        _ => Ok(summary),
    }
}

/// One round: every live bulk action has one turn, whatever became of the ones before it. Returns
/// whether one of them did as much as a turn allows.
///
/// # Errors
/// The store's, when it cannot say whose turn it is.
pub async fn run_round(
    deps: &Deps,
    request_id: &str,
    deadline: Deadline,
    summary: &mut BulkSummary,
) -> Result<bool, StoreError> {
    summary.rounds += 1;
    let worker_id = format!("bulk-recovery:{request_id}");
    let run = Run { worker_id: &worker_id, deadline };
    let tx = deps.store.system_tx().await?;
    let (turns, unreadable) = take_turns(tx, (deps.now(), policy::ROUND_LIMIT)).await?;
    if unreadable > 0 {
        summary.failed += count(unreadable);
        tracing::error!(unreadable, "bulk actions that this version cannot read");
    }
    let mut is_full = false;
    for bulk in turns {
        if deadline.has_passed() {
            break;
        }
        let span = tracing::info_span!(
            "bulk_action",
            tenant.id = bulk.tenant.as_str(),
            bulk_action.id = %bulk.id,
        );
        match work_on(deps, run, &bulk, summary).instrument(span).await {
            Ok(was_full) => is_full |= was_full,
            Err(error) => {
                summary.failed += 1;
                let (id, error) = (bulk.id, error_chain(&error));
                tracing::error!(bulk_action.id = %id, error, "a bulk action had no turn");
            }
        }
    }
    Ok(is_full)
}

async fn work_on(
    deps: &Deps,
    run: Run<'_>,
    bulk: &LiveBulkAction,
    summary: &mut BulkSummary,
) -> Result<bool, StoreError> {
    let is_full = match bulk.status {
        // Nothing was acted on yet, so there is nothing to take over and nothing to follow.
        BulkStatus::Preparing => dry_run::look_ahead(deps, run, bulk, summary).await?,
        // Whatever its status is, what a dead worker had in hand is taken over.
        _ => {
            let is_full = carry_out::act_on_some(deps, run, bulk, summary).await?;
            let tx = deps.begin(&bulk.tenant).await?;
            let looked = follow_items(tx, bulk.id, (deps.now(), policy::FOLLOW_LIMIT)).await?;
            summary.followed += count(looked);
            is_full
        }
    };
    let tx = deps.begin(&bulk.tenant).await?;
    match advance_bulk_action(tx, &deps.context(run.worker_id), bulk.id).await? {
        AdvanceOutcome::Moved(status) => {
            summary.moved += 1;
            tracing::info!(status = status.as_str(), "the bulk action moved on");
        }
        AdvanceOutcome::Stayed => {}
    }
    Ok(is_full)
}
