//! `inbox_message`: every authenticated callback, with its verdict (§16 §39).
//!
//! What can be parsed is kept by [`record_step_outcomes`](crate::commands::record_step_outcomes) in
//! the transaction that applies it; what cannot is kept here, visible, with an incident.
//! UNMATCHED is final only when no further match is planned (`next_match_at` is null).

mod orphan;
mod unmatched;

pub(crate) use orphan::{EXPOSE_FOREIGN, GIVE_UP, LIST_ORPHANS};
pub use orphan::{MessageKey, OrphanCallback, expose_foreign, give_up, list_orphans};
pub(crate) use unmatched::{CLAIM_UNMATCHED, KEEP_UNREFERENCED, REQUESTS_OF_REFERENCES};
pub use unmatched::{
    ORPHAN_AFTER, UnmatchedCallback, UnreferencedCallback, claim_unmatched,
    find_requests_of_references, keep_unreferenced,
};

use jiff::Timestamp;
use order_domain::tenant::TenantId;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::commands::CallbackReceipt;
use crate::error::StoreError;
use crate::tx::SystemTx;

pub(crate) const KEEP_MALFORMED: &str = r"
    with kept as (
        insert into inbox_message (tenant_id, system, message_id, digest, verdict, detail, received_at, applied_at)
        values ($1, $2, $3, $4, 'MALFORMED', $5, $6, $7)
        on conflict (tenant_id, system, message_id) do nothing
        returning tenant_id, system),
    incident as (
        insert into platform_incident (tenant_id, id, kind, cause, target_system, severity, detail,
            occurrence_count, first_seen_at, last_seen_at)
        select k.tenant_id, $8, 'MALFORMED_CALLBACK', 'system:' || k.system, k.system, 'MINOR', $5, 1, $7, $7
        from kept k
        on conflict (tenant_id, kind, cause) where resolved_at is null
        do update set occurrence_count = platform_incident.occurrence_count + 1,
            last_seen_at = excluded.last_seen_at, detail = excluded.detail)
    select k.system from kept k";

/// Keeps a callback that cannot be parsed. It is never looped: keeping it is its end.
///
/// # Errors
/// Technical failures of the store.
pub async fn keep_malformed(
    tx: SystemTx,
    (tenant, receipt): (&TenantId, &CallbackReceipt),
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let params = [
        (&tenant.as_str() as _, Type::TEXT),
        (&receipt.system as _, Type::TEXT),
        (&receipt.message_id as _, Type::TEXT),
        (&receipt.digest as _, Type::TEXT),
        (&reason as _, Type::TEXT),
        (&receipt.received_at as _, Type::TIMESTAMPTZ),
        (&now as _, Type::TIMESTAMPTZ),
        (&Uuid::now_v7() as _, Type::UUID),
    ];
    tx.run_alone("keep_malformed", KEEP_MALFORMED, &params).await?;
    Ok(())
}
