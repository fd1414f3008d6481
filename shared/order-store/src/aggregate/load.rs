//! Locks and loads orders, all statements in one flush.
//!
//! The lock is a statement of its own: what follows it has a snapshot taken after the wait, so a
//! command never decides on rows that a rival was just changing.

use std::collections::BTreeMap;

use futures_util::future::try_join5;
use order_domain::ids::{FulfillmentStepId, IncidentId, OrderId, RequestId};
use order_domain::tenant::TenantId;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::OrderAggregate;
use super::case_row::CaseRow;
use super::rows::{LineRow, OrderRow, PlanRow, StepRow};
use super::step_statements::{ALL_STEPS, NAMED_STEPS, TOUCHED_STEPS};
use crate::error::StoreError;
use crate::tx::Tx;

/// The rows of the orders; `$tail` locks them, or does not.
macro_rules! orders {
    ($tail:literal) => {
        concat!(
            r"
    select o.tenant_id, o.id, o.order_number, o.customer_id, o.billing_account_id, o.status, o.version,
           o.catalogue_version, o.correlation_id, o.open_blocking_case_count, o.validated_at,
           o.decomposed_at, o.planned_at, o.released_at, o.billing_settled_at, o.completed_at,
           o.failed_at, o.audit_sequence, o.audit_head
    from product_order o
    where (o.tenant_id, o.id) in (select k.tenant_id, k.id from {keys} k)
    order by o.tenant_id, o.id  -- the lock order of every transaction
    ",
            $tail
        )
    };
}

const LOCK_ORDERS: &str = orders!("for update of o");
/// For whoever decides nothing: an explanation locks nobody out.
const READ_ORDERS: &str = orders!("");

const LINES: &str = r"
    select l.order_id, l.id, l.line_number, l.parent_line_id, l.product_code, l.action, l.quantity,
           l.characteristics, l.previous_characteristics, l.product_instance_id,
           l.recurring_amount_minor, l.one_time_amount_minor, l.currency, l.is_mandatory,
           l.status, l.settled_reason, l.waived_by, l.step_count, l.remaining_step_count,
           l.failed_step_count, l.skipped_step_count, l.skip_approved_by, l.is_started
    from {keys} k
    join order_line l on l.tenant_id = k.tenant_id and l.order_id = k.id
    order by l.order_id, l.line_number";

const PLANS: &str = r"
    select distinct on (p.tenant_id, p.order_id)
           p.order_id, p.id, p.plan_version, p.status, p.remaining_step_count, p.released_at,
           p.completed_at
    from {keys} k
    join fulfillment_plan p on p.tenant_id = k.tenant_id and p.order_id = k.id
    where p.purpose = 'FULFILLMENT'
    order by p.tenant_id, p.order_id, p.plan_version desc";

const OPEN_CASES: &str = r"
    select c.order_id, c.id, c.fulfillment_step_id, c.cause, c.status, c.is_blocking,
           c.engine_anchor, c.severity, c.occurrence_count, c.assigned_group, c.assigned_user, c.due_at,
           c.touched_at, c.escalation_level, c.pending_request, c.requested_information, c.version
    from {keys} k
    join order_fallout_case c on c.tenant_id = k.tenant_id and c.order_id = k.id
    where c.status not in ('RESOLVED', 'CANCELLED')";

/// What `{keys}` stands for when the caller names orders.
const KEYS_BY_ORDER: &str =
    "(select q.tenant_id, q.id from unnest($1::text[], $2::uuid[]) as q(tenant_id, id)) as";

/// What `{keys}` stands for when the caller names requests, so that a callback needs no look-up first.
const KEYS_BY_REQUEST: &str = r"(select distinct r.tenant_id, r.order_id as id
        from unnest($1::text[], $2::uuid[]) as q(tenant_id, request_id)
        join external_request r on r.tenant_id = q.tenant_id and r.request_id = q.request_id) as";

/// What `{keys}` stands for when an incident is resolved: the orders of the steps that it holds.
const KEYS_BY_INCIDENT: &str = r"(select distinct s.tenant_id, s.order_id as id
        from unnest($1::text[], $2::uuid[]) as q(tenant_id, incident_id)
        join fulfillment_step s on s.tenant_id = q.tenant_id and s.held_by_incident_id = q.incident_id) as";

/// Every statement of this module, in every form, for the test that prepares them.
pub(crate) fn statements() -> Vec<(&'static str, String)> {
    let templates = [
        ("LOCK_ORDERS", LOCK_ORDERS),
        ("READ_ORDERS", READ_ORDERS),
        ("LINES", LINES),
        ("PLANS", PLANS),
        ("OPEN_CASES", OPEN_CASES),
        ("ALL_STEPS", ALL_STEPS),
    ];
    let by_keys = [KEYS_BY_ORDER, KEYS_BY_REQUEST, KEYS_BY_INCIDENT]
        .into_iter()
        .flat_map(|keys| templates.map(|(name, sql)| (name, sql.replace("{keys}", keys))));
    let by_step = [("NAMED_STEPS", NAMED_STEPS), ("TOUCHED_STEPS", TOUCHED_STEPS)];
    by_keys.chain(by_step.map(|(name, sql)| (name, sql.to_owned()))).collect()
}

/// One order of one tenant.
pub(crate) type OrderKey = (TenantId, OrderId);

/// Keys as the two arrays that statements join.
#[derive(Debug)]
pub(crate) struct OrderKeys {
    source: &'static str,
    tenants: Vec<String>,
    ids: Vec<Uuid>,
}

impl OrderKeys {
    /// Orders by id, without repeats.
    pub(crate) fn of_orders(keys: impl IntoIterator<Item = OrderKey>) -> Self {
        let keys = keys.into_iter().map(|(tenant, id)| (tenant, id.as_uuid()));
        Self::collect(KEYS_BY_ORDER, keys)
    }

    /// The orders that these requests were made for.
    pub(crate) fn of_requests(keys: impl IntoIterator<Item = (TenantId, RequestId)>) -> Self {
        let keys = keys.into_iter().map(|(tenant, id)| (tenant, id.as_uuid()));
        Self::collect(KEYS_BY_REQUEST, keys)
    }

    /// The orders of the steps that this incident holds.
    pub(crate) fn of_incident(tenant: TenantId, id: IncidentId) -> Self {
        Self::collect(KEYS_BY_INCIDENT, [(tenant, id.as_uuid())].into_iter())
    }

    fn collect(source: &'static str, keys: impl Iterator<Item = (TenantId, Uuid)>) -> Self {
        let (tenants, ids) = columns(keys);
        Self { source, tenants, ids }
    }

    async fn rows(
        &self,
        tx: &Tx,
        operation: &'static str,
        template: &str,
    ) -> Result<Vec<Row>, StoreError> {
        let params = [(&self.tenants as _, Type::TEXT_ARRAY), (&self.ids as _, Type::UUID_ARRAY)];
        tx.rows(operation, &template.replace("{keys}", self.source), &params).await
    }
}

/// Keys as two arrays, without repeats.
fn columns(keys: impl Iterator<Item = (TenantId, Uuid)>) -> (Vec<String>, Vec<Uuid>) {
    let mut keys: Vec<_> = keys.collect();
    keys.sort();
    keys.dedup();
    keys.into_iter().map(|(tenant, id)| (tenant.to_string(), id)).unzip()
}

/// Which steps a command needs.
#[derive(Debug)]
pub(crate) enum StepScope {
    /// None: milestones before the plan.
    None,
    /// All of the order: releasing the plan, billing.
    All,
    /// These alone: a claim.
    Named(Vec<(TenantId, FulfillmentStepId)>),
    /// Those of the requests that the keys name, and what their settlement can change.
    Requested,
}

/// Locks the orders and loads what a command decides on. Orders that do not exist are absent.
pub(crate) async fn load_orders(
    tx: &Tx,
    keys: &OrderKeys,
    scope: StepScope,
) -> Result<BTreeMap<OrderKey, OrderAggregate>, StoreError> {
    load(tx, keys, ("lock_orders", LOCK_ORDERS), scope).await
}

/// Loads the same without locking anything.
pub(crate) async fn read_orders(
    tx: &Tx,
    keys: &OrderKeys,
    scope: StepScope,
) -> Result<BTreeMap<OrderKey, OrderAggregate>, StoreError> {
    load(tx, keys, ("read_orders", READ_ORDERS), scope).await
}

async fn load(
    tx: &Tx,
    keys: &OrderKeys,
    (operation, orders): (&'static str, &str),
    scope: StepScope,
) -> Result<BTreeMap<OrderKey, OrderAggregate>, StoreError> {
    let (orders, lines, plans, cases, steps) = try_join5(
        keys.rows(tx, operation, orders),
        keys.rows(tx, "load_lines", LINES),
        keys.rows(tx, "load_plans", PLANS),
        keys.rows(tx, "load_open_cases", OPEN_CASES),
        load_steps(tx, keys, scope),
    )
    .await?;
    assemble(&orders, &[&lines, &plans, &cases, &steps])
}

async fn load_steps(tx: &Tx, keys: &OrderKeys, scope: StepScope) -> Result<Vec<Row>, StoreError> {
    match scope {
        StepScope::None => Ok(Vec::new()),
        StepScope::All => keys.rows(tx, "load_all_steps", ALL_STEPS).await,
        StepScope::Named(steps) => {
            let steps = steps.into_iter().map(|(tenant, id)| (tenant, id.as_uuid()));
            let (tenants, ids) = columns(steps);
            let params = [(&tenants as _, Type::TEXT_ARRAY), (&ids as _, Type::UUID_ARRAY)];
            tx.rows("load_named_steps", NAMED_STEPS, &params).await
        }
        StepScope::Requested => keys.rows(tx, "load_touched_steps", TOUCHED_STEPS).await,
    }
}

fn assemble(
    orders: &[Row],
    [lines, plans, cases, steps]: &[&Vec<Row>; 4],
) -> Result<BTreeMap<OrderKey, OrderAggregate>, StoreError> {
    let mut by_id = BTreeMap::new();
    for row in orders {
        let order = OrderRow::try_from(row)?;
        by_id.insert(
            order.id,
            OrderAggregate {
                order,
                lines: Vec::new(),
                plan: None,
                steps: Vec::new(),
                cases: Vec::new(),
            },
        );
    }
    for row in lines.iter() {
        let line = LineRow::try_from(row)?;
        if let Some(x) = by_id.get_mut(&line.order_id) {
            x.lines.push(line);
        }
    }
    for row in plans.iter() {
        let plan = PlanRow::try_from(row)?;
        if let Some(x) = by_id.get_mut(&plan.order_id) {
            x.plan = Some(plan);
        }
    }
    for row in cases.iter() {
        let case = CaseRow::try_from(row)?;
        if let Some(x) = by_id.get_mut(&case.order_id) {
            x.cases.push(case);
        }
    }
    for row in steps.iter() {
        let step = StepRow::try_from(row)?;
        if let Some(x) = by_id.get_mut(&step.order_id) {
            x.steps.push(step);
        }
    }
    Ok(by_id.into_values().map(|x| ((x.order.tenant.clone(), x.order.id), x)).collect())
}
