//! Expired leases and overdue answers: claimed, asked about, recorded (§15 §40).
//!
//! Invariant: nothing is sent to a target system here but queries; what may be sent again becomes
//! READY with its request id, and the ordinary way sends it.

use fault_points::{CrashPoint, reach};
use futures_util::{StreamExt, stream};
use lambda_support::Deadline;
use order_store::commands::{StepCheck, StepOutcome};
use order_store::{StoreError, due_steps};
use tracing::Instrument;

use super::Run;
use super::batch::{begin, record};
use crate::deps::Deps;
use crate::policy;
use crate::summary::{ReconciliationSummary, count};

/// Returns how many steps looked due.
pub(crate) async fn sweep(
    deps: &Deps,
    run: Run<'_>,
    summary: &mut ReconciliationSummary,
) -> Result<usize, StoreError> {
    // Claiming what cannot be asked about any more would only put it off.
    if run.deadline.remaining() <= policy::QUERY_LIMIT {
        return Ok(0);
    }
    let tx = deps.store.system_tx().await?;
    let due = due_steps::list_due(tx, deps.now(), policy::ROUND_LIMIT).await?;
    if !due.is_empty() {
        let checks = begin(deps, run.request_id, &due).await?;
        summary.checked += count(checks.len());
        let outcomes = ask_all(deps, &checks, run.deadline).await;
        reach(CrashPoint::ReconciliationAfterQuery).await?;
        let verdicts = record(deps, run.request_id, &outcomes).await?;
        reach(CrashPoint::ReconciliationAfterAdopting).await?;
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
        deps.queries.ask(check, deadline).instrument(span)
    });
    // Collected first: a lazy iterator of borrowing futures is not general enough to be spawned.
    let asked: Vec<_> = asked.collect();
    let answers = stream::iter(asked).buffer_unordered(policy::PARALLEL_QUERIES);
    answers.filter_map(std::future::ready).collect().await
}
