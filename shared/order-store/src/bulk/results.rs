//! What acting on a case came to: at once, and after what it set in motion.

use jiff::{SignedDuration, Timestamp};
use order_domain::bulk::{BulkItemStatus, FollowedCase, result_of};
use order_domain::fallout::CaseKind;
use order_domain::ids::BulkActionId;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::TenantTx;

/// A case is looked at again this long after the action at first, then less and less often.
const FIRST_LOOK: SignedDuration = SignedDuration::from_secs(1);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_secs(60);
/// A case that has no result by then is reported as still running.
const PATIENCE: SignedDuration = SignedDuration::from_hours(1);

/// The status of the case then and the version of it now; whoever was faster has said the same.
pub(crate) const KEEP_ACTS: &str = r"
    update bulk_action_item i
    set status = k.status, code = k.code, case_version = coalesce(k.case_version, i.case_version),
        acted_at = case when k.status not in ('PENDING', 'SKIPPED') then $7::timestamptz end, leased_until = null, next_look_at = case when k.status = 'RUNNING' then $8::timestamptz end
    from unnest($3::integer[], $4::text[], $5::text[], $6::bigint[]) as k(position, status, code, case_version)
    where i.tenant_id = $1 and i.bulk_action_id = $2 and i.position = k.position and i.status = 'PENDING'";

pub(crate) const LIST_RUNNING: &str = r"
    select i.position, i.acted_at, c.cause, c.status, c.version > i.case_version as has_moved, c.reason_code,
           o.status as order_status, o.validated_at, o.planned_at, o.billing_settled_at, o.completed_at,
           s.status as step_status, s.held_by_incident_id is not null as is_step_held,
           (select min(n.reason_code) from order_fallout_case n
            where n.tenant_id = $1 and n.order_id = c.order_id and n.fulfillment_step_id is null and n.id <> c.id
              and n.opened_at >= i.acted_at and n.status not in ('RESOLVED', 'CANCELLED')) as newer_reason_code
    from bulk_action_item i
    join order_fallout_case c on c.tenant_id = $1 and c.id = i.fallout_case_id
    join product_order o on o.tenant_id = $1 and o.id = i.order_id
    left join fulfillment_step s on s.tenant_id = $1 and s.id = c.fulfillment_step_id
    where i.tenant_id = $1 and i.bulk_action_id = $2 and i.status = 'RUNNING' and i.next_look_at <= $3
    order by i.next_look_at
    limit $4";

/// Without a status it is only looked at later.
pub(crate) const KEEP_RESULTS: &str = r"
    update bulk_action_item i
    set status = coalesce(k.status, i.status), code = k.code, next_look_at = k.next_look_at
    from unnest($3::integer[], $4::text[], $5::text[], $6::timestamptz[]) as k(position, status, code, next_look_at)
    where i.tenant_id = $1 and i.bulk_action_id = $2 and i.position = k.position and i.status = 'RUNNING'";

/// What the action on one case came to at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActedItem {
    /// The case's place in the list.
    pub position: i32,
    /// Running, done or refused.
    pub status: BulkItemStatus,
    /// Why it was refused.
    pub code: Option<String>,
    /// The case's version after the action.
    pub case_version: Option<i64>,
}

/// Keeps what acting came to, in one round trip.
///
/// # Errors
/// Technical failures of the store; the cases are claimed again when their lease is over.
pub async fn keep_acts(
    tx: TenantTx,
    id: BulkActionId,
    (acted, now): (&[ActedItem], Timestamp),
) -> Result<(), StoreError> {
    let tenant = tx.tenant.clone();
    let positions: Vec<i32> = acted.iter().map(|x| x.position).collect();
    let statuses: Vec<&str> = acted.iter().map(|x| x.status.as_str()).collect();
    let codes: Vec<Option<&str>> = acted.iter().map(|x| x.code.as_deref()).collect();
    let versions: Vec<Option<i64>> = acted.iter().map(|x| x.case_version).collect();
    let first_look = now.checked_add(FIRST_LOOK).unwrap_or(Timestamp::MAX);
    let params = [
        (&tenant.as_str() as _, Type::TEXT),
        (&id.as_uuid() as _, Type::UUID),
        (&positions as _, Type::INT4_ARRAY),
        (&statuses as _, Type::TEXT_ARRAY),
        (&codes as _, Type::TEXT_ARRAY),
        (&versions as _, Type::INT8_ARRAY),
        (&now as _, Type::TIMESTAMPTZ),
        (&first_look as _, Type::TIMESTAMPTZ),
    ];
    tx.run_alone("keep_bulk_acts", KEEP_ACTS, &params).await?;
    Ok(())
}

struct Look {
    position: i32,
    result: Option<(BulkItemStatus, Option<String>)>,
    next_look_at: Option<Timestamp>,
}

/// Looks at cases that were acted on and keeps the results that there are, in three round trips at
/// most. Returns how many were looked at.
///
/// # Errors
/// Technical failures of the store.
pub async fn follow_items(
    mut tenant_tx: TenantTx,
    id: BulkActionId,
    (now, limit): (Timestamp, u32),
) -> Result<usize, StoreError> {
    let tenant = tenant_tx.tenant.clone();
    let (name, bulk, limit) = (tenant.as_str(), id.as_uuid(), i64::from(limit));
    let params = [
        (&name as _, Type::TEXT),
        (&bulk as _, Type::UUID),
        (&now as _, Type::TIMESTAMPTZ),
        (&limit as _, Type::INT8),
    ];
    let rows = tenant_tx
        .tx
        .open(Some(&tenant), async |tx| tx.rows("list_running_items", LIST_RUNNING, &params).await)
        .await?;
    let looks: Vec<Look> = rows.iter().map(|row| look(row, now)).collect::<Result<_, _>>()?;
    if looks.is_empty() {
        tenant_tx.tx.roll_back().await?;
        return Ok(0);
    }
    let positions: Vec<i32> = looks.iter().map(|x| x.position).collect();
    let status = |x: &Look| x.result.as_ref().map(|(status, _)| status.as_str());
    let statuses: Vec<Option<&str>> = looks.iter().map(status).collect();
    let code = |x: &Look| x.result.as_ref().and_then(|(_, code)| code.clone());
    let codes: Vec<Option<String>> = looks.iter().map(code).collect();
    let next: Vec<Option<Timestamp>> = looks.iter().map(|x| x.next_look_at).collect();
    let params = [
        (&name as _, Type::TEXT),
        (&bulk as _, Type::UUID),
        (&positions as _, Type::INT4_ARRAY),
        (&statuses as _, Type::TEXT_ARRAY),
        (&codes as _, Type::TEXT_ARRAY),
        (&next as _, Type::TIMESTAMPTZ_ARRAY),
    ];
    tenant_tx.tx.write_and_commit("keep_bulk_results", KEEP_RESULTS, &params).await?;
    Ok(looks.len())
}

fn look(row: &Row, now: Timestamp) -> Result<Look, StoreError> {
    let r = Reader::new("bulk_action_item", row);
    let acted_at: Timestamp = r.get("acted_at")?;
    let waited = now.duration_since(acted_at);
    let result = result_of(&followed(&r)?);
    let result = match result {
        None if waited >= PATIENCE => Some((BulkItemStatus::StillRunning, None)),
        result => result,
    };
    let pause = (waited / 4).clamp(FIRST_LOOK, LONGEST_PAUSE);
    let next_look_at = result.is_none().then(|| now.checked_add(pause).unwrap_or(Timestamp::MAX));
    Ok(Look { position: r.get("position")?, result, next_look_at })
}

fn followed(r: &Reader<'_>) -> Result<FollowedCase, StoreError> {
    let kind = CaseKind::of_cause(&r.get::<String>("cause")?);
    let milestone = match kind {
        CaseKind::Readiness => Some("validated_at"),
        CaseKind::Decomposition | CaseKind::Planning => Some("planned_at"),
        CaseKind::Billing => Some("billing_settled_at"),
        CaseKind::Completion | CaseKind::Order => Some("completed_at"),
        CaseKind::Step | CaseKind::Contradiction => None,
    };
    let reached = milestone.map(|x| r.get::<Option<Timestamp>>(x)).transpose()?.flatten();
    Ok(FollowedCase {
        kind,
        status: r.parse("status")?,
        has_moved: r.get("has_moved")?,
        reason_code: r.get("reason_code")?,
        newer_reason_code: r.get("newer_reason_code")?,
        order: r.parse("order_status")?,
        is_milestone_reached: reached.is_some(),
        step: r.parse_optional("step_status")?,
        is_step_held: r.get("is_step_held")?,
    })
}
