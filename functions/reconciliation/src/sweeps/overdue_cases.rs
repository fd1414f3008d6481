//! Cases that nobody touched in time go to the supervisors (§18 §20).
//!
//! The engine's daily timer is a fallback; the promise of one business day is kept here. Escalating
//! moves the deadline, so that a case is found once per period, and a look that finds little is
//! cheap: it reads the overdue end of a partial index.

use std::collections::BTreeSet;

use lambda_support::error_chain;
use order_domain::ids::OrderId;
use order_domain::tenant::TenantId;
use order_store::commands::escalate_overdue_cases;
use order_store::{StoreError, overdue_cases};

use super::Run;
use crate::deps::Deps;
use crate::policy;
use crate::summary::{ReconciliationSummary, count};

type OrderKey = (TenantId, OrderId);

/// Returns 0: everything that is overdue is escalated in one turn, batch by batch.
pub(crate) async fn sweep(
    deps: &Deps,
    run: Run<'_>,
    summary: &mut ReconciliationSummary,
) -> Result<usize, StoreError> {
    if summary.rounds % policy::OVERDUE_CASES_EVERY_ROUNDS != policy::OVERDUE_CASES_ROUND {
        return Ok(0);
    }
    loop {
        let tx = deps.store.system_tx().await?;
        let found =
            overdue_cases::list_overdue(tx, deps.now(), policy::OVERDUE_CASES_BATCH).await?;
        if found.is_empty() {
            return Ok(0);
        }
        let is_full = found.len() >= policy::OVERDUE_CASES_BATCH as usize;
        // Two cases of one order are escalated together.
        let orders: Vec<OrderKey> =
            found.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
        let escalated = escalate(deps, run, &orders).await?;
        summary.cases_escalated += count(escalated);
        tracing::warn!(metric = "cases_escalated", value = escalated, "nobody touched these cases");
        // What cannot be escalated is found first again: the next turn tries, not this one.
        if !is_full || escalated == 0 || run.deadline.has_passed() {
            return Ok(0);
        }
    }
}

/// All in one transaction; where that fails for good, one by one: an order that cannot be read or
/// written must not hold up the others.
async fn escalate(deps: &Deps, run: Run<'_>, orders: &[OrderKey]) -> Result<usize, StoreError> {
    let ctx = deps.context(run.request_id);
    match escalate_overdue_cases(deps.store.system_tx().await?, &ctx, orders).await {
        Err(error) if !error.is_retryable() && orders.len() > 1 => {
            tracing::error!(error = error_chain(&error), "cases are escalated one by one");
            let mut escalated = 0;
            for order in orders {
                let tx = deps.store.system_tx().await?;
                match escalate_overdue_cases(tx, &ctx, std::slice::from_ref(order)).await {
                    Ok(count) => escalated += count,
                    Err(error) => tracing::error!(
                        order.id = %order.1,
                        error = error_chain(&error),
                        "an overdue case cannot be escalated"
                    ),
                }
            }
            Ok(escalated)
        }
        answer => answer,
    }
}
