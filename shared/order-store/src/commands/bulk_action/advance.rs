//! The worker takes a bulk action where its counts and the clock lead.

use order_domain::bulk::{Advance, BulkStatus, PauseReason, advance};
use order_domain::ids::BulkActionId;

use super::movement::{Cause, push_status};
use super::row::lock;
use crate::change_set::ChangeSet;
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::tx::TenantTx;

/// What became of a bulk action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum AdvanceOutcome {
    /// It has another status now.
    Moved(BulkStatus),
    /// Nothing yet.
    Stayed,
}

/// Looks at a bulk action under its lock and moves it on, in two round trips at most.
///
/// # Errors
/// Technical failures of the store; nothing is changed then.
pub async fn advance_bulk_action(
    mut tenant_tx: TenantTx,
    ctx: &CommandContext,
    id: BulkActionId,
) -> Result<AdvanceOutcome, StoreError> {
    let tenant = tenant_tx.tenant.clone();
    let bulk = tenant_tx.tx.open(Some(&tenant), async |tx| lock(tx, &tenant, id).await).await?;
    let moved = bulk.as_ref().and_then(|x| {
        let step = advance(&x.facts, ctx.now);
        Some((x, step, step.status(x.facts.status)?))
    });
    let Some((bulk, step, status)) = moved else {
        tenant_tx.tx.roll_back().await?;
        return Ok(AdvanceOutcome::Stayed);
    };
    let (command, reason_code) = words(step);
    let cause =
        Cause { command, reason_code, note: None, pause_reason: PauseReason::TooManyFailures };
    let mut set = ChangeSet::default();
    push_status(&mut set, bulk, (status, bulk.approved_by.clone()), (ctx, &cause));
    set.write(tenant_tx.tx, "advance_bulk_action").await?;
    Ok(AdvanceOutcome::Moved(status))
}

/// What the journal of the bulk action says.
const fn words(step: Advance) -> (&'static str, &'static str) {
    match step {
        Advance::Stay => ("stay", ""),
        Advance::Prepare => ("prepared", "DRY_RUN_COMPLETE"),
        Advance::AwaitApproval => ("canary-ended", "CANARY_COMPLETE"),
        Advance::Pause => ("pause", "TOO_MANY_FAILURES"),
        Advance::Expire => ("expire", "NOBODY_CAME"),
        Advance::End => ("end", "EVERY_CASE_HAS_A_RESULT"),
    }
}
