//! Incidents of one tenant, newest first, with how many are open and how many steps each holds.

use jiff::Timestamp;
use order_domain::ids::{IncidentId, OrderId};
use serde::Serialize;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::TenantTx;

/// One row without an incident says how many are open when the page is empty.
pub(crate) const LIST_INCIDENTS: &str = r"
    select n.open_count, i.*
    from (select count(*)::integer as open_count
          from platform_incident x
          where x.tenant_id = $1 and x.resolved_at is null
            and ($3::text is null or x.kind = $3) and ($4::text is null or x.target_system = $4)) n
    left join lateral (
        select i.id, i.kind, i.cause, i.target_system, i.operation, i.failure_signature, i.order_id, i.severity,
               i.detail, i.occurrence_count, i.first_seen_at, i.last_seen_at, i.resolved_at, i.resolved_by,
               i.resolution_code, i.resolution_note,
               (select count(*)::integer from fulfillment_step s
                where s.tenant_id = i.tenant_id and s.held_by_incident_id = i.id) as held_step_count
        from platform_incident i
        where i.tenant_id = $1
          and ($2::boolean is null or (i.resolved_at is null) = $2)
          and ($3::text is null or i.kind = $3)
          and ($4::text is null or i.target_system = $4)
          and ($5::timestamptz is null or (i.first_seen_at, i.id) < ($5, $6::uuid))
        order by i.first_seen_at desc, i.id desc
        limit $7) i on true
    order by i.first_seen_at desc, i.id desc";

/// Which incidents to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentFilter {
    /// Only open ones, or only resolved ones.
    pub is_open: Option<bool>,
    /// Only this kind.
    pub kind: Option<String>,
    /// Only of this target system.
    pub system: Option<String>,
    /// Only those behind this one.
    pub after: Option<IncidentPosition>,
    /// At most so many.
    pub limit: u16,
}

/// A place in the list, newest first; the id decides between incidents of one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IncidentPosition {
    /// When it was seen first.
    pub first_seen_at: Timestamp,
    /// The incident.
    pub incident_id: IncidentId,
}

/// A part of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentPage {
    /// Open incidents of this kind and system, on whatever page.
    pub open_count: u32,
    /// The incidents, newest first.
    pub incidents: Vec<IncidentView>,
    /// The last one shown, if more follow.
    pub next: Option<IncidentPosition>,
}

/// One incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct IncidentView {
    /// The incident.
    pub incident_id: IncidentId,
    /// What kind, for example `STEP_HELD`.
    pub kind: String,
    /// What it is about; there is one open incident per kind and cause.
    pub cause: String,
    /// The target system, where one is concerned.
    pub target_system: Option<String>,
    /// The operation that it refuses.
    pub operation: Option<String>,
    /// The failure, in the spelling of codes.
    pub failure_signature: Option<String>,
    /// The order that met it first, where one did.
    pub order_id: Option<OrderId>,
    /// `MINOR`, `MAJOR` or `CRITICAL`.
    pub severity: String,
    /// What happened last.
    pub detail: String,
    /// How often.
    pub occurrence_count: i64,
    /// Steps that wait until it is resolved.
    pub held_step_count: u32,
    /// When it was seen first.
    pub first_seen_at: Timestamp,
    /// When it was seen last.
    pub last_seen_at: Timestamp,
    /// When it was resolved.
    pub resolved_at: Option<Timestamp>,
    /// By whom; absent where it resolved itself.
    pub resolved_by: Option<String>,
    /// Why, as a code.
    pub resolution_code: Option<String>,
    /// Why, in words.
    pub resolution_note: Option<String>,
}

impl TryFrom<&Row> for IncidentView {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        let r = Reader::new("platform_incident", row);
        Ok(Self {
            incident_id: IncidentId::from_uuid(r.get("id")?),
            kind: r.get("kind")?,
            cause: r.get("cause")?,
            target_system: r.get("target_system")?,
            operation: r.get("operation")?,
            failure_signature: r.get("failure_signature")?,
            order_id: r.get::<Option<Uuid>>("order_id")?.map(OrderId::from_uuid),
            severity: r.get("severity")?,
            detail: r.get("detail")?,
            occurrence_count: r.get("occurrence_count")?,
            held_step_count: r.count("held_step_count")?,
            first_seen_at: r.get("first_seen_at")?,
            last_seen_at: r.get("last_seen_at")?,
            resolved_at: r.get("resolved_at")?,
            resolved_by: r.get("resolved_by")?,
            resolution_code: r.get("resolution_code")?,
            resolution_note: r.get("resolution_note")?,
        })
    }
}

/// One page of the tenant's incidents, in one round trip.
///
/// # Errors
/// Technical failures of the store.
pub async fn list_incidents(
    tx: TenantTx,
    filter: &IncidentFilter,
) -> Result<IncidentPage, StoreError> {
    let tenant = tx.tenant.clone();
    let after = filter.after.map(|x| x.first_seen_at);
    let after_id = filter.after.map(|x| x.incident_id.as_uuid());
    // One more than asked for says whether another page follows.
    let limit = i64::from(filter.limit) + 1;
    let params = [
        (&tenant.as_str() as _, Type::TEXT),
        (&filter.is_open as _, Type::BOOL),
        (&filter.kind as _, Type::TEXT),
        (&filter.system as _, Type::TEXT),
        (&after as _, Type::TIMESTAMPTZ),
        (&after_id as _, Type::UUID),
        (&limit as _, Type::INT8),
    ];
    let rows = tx.run_alone("list_incidents", LIST_INCIDENTS, &params).await?;
    let count = rows.first().map(|row| Reader::new("platform_incident", row).count("open_count"));
    let mut incidents = Vec::new();
    for row in &rows {
        if Reader::new("platform_incident", row).get::<Option<Uuid>>("id")?.is_some() {
            incidents.push(IncidentView::try_from(row)?);
        }
    }
    let has_more = incidents.len() > usize::from(filter.limit);
    incidents.truncate(usize::from(filter.limit));
    let next = incidents
        .last()
        .filter(|_| has_more)
        .map(|x| IncidentPosition { first_seen_at: x.first_seen_at, incident_id: x.incident_id });
    Ok(IncidentPage { open_count: count.transpose()?.unwrap_or(0), incidents, next })
}
