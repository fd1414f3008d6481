//! Comparing processes with their orders: which are due, and what a look at the engine came to.
//!
//! Every write names the run that was looked at, so that a process which was started anew meanwhile
//! is not judged by what was seen of its predecessor.

use jiff::{SignedDuration, Timestamp};
use order_domain::ids::{OrderId, WorkflowRunId};
use order_domain::order::OrderStatus;
use order_domain::tenant::TenantId;
use order_domain::workflow::CorrelationStatus;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::SystemTx;

/// How far a claimed check is put off; also when an engine that did not answer is asked again.
pub const CHECK_LEASE: SignedDuration = SignedDuration::from_secs(60);

pub(crate) const CLAIM_CHECKS: &str = r"
    with due as (
        select c.tenant_id, c.id
        from workflow_correlation c
        where c.status in ('STARTING', 'RUNNING', 'LOST') and c.subject_type = 'ORDER'
          and coalesce(c.next_check_at, c.started_at) <= $1
        order by coalesce(c.next_check_at, c.started_at)
        limit $2
        for update skip locked),
    claimed as (
        update workflow_correlation c
        set next_check_at = $3
        from due
        where c.tenant_id = due.tenant_id and c.id = due.id
        returning c.tenant_id, c.subject_id, c.process_instance_id, c.workflow_run_id, c.status, c.started_at)
    select c.tenant_id, c.subject_id, c.process_instance_id, c.workflow_run_id, c.status, c.started_at,
           o.status as order_status,
           exists (select from outbox_message m
                   where m.tenant_id = c.tenant_id and m.lane = 'start:' || c.subject_id) as owes_start
    from claimed c
    join product_order o on o.tenant_id = c.tenant_id and o.id = c.subject_id";

/// Alive: looked at again later, and what a restart had reported is over.
pub(crate) const PUT_OFF: &str = r"
    with alive as (
        update workflow_correlation c
        set next_check_at = $4
        from unnest($1::text[], $2::uuid[], $3::uuid[]) as k(tenant_id, order_id, run_id)
        where c.tenant_id = k.tenant_id and c.subject_type = 'ORDER' and c.subject_id = k.order_id
          and c.workflow_run_id = k.run_id and c.status in ('STARTING', 'RUNNING', 'LOST')
        returning c.tenant_id, c.subject_id, c.status),
    mended as (
        update platform_incident i
        set resolved_at = $5
        from alive a
        where a.status = 'RUNNING' and i.tenant_id = a.tenant_id and i.cause = 'order:' || a.subject_id
          and i.kind in ('ENGINE_INSTANCE_LOST', 'ENGINE_INSTANCE_ENDED') and i.resolved_at is null)
    select a.subject_id from alive a";

pub(crate) const MARK_ENDED: &str = r"
    with ended as (
        update workflow_correlation c
        set status = 'ENDED', ended_at = $4, next_check_at = null
        from unnest($1::text[], $2::uuid[], $3::uuid[]) as k(tenant_id, order_id, run_id)
        where c.tenant_id = k.tenant_id and c.subject_type = 'ORDER' and c.subject_id = k.order_id
          and c.workflow_run_id = k.run_id and c.status in ('STARTING', 'RUNNING', 'LOST')
        returning c.subject_id)
    select e.subject_id from ended e";

pub(crate) const ADOPT: &str = r"
    with adopted as (
        update workflow_correlation c
        set status = 'RUNNING', process_instance_id = $4, next_check_at = $5
        where c.tenant_id = $1 and c.subject_type = 'ORDER' and c.subject_id = $2
          and c.workflow_run_id = $3 and c.status in ('STARTING', 'RUNNING', 'LOST')
        returning c.id)
    select a.id from adopted a";

pub(crate) const CHECK_NOW: &str = r"
    with due as (
        update workflow_correlation c
        set next_check_at = $3
        where c.tenant_id = $1 and c.subject_type = 'ORDER' and c.subject_id = $2
          and c.status = 'RUNNING' and coalesce(c.next_check_at, c.started_at) > $3
        returning c.id)
    select d.id from due d";

pub(crate) const FIND_STATUS: &str = r"
    select c.status
    from workflow_correlation c
    where c.tenant_id = $1 and c.subject_type = 'ORDER' and c.subject_id = $2";

/// A process that is due for a look, claimed.
#[derive(Debug, Clone)]
pub struct ProcessCheck {
    /// The tenant.
    pub tenant: TenantId,
    /// The order that the process serves.
    pub order_id: OrderId,
    /// The instance that was recorded last.
    pub process_instance_id: Option<String>,
    /// The run that is looked at.
    pub workflow_run_id: WorkflowRunId,
    /// How the correlation stands.
    pub status: CorrelationStatus,
    /// When this run began.
    pub started_at: Timestamp,
    /// How the order stands.
    pub order_status: OrderStatus,
    /// A start is owed: the relay is at it.
    pub owes_start: bool,
}

/// The run that a look was taken at; names what a write is about.
pub type CheckedProcess<'a> = (&'a TenantId, OrderId, WorkflowRunId);

impl ProcessCheck {
    /// What a write about this look names.
    #[must_use]
    pub const fn checked(&self) -> CheckedProcess<'_> {
        (&self.tenant, self.order_id, self.workflow_run_id)
    }
}

impl TryFrom<&Row> for ProcessCheck {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        let r = Reader::new("workflow_correlation", row);
        Ok(Self {
            tenant: r.parse("tenant_id")?,
            order_id: OrderId::from_uuid(r.get("subject_id")?),
            process_instance_id: r.get("process_instance_id")?,
            workflow_run_id: WorkflowRunId::from_uuid(r.get("workflow_run_id")?),
            status: r.parse("status")?,
            started_at: r.get("started_at")?,
            order_status: r.parse("order_status")?,
            owes_start: r.get("owes_start")?,
        })
    }
}

/// Claims up to `limit` processes that are due for a look; each is due again after [`CHECK_LEASE`]
/// unless somebody says more.
///
/// # Errors
/// Technical failures of the store.
pub async fn claim_checks(
    tx: SystemTx,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<ProcessCheck>, StoreError> {
    let limit = i64::from(limit);
    let until = now.checked_add(CHECK_LEASE).unwrap_or(Timestamp::MAX);
    let params = [
        (&now as _, Type::TIMESTAMPTZ),
        (&limit as _, Type::INT8),
        (&until as _, Type::TIMESTAMPTZ),
    ];
    let rows = tx.run_alone("claim_process_checks", CLAIM_CHECKS, &params).await?;
    rows.iter().map(ProcessCheck::try_from).collect()
}

struct Keys<'a> {
    tenants: Vec<&'a str>,
    orders: Vec<Uuid>,
    runs: Vec<Uuid>,
}

impl<'a> Keys<'a> {
    fn of(checked: &[CheckedProcess<'a>]) -> Self {
        Self {
            tenants: checked.iter().map(|x| x.0.as_str()).collect(),
            orders: checked.iter().map(|x| x.1.as_uuid()).collect(),
            runs: checked.iter().map(|x| x.2.as_uuid()).collect(),
        }
    }
}

/// These are as they should be: the next look is at `next_check_at`. Returns how many.
///
/// # Errors
/// Technical failures of the store.
pub async fn put_off(
    tx: SystemTx,
    checked: &[CheckedProcess<'_>],
    (next_check_at, now): (Timestamp, Timestamp),
) -> Result<usize, StoreError> {
    let keys = Keys::of(checked);
    let params = [
        (&keys.tenants as _, Type::TEXT_ARRAY),
        (&keys.orders as _, Type::UUID_ARRAY),
        (&keys.runs as _, Type::UUID_ARRAY),
        (&next_check_at as _, Type::TIMESTAMPTZ),
        (&now as _, Type::TIMESTAMPTZ),
    ];
    Ok(tx.run_alone("put_off_process_checks", PUT_OFF, &params).await?.len())
}

/// These processes ended with nothing left to do. Returns how many.
///
/// # Errors
/// Technical failures of the store.
pub async fn mark_ended(
    tx: SystemTx,
    checked: &[CheckedProcess<'_>],
    now: Timestamp,
) -> Result<usize, StoreError> {
    let keys = Keys::of(checked);
    let params = [
        (&keys.tenants as _, Type::TEXT_ARRAY),
        (&keys.orders as _, Type::UUID_ARRAY),
        (&keys.runs as _, Type::UUID_ARRAY),
        (&now as _, Type::TIMESTAMPTZ),
    ];
    Ok(tx.run_alone("mark_processes_ended", MARK_ENDED, &params).await?.len())
}

/// Another instance than the recorded one serves the order. Returns whether the run still counts.
///
/// # Errors
/// Technical failures of the store.
pub async fn adopt(
    tx: SystemTx,
    (tenant, order_id, run_id): CheckedProcess<'_>,
    process_instance_id: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let next_check_at = now.checked_add(super::CHECK_RUNNING_AFTER).unwrap_or(Timestamp::MAX);
    let params = [
        (&tenant.as_str() as _, Type::TEXT),
        (&order_id.as_uuid() as _, Type::UUID),
        (&run_id.as_uuid() as _, Type::UUID),
        (&process_instance_id as _, Type::TEXT),
        (&next_check_at as _, Type::TIMESTAMPTZ),
    ];
    Ok(!tx.run_alone("adopt_process", ADOPT, &params).await?.is_empty())
}

/// Somebody saw that a running process is not there: reconciliation looks at once.
///
/// # Errors
/// Technical failures of the store.
pub async fn check_now(
    tx: SystemTx,
    (tenant, order_id): (&TenantId, OrderId),
    now: Timestamp,
) -> Result<(), StoreError> {
    let params = [
        (&tenant.as_str() as _, Type::TEXT),
        (&order_id.as_uuid() as _, Type::UUID),
        (&now as _, Type::TIMESTAMPTZ),
    ];
    tx.run_alone("check_process_now", CHECK_NOW, &params).await.map(|_| ())
}

/// How the correlation of an order stands; `None` before anybody tried to start its process.
///
/// # Errors
/// Technical failures of the store.
pub async fn find_status(
    tx: SystemTx,
    (tenant, order_id): (&TenantId, OrderId),
) -> Result<Option<CorrelationStatus>, StoreError> {
    let params = [(&tenant.as_str() as _, Type::TEXT), (&order_id.as_uuid() as _, Type::UUID)];
    let rows = tx.run_alone("find_correlation_status", FIND_STATUS, &params).await?;
    let status = |row| Reader::new("workflow_correlation", row).parse("status");
    rows.first().map(status).transpose()
}
