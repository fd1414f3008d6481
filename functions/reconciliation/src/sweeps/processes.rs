//! Processes compared with their orders: ended, lost, doubled, or as they should be (§40).
//!
//! Every live correlation is due some time. The engine is asked about all of a round's in one
//! question, by business key, so that instances which nobody recorded are seen as well. What is
//! missing is put back through the outbox; nothing is started here.
//! An engine that does not answer changes nothing: everything is due again in a minute.

mod cases;
mod look;
mod settle;
mod verdict;

use lambda_support::error_chain;
use order_store::{StoreError, correlation};

use super::Run;
use crate::deps::Deps;
use crate::policy;
use crate::summary::{ReconciliationSummary, count};

/// Returns how many processes were due.
pub(crate) async fn sweep(
    deps: &Deps,
    run: Run<'_>,
    summary: &mut ReconciliationSummary,
) -> Result<usize, StoreError> {
    let Some(engine) = &deps.engine else { return Ok(0) };
    if run.deadline.remaining() <= policy::ENGINE_LOOK {
        return Ok(0);
    }
    let tx = deps.store.system_tx().await?;
    let checks = correlation::claim_checks(tx, deps.now(), policy::ROUND_LIMIT).await?;
    if checks.is_empty() {
        return Ok(0);
    }
    summary.processes_checked += count(checks.len());
    match look::at(engine, &checks).await {
        Ok(seen) => {
            let alive = settle::settle(deps, run, (&checks, &seen), summary).await?;
            cases::compare(deps, engine, &alive, summary).await?;
        }
        Err(error) => {
            summary.engine_silent += 1;
            tracing::warn!(error = error_chain(&error), "the engine was not asked about processes");
        }
    }
    Ok(checks.len())
}
