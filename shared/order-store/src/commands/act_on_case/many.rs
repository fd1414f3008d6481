//! What one action would come to for each of many cases: the dry run of a bulk action.
//!
//! The same decision as for one case, read in one snapshot and without a lock: nothing is promised,
//! the action is decided again when the case has its turn.

use order_domain::fallout::{ActionEffect, ActionRefusal};

use super::input::{ActOnCase, ActOutcome};
use super::load::{ManyLoaded, Stored, read_many};
use super::{decide, replay};
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::idempotency::find_answer;
use crate::tx::TenantTx;

/// What would become of one case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum ActionForecast {
    /// It would be done now.
    Possible(ActionEffect),
    /// A second person would have to agree.
    NeedsApproval,
    /// It would be refused.
    Refused(ActionRefusal),
    /// The order has no such case.
    NotFound,
}

/// Decides the same action for many cases of one tenant, in two round trips; writes nothing.
///
/// # Errors
/// Technical failures of the store.
pub async fn foresee_actions(
    mut tenant_tx: TenantTx,
    ctx: &CommandContext,
    requests: &[ActOnCase],
) -> Result<Vec<ActionForecast>, StoreError> {
    let tenant = tenant_tx.tenant.clone();
    let loaded = tenant_tx
        .tx
        .open_snapshot(&tenant, async |tx| read_many(tx, &tenant, requests).await)
        .await?;
    tenant_tx.tx.roll_back().await?;
    let forecast = |request: &ActOnCase| {
        let ManyLoaded { orders, cases, target } = &loaded;
        let order = orders.get(&(tenant.clone(), request.order_id));
        let case = request.case_id.and_then(|id| cases.get(&id));
        let (Some(order), Some(case)) = (order, case) else { return ActionForecast::NotFound };
        match decide(ctx, request, (order, case, target)) {
            Ok(plan) if plan.needs_approval => ActionForecast::NeedsApproval,
            Ok(plan) => ActionForecast::Possible(plan.effect),
            Err((refusal, _)) => ActionForecast::Refused(refusal),
        }
    };
    Ok(requests.iter().map(forecast).collect())
}

/// What was answered under the key of `ctx`, in two round trips; `None` where nothing was done.
///
/// # Errors
/// Technical failures of the store.
pub async fn recall_action(
    mut tenant_tx: TenantTx,
    ctx: &CommandContext,
    request: &ActOnCase,
) -> Result<Option<ActOutcome>, StoreError> {
    let tenant = tenant_tx.tenant.clone();
    let kept = tenant_tx
        .tx
        .open(Some(&tenant), async |tx| {
            find_answer::<Stored>(tx, &tenant, (ctx, &request.fingerprint)).await
        })
        .await?;
    tenant_tx.tx.roll_back().await?;
    Ok(kept.map(replay))
}
