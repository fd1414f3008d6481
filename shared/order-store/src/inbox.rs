//! `inbox_message`: every authenticated callback, with its verdict (§16 §39).
//!
//! What can be parsed is kept by [`record_step_outcomes`](crate::commands::record_step_outcomes) in
//! the transaction that applies it; what cannot is kept here, visible, with an incident.

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

pub(crate) const REQUEST_OF_REFERENCE: &str = r"
    select s.request_id
    from fulfillment_step s
    where s.tenant_id = $1 and s.target_system = $2 and s.external_reference = $3
      and s.request_id is not null
    order by s.updated_at desc
    limit 1";

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

/// The request that a callback without a request id means, by the system's own reference.
///
/// # Errors
/// Technical failures of the store.
pub async fn find_request_of_reference(
    tx: SystemTx,
    tenant: &TenantId,
    (system, external_reference): (&str, &str),
) -> Result<Option<order_domain::ids::RequestId>, StoreError> {
    let params = [
        (&tenant.as_str() as _, Type::TEXT),
        (&system as _, Type::TEXT),
        (&external_reference as _, Type::TEXT),
    ];
    let rows = tx.run_alone("find_request_of_reference", REQUEST_OF_REFERENCE, &params).await?;
    rows.first()
        .map(|row| {
            let id = crate::row::Reader::new("fulfillment_step", row).get("request_id")?;
            Ok(order_domain::ids::RequestId::from_uuid(id))
        })
        .transpose()
}
