//! Callbacks that are given up: an hour without a step, or the request of somebody else.
//!
//! Their row and an incident stay, their answer is forgotten. An orphan is final: the same message
//! again is a duplicate, and what it reported is found out by a query when the step's answer is due.

use jiff::Timestamp;
use order_domain::ids::RequestId;
use order_domain::tenant::TenantId;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::{SystemTx, TenantTx};

/// Gives callbacks up, with one incident for each system: `$with` stands before, `$only` says which of
/// the messages are meant.
macro_rules! give_up_sql {
    ($with:literal, $only:literal) => {
        concat!(
            r"
    with recursive ",
            $with,
            r"given_up as (
        update inbox_message i
        set next_match_at = null, answer = null, detail = $5, applied_at = $4
        from unnest($1::text[], $2::text[], $3::text[]) as k(tenant_id, system, message_id)
        where i.tenant_id = k.tenant_id and i.system = k.system and i.message_id = k.message_id
          and i.verdict = 'UNMATCHED' and i.next_match_at is not null",
            $only,
            r"
        returning i.tenant_id, i.system, i.message_id),
    incident as (
        insert into platform_incident (tenant_id, id, kind, cause, target_system, severity, detail,
            occurrence_count, first_seen_at, last_seen_at)
        select g.tenant_id, gen_random_uuid(), 'ORPHAN_CALLBACK', $6 || g.system, g.system, $7, $8, count(*), $4, $4
        from given_up g
        group by g.tenant_id, g.system
        on conflict (tenant_id, kind, cause) where resolved_at is null
        do update set occurrence_count = platform_incident.occurrence_count + excluded.occurrence_count,
            last_seen_at = excluded.last_seen_at)
    select g.tenant_id, g.system, g.message_id from given_up g"
        )
    };
}

/// The tenants are found by skipping through the key: there are few, and requests are many.
pub(crate) const EXPOSE_FOREIGN: &str = give_up_sql!(
    r"tenants as (
        (select r.tenant_id from external_request r order by r.tenant_id limit 1)
        union all
        select (select r.tenant_id from external_request r where r.tenant_id > t.tenant_id
                order by r.tenant_id limit 1)
        from tenants t
        where t.tenant_id is not null),
    ",
    r"
          and exists (
              select from tenants t
              join external_request r on r.tenant_id = t.tenant_id and r.request_id = i.request_id
              where r.tenant_id <> i.tenant_id or r.target_system <> i.system)"
);

pub(crate) const GIVE_UP: &str = give_up_sql!("", "");

/// What giving up says.
struct Words {
    /// In the row.
    detail: &'static str,
    /// The incident's cause, before the system.
    cause: &'static str,
    severity: &'static str,
    /// The incident's sentence.
    incident: &'static str,
}

const FOREIGN: Words = Words {
    detail: "FOREIGN_REQUEST",
    cause: "foreign:",
    severity: "MAJOR",
    incident: "signed callbacks name requests of another tenant or system",
};
const ORPHAN: Words = Words {
    detail: "ORPHAN",
    cause: "system:",
    severity: "MINOR",
    incident: "authentic callbacks fitted no step for an hour",
};

pub(crate) const LIST_ORPHANS: &str = r"
    select i.system, i.message_id, i.digest, i.request_id, i.external_reference, i.detail, i.received_at
    from inbox_message i
    where i.tenant_id = $1 and i.verdict = 'UNMATCHED' and i.next_match_at is null
    order by i.received_at desc, i.system, i.message_id
    limit $2";

/// Whose message it is, and its id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MessageKey {
    /// The tenant whose secret signed it.
    pub tenant: TenantId,
    /// The system whose secret signed it.
    pub system: String,
    /// The sender's id.
    pub message_id: String,
}

/// Of these unmatched messages, those whose request is another tenant's or system's: they are given
/// up at once, with an incident, and returned for the security log.
///
/// # Errors
/// Technical failures of the store.
pub async fn expose_foreign(
    tx: SystemTx,
    messages: &[MessageKey],
    now: Timestamp,
) -> Result<Vec<MessageKey>, StoreError> {
    settle(tx, ("expose_foreign", EXPOSE_FOREIGN), messages, (now, &FOREIGN)).await
}

/// Makes orphans of messages that had their last turn; returns those that were.
///
/// # Errors
/// Technical failures of the store.
pub async fn give_up(
    tx: SystemTx,
    messages: &[MessageKey],
    now: Timestamp,
) -> Result<Vec<MessageKey>, StoreError> {
    settle(tx, ("give_up_callbacks", GIVE_UP), messages, (now, &ORPHAN)).await
}

async fn settle(
    tx: SystemTx,
    (operation, sql): (&'static str, &str),
    messages: &[MessageKey],
    (now, words): (Timestamp, &Words),
) -> Result<Vec<MessageKey>, StoreError> {
    let tenants: Vec<&str> = messages.iter().map(|x| x.tenant.as_str()).collect();
    let systems: Vec<&str> = messages.iter().map(|x| x.system.as_str()).collect();
    let ids: Vec<&str> = messages.iter().map(|x| x.message_id.as_str()).collect();
    let params = [
        (&tenants as _, Type::TEXT_ARRAY),
        (&systems as _, Type::TEXT_ARRAY),
        (&ids as _, Type::TEXT_ARRAY),
        (&now as _, Type::TIMESTAMPTZ),
        (&words.detail as _, Type::TEXT),
        (&words.cause as _, Type::TEXT),
        (&words.severity as _, Type::TEXT),
        (&words.incident as _, Type::TEXT),
    ];
    let rows = tx.run_alone(operation, sql, &params).await?;
    let read = |row: &Row| {
        let r = Reader::new("inbox_message", row);
        let (system, message_id) = (r.get("system")?, r.get("message_id")?);
        Ok(MessageKey { tenant: r.parse("tenant_id")?, system, message_id })
    };
    rows.iter().map(read).collect()
}

/// A callback that was given up, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrphanCallback {
    /// The system whose secret signed it.
    pub system: String,
    /// The sender's id.
    pub message_id: String,
    /// SHA-256 of its body, by which the system's team finds it.
    pub digest: String,
    /// The request that it names.
    pub request_id: Option<RequestId>,
    /// The reference that it names.
    pub external_reference: Option<String>,
    /// `ORPHAN`, or `FOREIGN_REQUEST` when the request is another tenant's or system's.
    pub detail: Option<String>,
    /// When the edge received it.
    pub received_at: Timestamp,
}

/// The tenant's orphans, newest first.
///
/// # Errors
/// Technical failures of the store.
pub async fn list_orphans(tx: TenantTx, limit: u32) -> Result<Vec<OrphanCallback>, StoreError> {
    let (tenant, limit) = (tx.tenant().clone(), i64::from(limit));
    let params = [(&tenant.as_str() as _, Type::TEXT), (&limit as _, Type::INT8)];
    let rows = tx.run_alone("list_orphans", LIST_ORPHANS, &params).await?;
    let read = |row: &Row| {
        let r = Reader::new("inbox_message", row);
        Ok(OrphanCallback {
            system: r.get("system")?,
            message_id: r.get("message_id")?,
            digest: r.get("digest")?,
            request_id: r.get::<Option<Uuid>>("request_id")?.map(RequestId::from_uuid),
            external_reference: r.get("external_reference")?,
            detail: r.get("detail")?,
            received_at: r.get("received_at")?,
        })
    };
    rows.iter().map(read).collect()
}
