//! Rounds of sweeps: what was forgotten, lost or left open is found and settled.
//!
//! Trigger: schedule, every minute; one run at a time (reserved concurrency), and two at once are
//! harmless. Safe to run twice: a check is claimed by the step's lease epoch, an answer counts only
//! under the newest claim, and a settled step absorbs what comes late.

use lambda_runtime::LambdaEvent;
use lambda_support::{Deadline, error_chain};
use order_store::StoreError;

pub use crate::deps::Deps;
use crate::policy;
use crate::summary::ReconciliationSummary;
use crate::sweeps::{
    Run, circuits, contradictions, due_steps, engine_reports, liveness, lost_dispatches,
    overdue_cases, processes, unmatched_callbacks,
};

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
        match run_round(deps, request_id, deadline, &mut summary).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => {
                summary.failed_rounds += 1;
                last_error = Some(error);
            }
        }
        deadline.pause(policy::PAUSE).await;
    }
    summary.deadline_reached = true;
    tracing::info!(?summary, "reconciliation ended");
    match last_error {
        Some(error) if summary.failed_rounds == summary.rounds => Err(error),
        _ => Ok(summary),
    }
}

/// One round: every sweep has its turn, whatever became of the ones before it. Returns whether a
/// sweep found as much as it may take.
///
/// # Errors
/// The last sweep's that failed; what it had claimed is due again when its lease is over.
pub async fn run_round(
    deps: &Deps,
    request_id: &str,
    deadline: Deadline,
    summary: &mut ReconciliationSummary,
) -> Result<bool, StoreError> {
    summary.rounds += 1;
    let run = Run { request_id, deadline };
    let found = [
        // First: what it lets be asked about is asked about in the same round.
        ("circuits", circuits::sweep(deps, run, summary).await),
        ("lost_dispatches", lost_dispatches::sweep(deps, summary).await),
        ("due_steps", due_steps::sweep(deps, run, summary).await),
        ("unmatched_callbacks", unmatched_callbacks::sweep(deps, run, summary).await),
        ("contradictions", contradictions::sweep(deps, run, summary).await),
        ("processes", processes::sweep(deps, run, summary).await),
        ("engine_reports", engine_reports::sweep(deps, run, summary).await),
        ("overdue_cases", overdue_cases::sweep(deps, run, summary).await),
        // Last: what the others can settle is not stranded.
        ("liveness", liveness::sweep(deps, run, summary).await),
    ];
    let mut is_full = false;
    let mut failure = None;
    for (sweep, result) in found {
        match result {
            Ok(count) => is_full |= count >= policy::ROUND_LIMIT as usize,
            Err(error) => {
                tracing::error!(sweep, error = error_chain(&error), "a sweep failed");
                failure = Some(error);
            }
        }
    }
    failure.map_or(Ok(is_full), Err)
}
