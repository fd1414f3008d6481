//! What an operator's command about no single order leaves: an entry in the tenant's own chain, and its
//! answer under the caller's key.

use order_domain::tenant::TenantId;
use serde::Serialize;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::audit::{AuditOutcome, ChainHead, next_entry};
use crate::change_set::{ChangeSet, NewIdempotency, Part};
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::idempotency::OPERATOR_SCOPE;
use crate::row::Reader;

/// An entry behind the chain's head, which the caller has locked.
pub(super) fn push_audit(
    set: &mut ChangeSet,
    tenant: &TenantId,
    ctx: &CommandContext,
    (command, outcome, chain): (&'static str, &AuditOutcome, &[Row]),
) -> Result<(), StoreError> {
    let row = chain.first().ok_or(StoreError::NotFound { what: "the tenant's audit chain" })?;
    let r = Reader::new("tenant_audit_chain", row);
    let previous_hash: String = r.get("audit_head")?;
    let head = ChainHead {
        tenant: tenant.as_str(),
        chain_id: Uuid::nil(),
        sequence: r.get("audit_sequence")?,
        previous_hash: &previous_hash,
    };
    let entry = next_entry(&head, ctx, command, outcome, None);
    set.push(Part::Audit, &entry);
    set.push(Part::TenantChain, &entry);
    Ok(())
}

/// The answer, kept so that a repeat with the key is told the same.
pub(super) fn push_key(
    set: &mut ChangeSet,
    tenant: &TenantId,
    ctx: &CommandContext,
    (operation, fingerprint, result): (&'static str, &str, &impl Serialize),
) -> Result<(), StoreError> {
    let Some(key) = &ctx.idempotency_key else { return Ok(()) };
    let result =
        serde_json::to_value(result).map_err(|source| StoreError::Encode { operation, source })?;
    let row = NewIdempotency {
        tenant_id: tenant.to_string(),
        scope: OPERATOR_SCOPE,
        key: key.clone(),
        fingerprint: fingerprint.to_owned(),
        status: "DONE",
        result_status: Some(200),
        result,
        created_at: ctx.now,
    };
    set.push(Part::NewIdempotency, &row);
    Ok(())
}
