//! READY steps whose dispatch is overdue: a queue lost it after accepting it, so it is owed again.

use order_store::{StoreError, due_steps};

use crate::deps::Deps;
use crate::policy;
use crate::summary::{ReconciliationSummary, count};

/// Returns how many were found.
pub(crate) async fn sweep(
    deps: &Deps,
    summary: &mut ReconciliationSummary,
) -> Result<usize, StoreError> {
    let tx = deps.store.system_tx().await?;
    let (now, limit) = (deps.now(), policy::ROUND_LIMIT);
    let owed = due_steps::redispatch_overdue(tx, now, policy::DISPATCH_PATIENCE, limit).await?;
    summary.redispatched += count(owed);
    Ok(owed)
}
