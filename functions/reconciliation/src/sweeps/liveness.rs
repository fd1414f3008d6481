//! Orders without a next event: none at rest; each one found is restored and reported (RELIABILITY §1).
//!
//! A look reads every live order, so it is taken in some rounds only. The metric is written as one
//! log line that CloudWatch turns into a number, also when it is 0: silence is not health.

use order_store::commands::{Restored, restore_next_events};
use order_store::{StoreError, liveness};

use super::Run;
use crate::deps::Deps;
use crate::policy;
use crate::summary::{ReconciliationSummary, count};

/// Returns how many were found.
pub(crate) async fn sweep(
    deps: &Deps,
    run: Run<'_>,
    summary: &mut ReconciliationSummary,
) -> Result<usize, StoreError> {
    if summary.rounds % policy::LIVENESS_EVERY_ROUNDS != 1 {
        return Ok(0);
    }
    let since = (deps.now(), policy::LIVENESS_GRACE);
    let tx = deps.store.system_tx().await?;
    summary.restarted += count(liveness::owe_lost_starts(tx, since, policy::ROUND_LIMIT).await?);
    let tx = deps.store.system_tx().await?;
    let stranded = liveness::find_stranded(tx, since, policy::ROUND_LIMIT).await?;
    tracing::info!(
        metric = "orders_without_next_event",
        value = stranded.total,
        "orders without a next event"
    );
    summary.without_next_event = u32::try_from(stranded.total).unwrap_or(u32::MAX);
    // One at a time: one order that cannot be read must not hold up the others.
    for order in &stranded.orders {
        let tx = deps.store.system_tx().await?;
        let ctx = deps.context(run.request_id);
        match restore_next_events(tx, &ctx, std::slice::from_ref(order)).await {
            Ok(restored) => restored.into_iter().for_each(|x| count_one(summary, x)),
            Err(error) => {
                let error = lambda_support::error_chain(&error);
                tracing::error!(order.id = %order.1, error, "an order cannot be restored");
            }
        }
    }
    Ok(stranded.orders.len())
}

fn count_one(summary: &mut ReconciliationSummary, restored: Restored) {
    match restored {
        Restored::Repaired => summary.restored += 1,
        Restored::CaseOpened => summary.given_to_people += 1,
        Restored::NotNeeded => {}
    }
}
