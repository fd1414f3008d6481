//! Incidents of the engine with business impact become cases of their orders (§19).
//!
//! An incident is engineering's; that its order stands still is business. While the engine reports
//! an incident at an activity of a live order, the order has one open case for that activity; when
//! the report is over the case closes by itself. Both sides are rows of ours, so that following is
//! repeatable, and a run that died after recording a report is made up for by the next one.
//! The evidence holds pointers only: an engine's message can quote what workers said.

use std::collections::BTreeMap;

use order_domain::fallout::{EngineAnchor, FalloutReason, FalloutResolution};
use order_domain::ids::{FalloutCaseId, OrderId};
use order_domain::tenant::TenantId;
use serde_json::{Value, json};
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::fallout::{NewFallout, Routing, close_case, open_fallout, push_case};
use crate::aggregate::{CaseRow, OrderAggregate, OrderKeys, StepScope, load_orders};
use crate::audit::AuditOutcome;
use crate::change::OrderChange;
use crate::change_set::ChangeSet;
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::{SystemTx, Tx};

const COMMAND: &str = "follow_engine_incidents";
/// Causes of these cases; the activity, or the incident's type where it names none, comes behind.
const PREFIX: &str = "engine:";
/// Why such a case is closed.
const GONE: &str = "ENGINE_INCIDENT_GONE";

/// Incidents of live orders that no open case knows, and open cases whose incidents are all over.
pub(crate) const LIST_UNFOLLOWED: &str = r"
    select k.tenant_id, k.order_id
    from (
        select i.tenant_id, i.order_id, i.first_seen_at as since
        from platform_incident i
        join product_order o on o.tenant_id = i.tenant_id and o.id = i.order_id
            and o.status not in ('COMPLETED', 'CANCELLED', 'FAILED')
        where i.kind = 'ENGINE_INCIDENT' and i.resolved_at is null and not exists (
            select from order_fallout_case c
            where c.tenant_id = i.tenant_id and c.order_id = i.order_id and c.reason_code = i.kind
              and c.status not in ('RESOLVED', 'CANCELLED')
              and c.evidence->'incidents' @> jsonb_build_array(jsonb_build_object('incidentId', i.id)))
        union all
        select c.tenant_id, c.order_id, c.opened_at
        from order_fallout_case c
        where c.reason_code = 'ENGINE_INCIDENT' and c.status not in ('RESOLVED', 'CANCELLED')
          and c.due_at is not null and not exists (
            select from platform_incident i
            where i.tenant_id = c.tenant_id and i.order_id = c.order_id and i.kind = c.reason_code
              and i.resolved_at is null
              and c.evidence->'incidents' @> jsonb_build_array(jsonb_build_object('incidentId', i.id)))
    ) k
    group by k.tenant_id, k.order_id
    order by min(k.since)
    limit $1";

/// Open incidents, and what the open cases know of theirs; both asked under the orders' locks.
pub(crate) const INCIDENTS_OF_ORDERS: &str = r"
    select i.order_id, i.id, i.cause, null::uuid as case_id, null::jsonb as known
    from unnest($1::text[], $2::uuid[]) as k(tenant_id, order_id)
    join platform_incident i on i.tenant_id = k.tenant_id and i.order_id = k.order_id
        and i.kind = 'ENGINE_INCIDENT' and i.resolved_at is null
    union all
    select c.order_id, c.id, c.cause, c.id, coalesce(c.evidence->'incidents', '[]')
    from unnest($1::text[], $2::uuid[]) as k(tenant_id, order_id)
    join order_fallout_case c on c.tenant_id = k.tenant_id and c.order_id = k.order_id
        and c.reason_code = 'ENGINE_INCIDENT' and c.status not in ('RESOLVED', 'CANCELLED')";

/// How many cases were opened and closed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[must_use]
pub struct Followed {
    /// Opened.
    pub opened: usize,
    /// Closed, because the engine reports their incidents no more.
    pub closed: usize,
}

/// What is known of the orders besides themselves.
#[derive(Default)]
struct Reported {
    /// Pointers of open incidents, by order and cause of the case.
    open: BTreeMap<(OrderId, String), Vec<Value>>,
    /// What a case's evidence names.
    known: BTreeMap<FalloutCaseId, Vec<Value>>,
}

/// What is to be done about one order.
#[derive(Default)]
struct Plan {
    open: Vec<(String, Vec<Value>)>,
    add: Vec<(FalloutCaseId, Vec<Value>)>,
    close: Vec<FalloutCaseId>,
}

/// Orders whose cases do not say what the engine reports, `limit` at most.
///
/// A hint, decided by [`follow_engine_incidents`].
///
/// # Errors
/// Technical failures of the store.
pub async fn list_unfollowed(
    tx: SystemTx,
    limit: u32,
) -> Result<Vec<(TenantId, OrderId)>, StoreError> {
    let limit = i64::from(limit);
    let params = [(&limit as _, Type::INT8)];
    let rows = tx.run_alone("list_unfollowed", LIST_UNFOLLOWED, &params).await?;
    let key = |row| {
        let r = Reader::new("platform_incident", row);
        Ok((r.parse("tenant_id")?, OrderId::from_uuid(r.get("order_id")?)))
    };
    rows.iter().map(key).collect()
}

/// Opens, completes and closes the cases of these orders, in two round trips.
///
/// # Errors
/// Technical failures of the store; nothing is changed then.
pub async fn follow_engine_incidents(
    mut system_tx: SystemTx,
    ctx: &CommandContext,
    orders: &[(TenantId, OrderId)],
) -> Result<Followed, StoreError> {
    let keys = OrderKeys::of_orders(orders.iter().cloned());
    let (loaded, reported) = system_tx
        .tx
        .open(None, async |tx| {
            let loading = load_orders(tx, &keys, StepScope::None);
            futures_util::future::try_join(loading, read_reported(tx, orders)).await
        })
        .await?;
    let mut set = ChangeSet::default();
    let mut followed = Followed::default();
    for aggregate in loaded.into_values() {
        let plan = plan(&aggregate, &reported);
        if plan.open.is_empty() && plan.add.is_empty() && plan.close.is_empty() {
            continue;
        }
        let mut change = OrderChange::begin(aggregate, COMMAND, ctx, &mut set);
        followed.opened += plan.open.len();
        followed.closed += plan.close.len();
        carry_out(&mut change, (plan, &reported));
        change.finish(&AuditOutcome::Applied);
    }
    set.write(system_tx.tx, COMMAND).await?;
    Ok(followed)
}

async fn read_reported(tx: &Tx, orders: &[(TenantId, OrderId)]) -> Result<Reported, StoreError> {
    let tenants: Vec<&str> = orders.iter().map(|x| x.0.as_str()).collect();
    let ids: Vec<Uuid> = orders.iter().map(|x| x.1.as_uuid()).collect();
    let params = [(&tenants as _, Type::TEXT_ARRAY), (&ids as _, Type::UUID_ARRAY)];
    let mut reported = Reported::default();
    for row in &tx.rows("incidents_of_orders", INCIDENTS_OF_ORDERS, &params).await? {
        let r = Reader::new("platform_incident", row);
        if let Some(case_id) = r.get::<Option<Uuid>>("case_id")? {
            let known = r.json("known")?;
            reported.known.insert(FalloutCaseId::from_uuid(case_id), known);
            continue;
        }
        let (cause, pointers) = pointers(r.get("id")?, &r.get::<String>("cause")?);
        let order_id = OrderId::from_uuid(r.get("order_id")?);
        reported.open.entry((order_id, cause)).or_default().push(pointers);
    }
    Ok(reported)
}

/// The cause of the case, and what its evidence says: the incident's own cause is
/// `{type}:{process instance}:{activity}`.
fn pointers(incident_id: Uuid, cause: &str) -> (String, Value) {
    let mut parts = cause.splitn(3, ':');
    let mut next = || parts.next().filter(|x| !x.is_empty() && *x != "unknown");
    let (incident_type, instance, activity) = (next(), next(), next());
    let incident_type = match incident_type {
        Some("task") => Some("failedExternalTask"),
        other => other,
    };
    let place = activity.or(incident_type).unwrap_or("unknown");
    let evidence = json!({ "incidentId": incident_id, "incidentType": incident_type,
        "processInstanceId": instance, "activityId": activity });
    (format!("{PREFIX}{place}"), evidence)
}

fn plan(aggregate: &OrderAggregate, reported: &Reported) -> Plan {
    let order_id = aggregate.order.id;
    let mut plan = Plan::default();
    for ((_, cause), incidents) in reported.open.iter().filter(|x| x.0.0 == order_id) {
        let open = aggregate.cases.iter().find(|x| x.cause == *cause);
        let known = open.map(|x| (x.id, reported.known.get(&x.id)));
        match known {
            None if !aggregate.order.status.is_terminal() => {
                plan.open.push((cause.clone(), incidents.clone()));
            }
            None => {}
            Some((id, known)) => {
                let is_known = |x: &&Value| {
                    known.is_some_and(|known| {
                        known.iter().any(|y| y["incidentId"] == x["incidentId"])
                    })
                };
                let news: Vec<Value> = incidents.iter().filter(|x| !is_known(x)).cloned().collect();
                if !news.is_empty() {
                    plan.add.push((id, news));
                }
            }
        }
    }
    let is_over = |x: &&CaseRow| {
        x.cause.starts_with(PREFIX) && !reported.open.contains_key(&(order_id, x.cause.clone()))
    };
    plan.close = aggregate.cases.iter().filter(is_over).map(|x| x.id).collect();
    plan
}

fn carry_out(change: &mut OrderChange<'_>, (plan, reported): (Plan, &Reported)) {
    for (cause, incidents) in plan.open {
        let case = NewFallout {
            cause,
            origin: COMMAND.to_owned(),
            reason: FalloutReason::EngineIncident,
            reasons: json!([FalloutReason::EngineIncident.code()]),
            is_blocking: true,
            anchor: EngineAnchor::None,
            step_id: None,
            line_id: None,
            signature: None,
            evidence: json!({ "incidents": incidents }),
            routing: Routing::of_order(),
        };
        open_fallout(change, case);
    }
    for (id, news) in plan.add {
        let mut incidents = reported.known.get(&id).cloned().unwrap_or_default();
        let Some(case) = change.aggregate.cases.iter_mut().find(|x| x.id == id) else { continue };
        case.occurrence_count += u32::try_from(news.len()).unwrap_or(u32::MAX);
        case.version += 1;
        incidents.extend(news);
        case.news.evidence = Some(json!({ "incidents": incidents }));
        push_case(change, id);
    }
    for id in plan.close {
        let case = change.aggregate.cases.iter().find(|x| x.id == id).cloned();
        if let Some(case) = case {
            close_case(change, &case, FalloutResolution::Retry, (GONE, None));
        }
    }
}
