//! Deliveries that were not made: put off, or given up visibly.
//!
//! Both take a whole round, so that an engine that is down costs one statement and not one for each
//! delivery; both answer one outcome for each item, and a lost lease stops nothing but itself.

use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::{FinishOutcome, OutboxLease};
use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::SystemTx;

pub(crate) const RESCHEDULE: &str = r"
    with failed as (
        update outbox_message m
        set available_at = k.available_at, last_error = k.reason, leased_by = null, leased_until = null
        from unnest($1::text[], $2::uuid[], $3::bigint[], $4::timestamptz[], $5::text[])
             with ordinality as k(tenant_id, id, lease_epoch, available_at, reason, place)
        where m.tenant_id = k.tenant_id and m.id = k.id and m.lease_epoch = k.lease_epoch
        returning k.place)
    select f.place from failed f";

/// A dead row stays, visible, with an incident for each lane.
pub(crate) const BURY: &str = r"
    with dead as (
        update outbox_message m
        set dead_at = $6, last_error = k.reason, leased_by = null, leased_until = null
        from unnest($1::text[], $2::uuid[], $3::bigint[], $4::text[], $5::uuid[])
             with ordinality as k(tenant_id, id, lease_epoch, reason, incident_id, place)
        where m.tenant_id = k.tenant_id and m.id = k.id and m.lease_epoch = k.lease_epoch
        returning m.tenant_id, m.order_id, m.lane, k.reason, k.incident_id, k.place),
    incident as (
        insert into platform_incident (tenant_id, id, kind, cause, order_id, severity, detail,
            occurrence_count, first_seen_at, last_seen_at)
        -- one row for each incident: what is inserted twice in one statement cannot be merged
        select distinct on (d.tenant_id, d.lane)
               d.tenant_id, d.incident_id, 'DEAD_OUTBOX_MESSAGE', 'lane:' || d.lane, d.order_id, 'CRITICAL',
               d.reason, 1, $6, $6
        from dead d
        order by d.tenant_id, d.lane, d.place
        on conflict (tenant_id, kind, cause) where resolved_at is null
        do update set occurrence_count = platform_incident.occurrence_count + 1, last_seen_at = excluded.last_seen_at)
    select d.place from dead d";

/// A delivery that is tried again later.
#[derive(Debug, Clone, Copy)]
pub struct PutOff<'a> {
    /// The right to finish it.
    pub lease: &'a OutboxLease,
    /// Nobody claims it sooner.
    pub available_at: Timestamp,
    /// Why, for the row.
    pub reason: &'a str,
}

/// A delivery that is given up.
#[derive(Debug, Clone, Copy)]
pub struct Burial<'a> {
    /// The right to finish it.
    pub lease: &'a OutboxLease,
    /// Why, for the row and the incident.
    pub reason: &'a str,
}

/// Puts deliveries off, each until its time; one outcome for each, in their order.
///
/// # Errors
/// Technical failures of the store; nothing is put off then.
pub async fn reschedule(
    tx: SystemTx,
    items: &[PutOff<'_>],
) -> Result<Vec<FinishOutcome>, StoreError> {
    let (tenants, ids, epochs) = keys(items.iter().map(|x| x.lease));
    let times: Vec<Timestamp> = items.iter().map(|x| x.available_at).collect();
    let reasons: Vec<String> = items.iter().map(|x| storable(x.reason)).collect();
    let params = [
        (&tenants as _, Type::TEXT_ARRAY),
        (&ids as _, Type::UUID_ARRAY),
        (&epochs as _, Type::INT8_ARRAY),
        (&times as _, Type::TIMESTAMPTZ_ARRAY),
        (&reasons as _, Type::TEXT_ARRAY),
    ];
    let rows = tx.run_alone("reschedule", RESCHEDULE, &params).await?;
    outcomes(&rows, items.len())
}

/// Gives deliveries up, visibly: the rows stay and an incident names each lane. One outcome for
/// each, in their order.
///
/// # Errors
/// Technical failures of the store; nothing is given up then.
pub async fn bury(
    tx: SystemTx,
    now: Timestamp,
    items: &[Burial<'_>],
) -> Result<Vec<FinishOutcome>, StoreError> {
    let (tenants, ids, epochs) = keys(items.iter().map(|x| x.lease));
    let reasons: Vec<String> = items.iter().map(|x| storable(x.reason)).collect();
    let incidents: Vec<Uuid> = items.iter().map(|_| Uuid::now_v7()).collect();
    let params = [
        (&tenants as _, Type::TEXT_ARRAY),
        (&ids as _, Type::UUID_ARRAY),
        (&epochs as _, Type::INT8_ARRAY),
        (&reasons as _, Type::TEXT_ARRAY),
        (&incidents as _, Type::UUID_ARRAY),
        (&now as _, Type::TIMESTAMPTZ),
    ];
    let rows = tx.run_alone("bury", BURY, &params).await?;
    outcomes(&rows, items.len())
}

fn keys<'a>(leases: impl Iterator<Item = &'a OutboxLease>) -> (Vec<&'a str>, Vec<Uuid>, Vec<i64>) {
    leases.map(|x| (x.tenant.as_str(), x.id.as_uuid(), x.lease_epoch)).collect()
}

/// A reason may quote somebody else's answer, and one NUL would fail the whole round.
fn storable(reason: &str) -> String {
    reason.replace('\0', "\u{fffd}")
}

/// Rows name the places, counted from 1, of the items that were written.
fn outcomes(rows: &[Row], count: usize) -> Result<Vec<FinishOutcome>, StoreError> {
    let mut outcomes = vec![FinishOutcome::LeaseLost; count];
    for row in rows {
        let place: i64 = Reader::new("outbox_message", row).get("place")?;
        let index = usize::try_from(place - 1).unwrap_or(usize::MAX);
        if let Some(outcome) = outcomes.get_mut(index) {
            *outcome = FinishOutcome::Recorded;
        }
    }
    Ok(outcomes)
}
