//! Incidents of the engine at live orders become cases, and these close with them (§19).
//!
//! Read from our own rows after a look at the engine, so that a run that died in between is made up
//! for, and a case closes only when a complete look did not find its incident any more.

use lambda_support::error_chain;
use order_store::StoreError;
use order_store::commands::{Followed, follow_engine_incidents, list_unfollowed};

use super::Run;
use crate::deps::Deps;
use crate::policy;
use crate::summary::{ReconciliationSummary, count};

/// Follows some of what the last look left, the oldest first, one order at a time: one that cannot be written must not hold up
/// the others.
pub(super) async fn follow(
    deps: &Deps,
    run: Run<'_>,
    summary: &mut ReconciliationSummary,
) -> Result<(), StoreError> {
    let tx = deps.store.system_tx().await?;
    for order in list_unfollowed(tx, policy::ENGINE_CASES_PER_LOOK).await? {
        if run.deadline.has_passed() {
            break;
        }
        let (tx, ctx) = (deps.store.system_tx().await?, deps.context(run.request_id));
        match follow_engine_incidents(tx, &ctx, std::slice::from_ref(&order)).await {
            Ok(Followed { opened, closed }) => {
                summary.engine_cases_opened += count(opened);
                summary.engine_cases_closed += count(closed);
            }
            Err(error) => tracing::error!(
                order.id = %order.1,
                error = error_chain(&error),
                "the engine's incidents of an order were not followed"
            ),
        }
    }
    Ok(())
}
