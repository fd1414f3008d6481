//! Prepares a bulk action: what is selected now is what it is about.

use futures_util::future::try_join3;
use order_domain::actor::Role;
use order_domain::bulk::{BulkItemStatus, BulkRefusal, BulkStatus, MAX_ITEMS};
use order_domain::fallout::FalloutAction;
use order_domain::ids::BulkActionId;
use order_domain::tenant::TenantId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{BulkOutcome, Stored, conclude};
use crate::change_set::{ChangeSet, NewBulkAction, NewBulkItem, Part};
use crate::commands::ActionInput;
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::idempotency::{KeptAnswer, find_answer};
use crate::read_model::{CaseFilter, CaseSummary, select_cases};
use crate::tenant_chain::TenantChain;
use crate::tx::TenantTx;

/// One action on every open case that fits.
#[derive(Debug, Clone)]
pub struct PrepareBulkAction {
    /// What to do to each case.
    pub action: FalloutAction,
    /// What the action needs besides, the same for each.
    pub input: ActionInput,
    /// Why, as a code.
    pub reason_code: String,
    /// Why, in words; never logged.
    pub note: Option<String>,
    /// Which cases.
    pub filter: CaseFilter,
    /// The same as it was asked for.
    pub selection: Value,
    /// How many are tried first.
    pub canary_size: u32,
    /// How many a minute, of each target system.
    pub rate_per_minute: u32,
    /// After how many failures it pauses.
    pub pause_after_failures: u32,
    /// Digest of the request: the same key with another body is refused.
    pub fingerprint: String,
}

/// A bulk action that is being prepared, as it is kept under the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct BulkPrepared {
    /// The bulk action.
    pub bulk_action_id: BulkActionId,
    /// The cases that were selected.
    pub item_count: u32,
}

const COMMAND: &str = "prepare_bulk_action";

/// Selects the cases and keeps them, in two round trips. The dry run follows; nothing is done yet.
///
/// The key of `ctx` makes a repeat answer the same.
///
/// # Errors
/// Technical failures of the store; nothing is changed then.
pub async fn prepare_bulk_action(
    mut tenant_tx: TenantTx,
    ctx: &CommandContext,
    request: &PrepareBulkAction,
) -> Result<BulkOutcome<BulkPrepared>, StoreError> {
    let tenant = tenant_tx.tenant.clone();
    let allowed = may_ask(ctx, request);
    // Whoever may not ask has nothing selected.
    let limit = if allowed.is_ok() { MAX_ITEMS + 1 } else { 0 };
    let (stored, cases, chain) = tenant_tx
        .tx
        .open(Some(&tenant), async |tx| {
            try_join3(
                find_answer::<Stored<BulkPrepared>>(tx, &tenant, (ctx, &request.fingerprint)),
                select_cases(tx, (&tenant, &request.filter), limit),
                TenantChain::lock(tx, &tenant),
            )
            .await
        })
        .await?;
    if let Some(stored) = stored {
        tenant_tx.tx.roll_back().await?;
        return Ok(match stored {
            KeptAnswer::Same(stored) => stored.into(),
            KeptAnswer::OtherRequest => BulkOutcome::KeyReused,
        });
    }
    let mut set = ChangeSet::default();
    let answer = match allowed.and_then(|()| check_count(&cases)) {
        Ok(()) => Ok(push(&mut set, (&tenant, ctx), (request, &cases))?),
        Err(refusal) => Err(refusal),
    };
    conclude(tenant_tx, (ctx, COMMAND, &request.fingerprint), (set, chain), answer).await
}

fn may_ask(ctx: &CommandContext, request: &PrepareBulkAction) -> Result<(), BulkRefusal> {
    let roles: Vec<Role> = ctx.actor.known_roles();
    if !request.action.roles().iter().any(|role| roles.contains(role)) {
        Err(BulkRefusal::RoleNotAllowed)
    } else if !request.action.is_for_many() {
        Err(BulkRefusal::ActionNotForMany)
    } else {
        Ok(())
    }
}

fn check_count(cases: &[CaseSummary]) -> Result<(), BulkRefusal> {
    match cases.len() {
        0 => Err(BulkRefusal::SelectsNothing),
        count if count > MAX_ITEMS as usize => Err(BulkRefusal::SelectsTooMany),
        _ => Ok(()),
    }
}

fn push(
    set: &mut ChangeSet,
    (tenant, ctx): (&TenantId, &CommandContext),
    (request, cases): (&PrepareBulkAction, &[CaseSummary]),
) -> Result<BulkPrepared, StoreError> {
    let id = Uuid::now_v7();
    let item_count = u32::try_from(cases.len()).unwrap_or(u32::MAX);
    let input = serde_json::to_value(&request.input)
        .map_err(|source| StoreError::Encode { operation: COMMAND, source })?;
    let status = BulkStatus::Preparing;
    let bulk = NewBulkAction {
        tenant_id: tenant.to_string(),
        id,
        action: request.action.as_str(),
        input,
        reason_code: request.reason_code.clone(),
        note: request.note.clone(),
        selection: request.selection.clone(),
        status: status.as_str(),
        item_count,
        canary_size: request.canary_size,
        rate_per_minute: request.rate_per_minute,
        pause_after_failures: request.pause_after_failures,
        requested_by: ctx.actor.name.clone(),
        requested_roles: ctx.actor.roles.clone(),
        journal: json!([{ "at": ctx.now, "by": ctx.actor.name, "command": "prepare",
            "reasonCode": request.reason_code, "note": request.note, "to": status }]),
        version: 1,
        created_at: ctx.now,
    };
    set.push(Part::NewBulkAction, &bulk);
    let is_replaced = request.action == FalloutAction::ReplaceTarget;
    let replacement = request.input.target_system.as_ref().filter(|_| is_replaced);
    for (case, position) in cases.iter().zip(1..) {
        let item = NewBulkItem {
            tenant_id: tenant.to_string(),
            bulk_action_id: id,
            position,
            order_id: case.order_id.as_uuid(),
            fallout_case_id: case.fallout_case_id.as_uuid(),
            case_version: case.version,
            // The pace is that of whoever is going to be asked.
            target_system: replacement.cloned().or_else(|| case.target_system.clone()),
            status: BulkItemStatus::Selected.as_str(),
        };
        set.push(Part::NewBulkItem, &item);
    }
    Ok(BulkPrepared { bulk_action_id: BulkActionId::from_uuid(id), item_count })
}
