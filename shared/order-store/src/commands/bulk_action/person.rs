//! A person starts, approves, pauses, resumes or aborts a bulk action.

use futures_util::future::try_join3;
use order_domain::actor::Role;
use order_domain::bulk::{
    BulkAsker, BulkCommand, BulkRefusal, BulkStatus, PauseReason, decide_command,
};
use order_domain::ids::BulkActionId;
use serde::{Deserialize, Serialize};

use super::movement::{Cause, push_status};
use super::row::{BulkRow, lock};
use super::{BulkOutcome, Stored, conclude};
use crate::change_set::ChangeSet;
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::idempotency::{KeptAnswer, find_answer};
use crate::tenant_chain::TenantChain;
use crate::tx::TenantTx;

/// What a person wants of a bulk action.
#[derive(Debug, Clone)]
pub struct MoveBulkAction {
    /// The bulk action.
    pub bulk_action_id: BulkActionId,
    /// What to do with it.
    pub command: BulkCommand,
    /// The version that the person decided on.
    pub expected_version: i64,
    /// Why, as a code.
    pub reason_code: String,
    /// Why, in words; never logged.
    pub note: Option<String>,
    /// Digest of the request: the same key with another body is refused.
    pub fingerprint: String,
}

/// A bulk action after a person moved it, as it is kept under the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct BulkMoved {
    /// The bulk action.
    pub bulk_action_id: BulkActionId,
    /// Where it is now.
    pub status: BulkStatus,
    /// Its version now.
    pub version: i64,
}

/// The audited name of a command on a bulk action.
const fn audited(command: BulkCommand) -> &'static str {
    match command {
        BulkCommand::Start => "start_bulk_action",
        BulkCommand::Approve => "approve_bulk_action",
        BulkCommand::Pause => "pause_bulk_action",
        BulkCommand::Resume => "resume_bulk_action",
        BulkCommand::Abort => "abort_bulk_action",
    }
}

/// Moves a bulk action, in two round trips. The key of `ctx` makes a repeat answer the same.
///
/// # Errors
/// Technical failures of the store; nothing is changed then.
pub async fn move_bulk_action(
    mut tenant_tx: TenantTx,
    ctx: &CommandContext,
    request: &MoveBulkAction,
) -> Result<BulkOutcome<BulkMoved>, StoreError> {
    let tenant = tenant_tx.tenant.clone();
    let (stored, bulk, chain) = tenant_tx
        .tx
        .open(Some(&tenant), async |tx| {
            try_join3(
                find_answer::<Stored<BulkMoved>>(tx, &tenant, (ctx, &request.fingerprint)),
                lock(tx, &tenant, request.bulk_action_id),
                TenantChain::lock(tx, &tenant),
            )
            .await
        })
        .await?;
    let known = match (stored, &bulk) {
        (Some(KeptAnswer::Same(stored)), _) => Some(stored.into()),
        (Some(KeptAnswer::OtherRequest), _) => Some(BulkOutcome::KeyReused),
        (None, None) => Some(BulkOutcome::NotFound),
        (None, Some(_)) => None,
    };
    let (Some(bulk), None) = (&bulk, &known) else {
        tenant_tx.tx.roll_back().await?;
        return Ok(known.unwrap_or(BulkOutcome::NotFound));
    };
    let mut set = ChangeSet::default();
    let answer = decide(ctx, request, bulk);
    let answer = answer.map(|status| push(&mut set, (ctx, request), (bulk, status)));
    let asked = (ctx, audited(request.command), &*request.fingerprint);
    conclude(tenant_tx, asked, (set, chain), answer).await
}

fn decide(
    ctx: &CommandContext,
    request: &MoveBulkAction,
    bulk: &BulkRow,
) -> Result<BulkStatus, BulkRefusal> {
    let roles: Vec<Role> = ctx.actor.known_roles();
    let asker = BulkAsker { roles: &roles, is_requester: bulk.requested_by == ctx.actor.name };
    let place = (bulk.facts.status, bulk.approved_by.is_some());
    let decided = decide_command(request.command, place, (bulk.action, asker));
    match decided {
        // Whoever may not ask is not told what is going on.
        Err(BulkRefusal::RoleNotAllowed) => decided,
        _ if request.expected_version != bulk.version => Err(BulkRefusal::VersionConflict),
        _ => decided,
    }
}

fn push(
    set: &mut ChangeSet,
    (ctx, request): (&CommandContext, &MoveBulkAction),
    (bulk, status): (&BulkRow, BulkStatus),
) -> BulkMoved {
    let approved_by = match request.command {
        BulkCommand::Approve => Some(ctx.actor.name.clone()),
        _ => bulk.approved_by.clone(),
    };
    let cause = Cause {
        command: request.command.as_str(),
        reason_code: &request.reason_code,
        note: request.note.as_deref(),
        pause_reason: PauseReason::Person,
    };
    let version = push_status(set, bulk, (status, approved_by), (ctx, &cause));
    BulkMoved { bulk_action_id: bulk.id, status, version }
}
