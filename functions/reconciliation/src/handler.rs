//! Rounds of asking: what is due is claimed, asked about, and recorded.
//!
//! Trigger: schedule, every minute; one run at a time (reserved concurrency), and two at once are
//! harmless. Safe to run twice: a check is claimed by the step's lease epoch, an answer counts only
//! under the newest claim, and a settled step absorbs what comes late.
//!
//! Invariant: nothing is sent to a target system here but queries; "provably absent" makes the step
//! READY again, with the same request id, and the ordinary way sends it.

use futures_util::{StreamExt, stream};
use lambda_runtime::LambdaEvent;
use lambda_support::{Deadline, error_chain};
use order_store::commands::{StepCheck, StepOutcome};
use order_store::{StoreError, due_steps};
use tracing::Instrument;

use crate::batch::{begin, record};
pub use crate::deps::Deps;
use crate::policy;
use crate::summary::ReconciliationSummary;

/// Works until the deadline. What the schedule sends is not read.
///
/// # Errors
/// The store's, when no round succeeded at all.
pub async fn handle(
    deps: &Deps,
    event: LambdaEvent<serde_json::Value>,
) -> Result<ReconciliationSummary, StoreError> {
    let deadline = Deadline::from_context(&event.context, policy::MARGIN);
    run(deps, &event.context.request_id, deadline).await
}

/// Rounds until `deadline`.
///
/// # Errors
/// The store's, when no round succeeded at all.
pub async fn run(
    deps: &Deps,
    request_id: &str,
    deadline: Deadline,
) -> Result<ReconciliationSummary, StoreError> {
    let mut summary = ReconciliationSummary::default();
    let mut last_error = None;
    while !deadline.has_passed() {
        let found = match run_round(deps, request_id, deadline, &mut summary).await {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(error = error_chain(&error), "a round failed");
                summary.failed_rounds += 1;
                last_error = Some(error);
                0
            }
        };
        if found < policy::ROUND_LIMIT as usize {
            pause(deadline).await;
        }
    }
    summary.deadline_reached = true;
    tracing::info!(?summary, "reconciliation ended");
    match last_error {
        Some(error) if summary.failed_rounds == summary.rounds => Err(error),
        _ => Ok(summary),
    }
}

/// One round; returns how many steps looked due.
///
/// # Errors
/// The store's; what was claimed is due again when its lease is over.
pub async fn run_round(
    deps: &Deps,
    request_id: &str,
    deadline: Deadline,
    summary: &mut ReconciliationSummary,
) -> Result<usize, StoreError> {
    summary.rounds += 1;
    // First what no due step can hold up.
    let tx = deps.store.system_tx().await?;
    let (now, limit) = (deps.now(), policy::ROUND_LIMIT);
    let owed = due_steps::redispatch_overdue(tx, now, policy::DISPATCH_PATIENCE, limit).await?;
    summary.redispatched += count(owed);
    // Claiming what cannot be asked about any more would only put it off.
    if deadline.remaining() <= policy::QUERY_LIMIT {
        return Ok(0);
    }
    let tx = deps.store.system_tx().await?;
    let due = due_steps::list_due(tx, deps.now(), policy::ROUND_LIMIT).await?;
    if !due.is_empty() {
        let checks = begin(deps, request_id, &due).await?;
        summary.checked += count(checks.len());
        let outcomes = ask_all(deps, &checks, deadline).await;
        let verdicts = record(deps, request_id, &outcomes).await?;
        verdicts.into_iter().for_each(|x| summary.count(x));
    }
    Ok(due.len())
}

async fn ask_all(deps: &Deps, checks: &[StepCheck], deadline: Deadline) -> Vec<StepOutcome> {
    let asked = checks.iter().map(|check| {
        let span = tracing::info_span!(
            "check",
            tenant.id = check.tenant.as_str(),
            order.id = %check.order_id,
            order.version = check.order_version,
            fulfillment_step.id = %check.step_id,
            target_system = check.target_system,
            request.id = %check.request_id,
        );
        deps.queries.ask(check, deps.now(), deadline).instrument(span)
    });
    // Collected first: a lazy iterator of borrowing futures is not general enough to be spawned.
    let asked: Vec<_> = asked.collect();
    let answers = stream::iter(asked).buffer_unordered(policy::PARALLEL_QUERIES);
    answers.filter_map(std::future::ready).collect().await
}

#[expect(clippy::disallowed_methods, reason = "between two rounds real time passes")]
async fn pause(deadline: Deadline) {
    tokio::time::sleep(deadline.remaining().min(policy::PAUSE)).await;
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
