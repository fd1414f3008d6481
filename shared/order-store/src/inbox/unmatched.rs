//! Callbacks that fit no step yet: kept with their answer, matched again, given up after an hour.
//!
//! The submit answer that brings the reference may be late, and a database may be restored to a
//! moment before the request.
//! Safe to run twice: a claim puts the message off, and only a final verdict replaces the row.

use jiff::{SignedDuration, Timestamp};
use order_domain::ids::RequestId;
use order_domain::step::answer::StepAnswer;
use order_domain::tenant::TenantId;
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::MessageKey;
use crate::commands::{CallbackReceipt, MATCH_AGAIN_AFTER, keep_answer, read_kept_answer};
use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::SystemTx;

/// How long a callback may fit nothing before it is an orphan.
pub const ORPHAN_AFTER: SignedDuration = SignedDuration::from_hours(1);

pub(crate) const REQUESTS_OF_REFERENCES: &str = r"
    select k.position, s.request_id
    from unnest($1::text[], $2::text[], $3::text[]) with ordinality
        as k(tenant_id, system, external_reference, position)
    left join lateral (
        select f.request_id
        from fulfillment_step f
        where f.tenant_id = k.tenant_id and f.target_system = k.system
          and f.external_reference = k.external_reference and f.request_id is not null
        order by f.updated_at desc
        limit 1) s on true
    order by k.position";

pub(crate) const KEEP_UNREFERENCED: &str = r"
    with kept as (
        insert into inbox_message (tenant_id, system, message_id, digest, verdict, external_reference,
            next_match_at, answer, received_at, applied_at)
        select k.tenant_id, k.system, k.message_id, k.digest, 'UNMATCHED', k.external_reference, $7,
            k.answer, k.received_at, $8
        from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::jsonb[], $9::timestamptz[])
            as k(tenant_id, system, message_id, digest, external_reference, answer, received_at)
        on conflict (tenant_id, system, message_id) do nothing
        returning message_id)
    select k.message_id from kept k";

/// The pause doubles from $3 on; after $4 the message has had its last turn.
pub(crate) const CLAIM_UNMATCHED: &str = r"
    with due as (
        select i.tenant_id, i.system, i.message_id
        from inbox_message i
        where i.verdict = 'UNMATCHED' and i.next_match_at <= $1
        order by i.next_match_at
        limit $2
        for update skip locked),
    claimed as (
        update inbox_message i
        set match_count = i.match_count + 1,
            next_match_at = greatest($1 + make_interval(secs => $3),
                least($1 + make_interval(secs => $3 * power(2, least(i.match_count + 1, 20))),
                      i.received_at + make_interval(secs => $4)))
        from due d
        where i.tenant_id = d.tenant_id and i.system = d.system and i.message_id = d.message_id
        returning i.tenant_id, i.system, i.message_id, i.digest, i.request_id, i.external_reference, i.answer,
                  i.received_at, i.received_at + make_interval(secs => $4) <= $1 as is_last)
    select c.tenant_id, c.system, c.message_id, c.digest, c.external_reference, c.answer, c.received_at,
           c.is_last, t.settings,
           coalesce(c.request_id, (
               select s.request_id
               from fulfillment_step s
               where s.tenant_id = c.tenant_id and s.target_system = c.system
                 and s.external_reference = c.external_reference and s.request_id is not null
               order by s.updated_at desc
               limit 1)) as request_id
    from claimed c
    left join target_system t on t.tenant_id = c.tenant_id and t.system = c.system
    order by c.received_at, c.message_id";

/// A callback that names no request, only the system's own reference, which nobody knows yet.
#[derive(Debug, Clone)]
pub struct UnreferencedCallback {
    /// The tenant.
    pub tenant: TenantId,
    /// The message.
    pub receipt: CallbackReceipt,
    /// What it says.
    pub answer: StepAnswer,
}

/// A callback whose turn has come to be matched again.
#[derive(Debug, Clone)]
pub struct UnmatchedCallback {
    /// The tenant.
    pub tenant: TenantId,
    /// The message.
    pub receipt: CallbackReceipt,
    /// Its request, named or found by the reference; `None` while nobody knows the reference.
    pub request_id: Option<RequestId>,
    /// What it says; `None` where an older release kept the row without it.
    pub answer: Option<StepAnswer>,
    /// If it fits nothing now, it is an orphan.
    pub is_last: bool,
    /// The system's settings; `None` where the tenant has none.
    pub target_settings: Option<Value>,
}

impl UnmatchedCallback {
    /// Whose message it is.
    #[must_use]
    pub fn key(&self) -> MessageKey {
        MessageKey {
            tenant: self.tenant.clone(),
            system: self.receipt.system.clone(),
            message_id: self.receipt.message_id.clone(),
        }
    }
}

/// Tenant, system and reference to request, for each in their order, in one round trip.
///
/// # Errors
/// Technical failures of the store.
pub async fn find_requests_of_references(
    tx: SystemTx,
    references: &[(TenantId, String, String)],
) -> Result<Vec<Option<RequestId>>, StoreError> {
    let tenants: Vec<&str> = references.iter().map(|x| x.0.as_str()).collect();
    let systems: Vec<&str> = references.iter().map(|x| x.1.as_str()).collect();
    let names: Vec<&str> = references.iter().map(|x| x.2.as_str()).collect();
    let params = [
        (&tenants as _, Type::TEXT_ARRAY),
        (&systems as _, Type::TEXT_ARRAY),
        (&names as _, Type::TEXT_ARRAY),
    ];
    let rows = tx.run_alone("find_requests_of_references", REQUESTS_OF_REFERENCES, &params).await?;
    let read = |row: &Row| {
        let id: Option<Uuid> = Reader::new("fulfillment_step", row).get("request_id")?;
        Ok(id.map(RequestId::from_uuid))
    };
    rows.iter().map(read).collect()
}

/// Keeps callbacks whose reference nobody knows yet; what is kept already stays as it is.
///
/// # Errors
/// Technical failures of the store.
pub async fn keep_unreferenced(
    tx: SystemTx,
    callbacks: &[UnreferencedCallback],
    now: Timestamp,
) -> Result<(), StoreError> {
    let text = |field: fn(&UnreferencedCallback) -> &str| -> Vec<&str> {
        callbacks.iter().map(field).collect()
    };
    let tenants = text(|x| x.tenant.as_str());
    let systems = text(|x| &x.receipt.system);
    let ids = text(|x| &x.receipt.message_id);
    let digests = text(|x| &x.receipt.digest);
    let references = text(|x| x.receipt.external_reference.as_deref().unwrap_or_default());
    let answers: Vec<Option<Value>> = callbacks.iter().map(|x| keep_answer(&x.answer)).collect();
    let received: Vec<Timestamp> = callbacks.iter().map(|x| x.receipt.received_at).collect();
    let again_at = now.checked_add(MATCH_AGAIN_AFTER).unwrap_or(Timestamp::MAX);
    let params = [
        (&tenants as _, Type::TEXT_ARRAY),
        (&systems as _, Type::TEXT_ARRAY),
        (&ids as _, Type::TEXT_ARRAY),
        (&digests as _, Type::TEXT_ARRAY),
        (&references as _, Type::TEXT_ARRAY),
        (&answers as _, Type::JSONB_ARRAY),
        (&again_at as _, Type::TIMESTAMPTZ),
        (&now as _, Type::TIMESTAMPTZ),
        (&received as _, Type::TIMESTAMPTZ_ARRAY),
    ];
    tx.run_alone("keep_unreferenced", KEEP_UNREFERENCED, &params).await?;
    Ok(())
}

/// Claims callbacks whose turn has come, and looks their requests up, in one round trip.
///
/// # Errors
/// Technical failures of the store.
pub async fn claim_unmatched(
    tx: SystemTx,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<UnmatchedCallback>, StoreError> {
    let limit = i64::from(limit);
    let (pause, patience) = (MATCH_AGAIN_AFTER.as_secs_f64(), ORPHAN_AFTER.as_secs_f64());
    let params = [
        (&now as _, Type::TIMESTAMPTZ),
        (&limit as _, Type::INT8),
        (&pause as _, Type::FLOAT8),
        (&patience as _, Type::FLOAT8),
    ];
    let rows = tx.run_alone("claim_unmatched", CLAIM_UNMATCHED, &params).await?;
    rows.iter().map(unmatched_of).collect()
}

fn unmatched_of(row: &Row) -> Result<UnmatchedCallback, StoreError> {
    let r = Reader::new("inbox_message", row);
    Ok(UnmatchedCallback {
        tenant: r.parse("tenant_id")?,
        receipt: CallbackReceipt {
            system: r.get("system")?,
            message_id: r.get("message_id")?,
            digest: r.get("digest")?,
            external_reference: r.get("external_reference")?,
            received_at: r.get("received_at")?,
        },
        request_id: r.get::<Option<Uuid>>("request_id")?.map(RequestId::from_uuid),
        answer: r.get::<Option<Value>>("answer")?.and_then(read_kept_answer),
        is_last: r.get("is_last")?,
        target_settings: r.get("settings")?,
    })
}
