//! Circuits of target systems whose time has come: a probe, a hold that ends, what drains (ADR 0029).
//!
//! In every round, because a rate is kept by letting few go often. A look that finds nothing reads the
//! due end of a partial index, in which closed circuits are not.

use order_domain::circuit::CircuitStatus;
use order_store::commands::{CircuitMove, move_circuits};
use order_store::{StoreError, circuit};

use super::Run;
use crate::deps::Deps;
use crate::policy;
use crate::summary::{ReconciliationSummary, count};

/// Returns 0: what drains is due again in a moment, and a round at once would be too early.
pub(crate) async fn sweep(
    deps: &Deps,
    run: Run<'_>,
    summary: &mut ReconciliationSummary,
) -> Result<usize, StoreError> {
    let tx = deps.store.system_tx().await?;
    let due = circuit::list_due(tx, deps.now(), policy::CIRCUITS_PER_ROUND).await?;
    if due.is_empty() {
        return Ok(0);
    }
    let tx = deps.store.system_tx().await?;
    let moves = move_circuits(tx, &deps.context(run.request_id), &due).await?;
    summary.circuits_moved += count(moves.len());
    moves.iter().for_each(log);
    Ok(0)
}

/// What drains moves every second or so: the summary counts it.
fn log(moved: &CircuitMove) {
    if matches!(moved.status, CircuitStatus::Closed | CircuitStatus::Probing) {
        let (system, status) = (moved.key.system.as_str(), moved.status.as_str());
        let tenant = moved.key.tenant.as_str();
        tracing::info!(tenant.id = tenant, target_system = system, status, "circuit moved");
    }
}
