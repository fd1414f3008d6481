//! The audit chain: each entry carries the hash of the one before it (§22 §41).
//!
//! An order has a chain of its own, whose head is kept in the order's row; what concerns no order
//! goes to the tenant's chain.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::change_set::AuditRow;
use crate::context::CommandContext;

/// Previous hash of the first entry of a chain.
pub(crate) const GENESIS: &str = "genesis";

/// What happened to a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AuditOutcome {
    Applied,
    AlreadyApplied,
    Refused(String),
}

/// Position of the next entry in a chain.
pub(crate) struct ChainHead<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) chain_id: Uuid,
    pub(crate) sequence: i64,
    pub(crate) previous_hash: &'a str,
}

/// The entry that follows `head`.
pub(crate) fn next_entry(
    head: &ChainHead<'_>,
    ctx: &CommandContext,
    command: &'static str,
    outcome: &AuditOutcome,
    order_version: Option<i64>,
) -> AuditRow {
    let (outcome_text, code) = match outcome {
        AuditOutcome::Applied => ("APPLIED", None),
        AuditOutcome::AlreadyApplied => ("ALREADY_APPLIED", None),
        AuditOutcome::Refused(code) => ("REFUSED", Some(code.clone())),
    };
    let sequence = head.sequence + 1;
    let mut row = AuditRow {
        tenant_id: head.tenant.to_owned(),
        id: Uuid::now_v7(),
        chain_id: head.chain_id,
        sequence,
        command,
        actor_kind: ctx.actor.kind.as_str(),
        actor_name: ctx.actor.name.clone(),
        roles: ctx.actor.roles.clone(),
        worker_id: ctx.actor.worker_id.clone(),
        idempotency_key: ctx.idempotency_key.clone(),
        outcome: outcome_text,
        code,
        order_version,
        previous_hash: head.previous_hash.to_owned(),
        hash: String::new(),
        occurred_at: ctx.now,
    };
    row.hash = hash_of(&row);
    row
}

/// SHA-256 over the entry's fields, each with its length, so that no two entries collide by shifting.
fn hash_of(row: &AuditRow) -> String {
    let sequence = row.sequence.to_string();
    let version = row.order_version.map(|x| x.to_string()).unwrap_or_default();
    let roles = row.roles.join(",");
    let occurred_at = row.occurred_at.as_microsecond().to_string();
    let chain = row.chain_id.to_string();
    let fields = [
        row.tenant_id.as_str(),
        &chain,
        &sequence,
        row.command,
        row.actor_kind,
        &row.actor_name,
        &roles,
        row.worker_id.as_deref().unwrap_or_default(),
        row.idempotency_key.as_deref().unwrap_or_default(),
        row.outcome,
        row.code.as_deref().unwrap_or_default(),
        &version,
        &occurred_at,
        &row.previous_hash,
    ];
    let mut hasher = Sha256::new();
    for field in fields {
        hasher.update(u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(field.as_bytes());
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
