//! What the engine reports, as incidents of the orders that it is about (§40).
//!
//! Written by reconciliation and, for a second instance, by the relay. One open incident per kind
//! and cause; what a complete look does not find any more is resolved by the look. The cases of an
//! order are read here too, as the engine's user tasks are compared with them.

use jiff::Timestamp;
use order_domain::fallout::{CaseStatus, EngineAnchor, FalloutResolution};
use order_domain::ids::{FalloutCaseId, OrderId};
use order_domain::tenant::TenantId;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::SystemTx;

/// Orders that are not ours are passed over: another product may share the engine.
pub(crate) const RECORD: &str = r"
    with recorded as (
        insert into platform_incident (tenant_id, id, kind, cause, order_id, severity, detail,
            occurrence_count, first_seen_at, last_seen_at)
        select c.tenant_id, gen_random_uuid(), k.kind, k.cause, c.subject_id, 'MAJOR', k.detail, 1, $6, $6
        from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[])
            as k(tenant_id, order_id, kind, cause, detail)
        join workflow_correlation c on c.tenant_id = k.tenant_id and c.subject_type = 'ORDER'
            and c.subject_id = k.order_id
        on conflict (tenant_id, kind, cause) where resolved_at is null
        do update set last_seen_at = excluded.last_seen_at, detail = excluded.detail,
            occurrence_count = platform_incident.occurrence_count
                + case when excluded.kind = 'DUPLICATE_PROCESS_INSTANCE' then 1 else 0 end
        returning cause)
    select r.cause from recorded r";

pub(crate) const RESOLVE_UNSEEN: &str = r"
    with resolved as (
        update platform_incident i
        set resolved_at = $2
        where i.kind = any($1::text[]) and i.resolved_at is null and i.last_seen_at < $2
        returning i.id)
    select r.id from resolved r";

pub(crate) const RESOLVE_OF_ORDERS: &str = r"
    with resolved as (
        update platform_incident i
        set resolved_at = $4
        from unnest($1::text[], $2::uuid[]) as k(tenant_id, order_id)
        where i.tenant_id = k.tenant_id and i.order_id = k.order_id and i.kind = $3
          and i.resolved_at is null and i.last_seen_at < $4
        returning i.id)
    select r.id from resolved r";

pub(crate) const CASES_OF_ORDERS: &str = r"
    select c.tenant_id, c.order_id, c.id, c.status, c.engine_anchor, c.opened_at, c.resolution,
           exists (select from outbox_message m
                   where m.tenant_id = c.tenant_id and m.lane = 'case:' || c.id) as owes_engine
    from unnest($1::text[], $2::uuid[]) as k(tenant_id, order_id)
    join order_fallout_case c on c.tenant_id = k.tenant_id and c.order_id = k.order_id
    where c.engine_anchor <> 'NONE'";

/// Kinds of what the engine reports; the stored spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineReportKind {
    /// A task without retries left, or a failed job.
    Incident,
    /// A suspended instance: nothing of it moves.
    InstanceSuspended,
    /// A second instance of one order, which was deleted.
    DuplicateInstance,
    /// A case is open, and its user task is not there any more.
    TaskCompletedByHand,
}

impl EngineReportKind {
    /// The stored spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Incident => "ENGINE_INCIDENT",
            Self::InstanceSuspended => "ENGINE_INSTANCE_SUSPENDED",
            Self::DuplicateInstance => "DUPLICATE_PROCESS_INSTANCE",
            Self::TaskCompletedByHand => "TASK_COMPLETED_BY_HAND",
        }
    }
}

/// One thing that the engine reports about one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineReport {
    /// The tenant.
    pub tenant: TenantId,
    /// The order.
    pub order_id: OrderId,
    /// What kind of thing.
    pub kind: EngineReportKind,
    /// What makes it one and the same thing tomorrow.
    pub cause: String,
    /// For people; ids and the engine's own words, never content of the order.
    pub detail: String,
}

/// Opens an incident for each, or brings the open one up to date. Returns how many.
///
/// # Errors
/// Technical failures of the store.
pub async fn record(
    tx: SystemTx,
    now: Timestamp,
    reports: &[EngineReport],
) -> Result<usize, StoreError> {
    // One row per cause: PostgreSQL refuses to touch a row twice in one upsert.
    let mut reports: Vec<&EngineReport> = reports.iter().collect();
    let key = |x: &EngineReport| (x.tenant.to_string(), x.kind.as_str(), x.cause.clone());
    reports.sort_by_key(|x| key(x));
    reports.dedup_by_key(|x| key(x));
    let tenants: Vec<&str> = reports.iter().map(|x| x.tenant.as_str()).collect();
    let orders: Vec<Uuid> = reports.iter().map(|x| x.order_id.as_uuid()).collect();
    let kinds: Vec<&str> = reports.iter().map(|x| x.kind.as_str()).collect();
    let causes: Vec<&str> = reports.iter().map(|x| x.cause.as_str()).collect();
    let details: Vec<&str> = reports.iter().map(|x| x.detail.as_str()).collect();
    let params = [
        (&tenants as _, Type::TEXT_ARRAY),
        (&orders as _, Type::UUID_ARRAY),
        (&kinds as _, Type::TEXT_ARRAY),
        (&causes as _, Type::TEXT_ARRAY),
        (&details as _, Type::TEXT_ARRAY),
        (&now as _, Type::TIMESTAMPTZ),
    ];
    Ok(tx.run_alone("record_engine_reports", RECORD, &params).await?.len())
}

/// Resolves what a complete look at `now` did not record again. Returns how many.
///
/// # Errors
/// Technical failures of the store.
pub async fn resolve_unseen(
    tx: SystemTx,
    now: Timestamp,
    kinds: &[EngineReportKind],
) -> Result<usize, StoreError> {
    let kinds: Vec<&str> = kinds.iter().map(|x| x.as_str()).collect();
    let params = [(&kinds as _, Type::TEXT_ARRAY), (&now as _, Type::TIMESTAMPTZ)];
    Ok(tx.run_alone("resolve_unseen_reports", RESOLVE_UNSEEN, &params).await?.len())
}

/// The same for these orders only.
///
/// # Errors
/// Technical failures of the store.
pub async fn resolve_of_orders(
    tx: SystemTx,
    now: Timestamp,
    kind: EngineReportKind,
    orders: &[(&TenantId, OrderId)],
) -> Result<usize, StoreError> {
    let (tenants, ids) = arrays(orders);
    let params = [
        (&tenants as _, Type::TEXT_ARRAY),
        (&ids as _, Type::UUID_ARRAY),
        (&kind.as_str() as _, Type::TEXT),
        (&now as _, Type::TIMESTAMPTZ),
    ];
    Ok(tx.run_alone("resolve_reports_of_orders", RESOLVE_OF_ORDERS, &params).await?.len())
}

/// A case that the engine has, had, or will have a user task for.
#[derive(Debug, Clone)]
pub struct AnchoredCase {
    /// The tenant.
    pub tenant: TenantId,
    /// The order.
    pub order_id: OrderId,
    /// The case.
    pub id: FalloutCaseId,
    /// Whether anybody still works at it.
    pub status: CaseStatus,
    /// How the engine learned of it.
    pub engine_anchor: EngineAnchor,
    /// Since when.
    pub opened_at: Timestamp,
    /// How it was closed.
    pub resolution: Option<FalloutResolution>,
    /// The engine has yet to hear something about it.
    pub owes_engine: bool,
}

impl AnchoredCase {
    /// Whether a person has it.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        !matches!(self.status, CaseStatus::Resolved | CaseStatus::Cancelled)
    }
}

impl TryFrom<&Row> for AnchoredCase {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        let r = Reader::new("order_fallout_case", row);
        let resolution = match r.get::<Option<String>>("resolution")? {
            None => None,
            Some(_) => Some(r.parse("resolution")?),
        };
        Ok(Self {
            tenant: r.parse("tenant_id")?,
            order_id: OrderId::from_uuid(r.get("order_id")?),
            id: FalloutCaseId::from_uuid(r.get("id")?),
            status: r.parse("status")?,
            engine_anchor: r.parse("engine_anchor")?,
            opened_at: r.get("opened_at")?,
            resolution,
            owes_engine: r.get("owes_engine")?,
        })
    }
}

/// The cases of these orders that have, had or will have a user task at the engine.
///
/// # Errors
/// Technical failures of the store.
pub async fn list_cases_of_orders(
    tx: SystemTx,
    orders: &[(&TenantId, OrderId)],
) -> Result<Vec<AnchoredCase>, StoreError> {
    let (tenants, ids) = arrays(orders);
    let params = [(&tenants as _, Type::TEXT_ARRAY), (&ids as _, Type::UUID_ARRAY)];
    let rows = tx.run_alone("list_cases_of_orders", CASES_OF_ORDERS, &params).await?;
    rows.iter().map(AnchoredCase::try_from).collect()
}

fn arrays<'a>(orders: &[(&'a TenantId, OrderId)]) -> (Vec<&'a str>, Vec<Uuid>) {
    orders.iter().map(|x| (x.0.as_str(), x.1.as_uuid())).unzip()
}
