//! Cases across a tenant's orders, most urgent first, page by page.

use jiff::Timestamp;
use order_domain::fallout::{CaseStatus, Severity};
use order_domain::ids::{FalloutCaseId, FulfillmentStepId, OrderId};
use order_domain::order::OrderStatus;
use order_domain::tenant::TenantId;
use serde::Serialize;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::{TenantTx, Tx};

/// Finds a page of cases in the order of an index, then tells about each. What has no due time is due
/// after all that has one; the id begins with the time of opening.
macro_rules! cases {
    ($status:literal) => {
        concat!(
            r"
    select c.*, o.order_number, o.status as order_status, o.customer_id, s.step_key, s.target_system, s.operation
    from (
        select n.tenant_id, n.id, n.order_id, n.fulfillment_step_id, n.status, n.severity, n.reason_code,
               n.failure_signature, n.is_blocking, n.occurrence_count, n.assigned_group, n.assigned_user,
               n.version, n.opened_at, n.due_at, n.resolved_at, n.resolution, n.resolution_code, d.due_key,
               n.resolved_at is null and coalesce(n.due_at < $5, false) as is_overdue
        from order_fallout_case n
        cross join lateral (
            select case when n.due_at is null then timestamptz '9999-01-01 00:00:00+00' else n.due_at end as due_key) d
        where n.tenant_id = $1 and ", $status, r"
          and ($3::timestamptz is null or (d.due_key, n.id) > ($3, $4::uuid))
          and ($7::text is null or n.assigned_group = $7)
          and ($8::text is null or n.assigned_user = $8)
          and ($9::text is null or n.reason_code = $9)
          and ($10::text is null or n.failure_signature = $10)
          and ($11::text is null or n.severity = $11)
          and ($12::boolean is null or (n.status not in ('RESOLVED', 'CANCELLED') and n.due_at < $5))
          and ($13::text is null or n.failure_signature ~>=~ ($13 || '/') and n.failure_signature ~<~ ($13 || '0'))
        order by d.due_key, n.id
        limit $2) c
    join product_order o on o.tenant_id = $1 and o.id = c.order_id
    left join fulfillment_step s on s.tenant_id = $1 and s.id = c.fulfillment_step_id
    order by c.due_key, c.id"
        )
    };
}

/// Cases that somebody still has, or those of one such status.
pub(crate) const LIST_OPEN_CASES: &str =
    cases!("n.status not in ('RESOLVED', 'CANCELLED') and ($6::text is null or n.status = $6)");

/// Cases of one status that nobody has any more.
pub(crate) const LIST_CLOSED_CASES: &str =
    cases!("n.status in ('RESOLVED', 'CANCELLED') and n.status = $6");

/// Which cases to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseFilter {
    /// Only cases with this status; all open ones unless said.
    pub status: Option<CaseStatus>,
    /// Only cases of this group.
    pub owner_group: Option<String>,
    /// Only cases of this user.
    pub owner_user: Option<String>,
    /// Only cases for this reason.
    pub reason_code: Option<String>,
    /// Only cases of this signature.
    pub failure_signature: Option<String>,
    /// Only cases so urgent.
    pub severity: Option<Severity>,
    /// Only open cases that are late.
    pub is_overdue: bool,
    /// Only cases about a step of this system.
    pub target_system: Option<String>,
    /// What is late is late at this time.
    pub now: Timestamp,
    /// Only those behind this one.
    pub after: Option<CasePosition>,
    /// At most so many.
    pub limit: u16,
}

/// A place in the list, most urgent first; the id decides between cases that are due together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CasePosition {
    /// When the case is due; the year 9999 where it has no due time.
    pub due_key: Timestamp,
    /// The case.
    pub fallout_case_id: FalloutCaseId,
}

/// A part of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CasePage {
    /// The cases, most urgent first.
    pub cases: Vec<CaseSummary>,
    /// The last one shown, if more follow.
    pub next: Option<CasePosition>,
}

/// One case in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CaseSummary {
    /// The case.
    pub fallout_case_id: FalloutCaseId,
    /// Its order.
    pub order_id: OrderId,
    /// The number that people use for the order.
    pub order_number: String,
    /// Where the order is.
    pub order_status: OrderStatus,
    /// The customer's key in the customer system.
    pub customer_id: String,
    /// The step it is about.
    pub fulfillment_step_id: Option<FulfillmentStepId>,
    /// The step's key in the plan.
    pub step_key: Option<String>,
    /// Who was to do the step.
    pub target_system: Option<String>,
    /// What that system was asked to do.
    pub operation: Option<String>,
    /// Where the case is.
    pub status: CaseStatus,
    /// How urgent it is.
    pub severity: Severity,
    /// Why it was opened.
    pub reason_code: String,
    /// System, operation and reason; absent for a case that is not about a step.
    pub failure_signature: Option<String>,
    /// Whether it stands in the order's way.
    pub is_blocking: bool,
    /// How often the same cause was seen.
    pub occurrence_count: u32,
    /// Whose it is.
    pub owner_group: String,
    /// Who works on it.
    pub owner_user: Option<String>,
    /// The case's own version.
    pub version: i64,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it is late.
    pub due_at: Option<Timestamp>,
    /// Whether it is open and late.
    pub is_overdue: bool,
    /// When it was resolved.
    pub resolved_at: Option<Timestamp>,
    /// What the process did next.
    pub resolution: Option<String>,
    /// Why it was resolved that way.
    pub resolution_code: Option<String>,
}

impl TryFrom<&Row> for CaseSummary {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        let r = Reader::new("order_fallout_case", row);
        let step: Option<Uuid> = r.get("fulfillment_step_id")?;
        Ok(Self {
            fallout_case_id: FalloutCaseId::from_uuid(r.get("id")?),
            order_id: OrderId::from_uuid(r.get("order_id")?),
            order_number: r.get("order_number")?,
            order_status: r.parse("order_status")?,
            customer_id: r.get("customer_id")?,
            fulfillment_step_id: step.map(FulfillmentStepId::from_uuid),
            step_key: r.get("step_key")?,
            target_system: r.get("target_system")?,
            operation: r.get("operation")?,
            status: r.parse("status")?,
            severity: r.parse("severity")?,
            reason_code: r.get("reason_code")?,
            failure_signature: r.get("failure_signature")?,
            is_blocking: r.get("is_blocking")?,
            occurrence_count: r.count("occurrence_count")?,
            owner_group: r.get("assigned_group")?,
            owner_user: r.get("assigned_user")?,
            version: r.get("version")?,
            opened_at: r.get("opened_at")?,
            due_at: r.get("due_at")?,
            is_overdue: r.get("is_overdue")?,
            resolved_at: r.get("resolved_at")?,
            resolution: r.get("resolution")?,
            resolution_code: r.get("resolution_code")?,
        })
    }
}

/// One page of the tenant's cases, in one round trip.
///
/// # Errors
/// Technical failures of the store.
pub async fn list_cases(tx: TenantTx, filter: &CaseFilter) -> Result<CasePage, StoreError> {
    let tenant = tx.tenant.clone();
    let statement = match filter.status {
        Some(CaseStatus::Resolved | CaseStatus::Cancelled) => LIST_CLOSED_CASES,
        None
        | Some(
            CaseStatus::Open
            | CaseStatus::InProgress
            | CaseStatus::WaitingForInformation
            | CaseStatus::AwaitingApproval,
        ) => LIST_OPEN_CASES,
    };
    // One more than asked for says whether another page follows.
    let values = CaseParameters::new(&tenant, filter, i64::from(filter.limit) + 1);
    let rows = tx.run_alone("list_cases", statement, &values.params()).await?;
    let shown = rows.len().min(usize::from(filter.limit));
    let next = rows[..shown].last().filter(|_| rows.len() > shown);
    let next = next.map(position).transpose()?;
    let cases = rows[..shown].iter().map(CaseSummary::try_from).collect::<Result<_, _>>()?;
    Ok(CasePage { cases, next })
}

/// Every open case that fits, most urgent first, `limit` at most, as a part of a flush.
pub(crate) async fn select_cases(
    tx: &Tx,
    (tenant, filter): (&TenantId, &CaseFilter),
    limit: u32,
) -> Result<Vec<CaseSummary>, StoreError> {
    let values = CaseParameters::new(tenant, filter, i64::from(limit));
    let rows = tx.rows("select_cases", LIST_OPEN_CASES, &values.params()).await?;
    rows.iter().map(CaseSummary::try_from).collect()
}

/// What both statements are given; the parameters borrow from here.
struct CaseParameters<'a> {
    tenant: &'a str,
    limit: i64,
    after: Option<Timestamp>,
    after_id: Option<Uuid>,
    status: Option<&'static str>,
    severity: Option<&'static str>,
    is_overdue: Option<bool>,
    filter: &'a CaseFilter,
}

impl<'a> CaseParameters<'a> {
    fn new(tenant: &'a TenantId, filter: &'a CaseFilter, limit: i64) -> Self {
        Self {
            tenant: tenant.as_str(),
            limit,
            after: filter.after.map(|x| x.due_key),
            after_id: filter.after.map(|x| x.fallout_case_id.as_uuid()),
            status: filter.status.map(CaseStatus::as_str),
            severity: filter.severity.map(Severity::as_str),
            is_overdue: filter.is_overdue.then_some(true),
            filter,
        }
    }

    fn params(&self) -> [(&(dyn ToSql + Sync), Type); 13] {
        let filter = self.filter;
        [
            (&self.tenant as _, Type::TEXT),
            (&self.limit as _, Type::INT8),
            (&self.after as _, Type::TIMESTAMPTZ),
            (&self.after_id as _, Type::UUID),
            (&filter.now as _, Type::TIMESTAMPTZ),
            (&self.status as _, Type::TEXT),
            (&filter.owner_group as _, Type::TEXT),
            (&filter.owner_user as _, Type::TEXT),
            (&filter.reason_code as _, Type::TEXT),
            (&filter.failure_signature as _, Type::TEXT),
            (&self.severity as _, Type::TEXT),
            (&self.is_overdue as _, Type::BOOL),
            (&filter.target_system as _, Type::TEXT),
        ]
    }
}

fn position(row: &Row) -> Result<CasePosition, StoreError> {
    let r = Reader::new("order_fallout_case", row);
    let fallout_case_id = FalloutCaseId::from_uuid(r.get("id")?);
    Ok(CasePosition { due_key: r.get("due_key")?, fallout_case_id })
}
