//! The tenant's own audit chain, for what belongs to no order (§22 §41).

use order_domain::tenant::TenantId;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::audit::{AuditOutcome, ChainHead, GENESIS, next_entry};
use crate::change_set::{ChangeSet, Part};
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::Tx;

/// Begins the chain where there is none; either way the row is ours until the transaction ends.
pub(crate) const LOCK_TENANT_CHAIN: &str = r"
    insert into tenant_audit_chain as c (tenant_id, audit_sequence, audit_head)
    values ($1, 0, $2)
    on conflict (tenant_id) do update set audit_sequence = c.audit_sequence
    returning c.audit_sequence, c.audit_head";

/// The end of a tenant's chain, locked.
#[derive(Debug)]
pub(crate) struct TenantChain {
    tenant: TenantId,
    sequence: i64,
    head: String,
}

impl TenantChain {
    /// Locks the chain; whoever holds it is the only one who may write the next entry.
    pub(crate) async fn lock(tx: &Tx, tenant: &TenantId) -> Result<Self, StoreError> {
        let params = [(&tenant.as_str() as _, Type::TEXT), (&GENESIS as _, Type::TEXT)];
        let rows = tx.rows("lock_tenant_chain", LOCK_TENANT_CHAIN, &params).await?;
        let row = rows.first().ok_or(StoreError::NotFound { what: "the tenant's audit chain" })?;
        let r = Reader::new("tenant_audit_chain", row);
        let (sequence, head) = (r.get("audit_sequence")?, r.get("audit_head")?);
        Ok(Self { tenant: tenant.clone(), sequence, head })
    }

    /// Writes what became of a command as the next entry.
    pub(crate) fn push(
        self,
        set: &mut ChangeSet,
        ctx: &CommandContext,
        command: &'static str,
        outcome: &AuditOutcome,
    ) {
        let head = ChainHead {
            tenant: self.tenant.as_str(),
            chain_id: Uuid::nil(),
            sequence: self.sequence,
            previous_hash: &self.head,
        };
        let entry = next_entry(&head, ctx, command, outcome, None);
        set.push(Part::Audit, &entry);
        set.push(Part::TenantChain, &entry);
    }
}
