//! Everything that an action reads, in one flush.

use std::collections::BTreeMap;

use futures_util::future::{try_join3, try_join4};
use order_domain::fallout::{CaseKind, FalloutAction};
use order_domain::ids::{FalloutCaseId, FulfillmentStepId, OrderLineId};
use order_domain::tenant::TenantId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::check::NewTarget;
use super::facts::{CaseSubject, PendingRequest};
use super::input::{ActOnCase, ActionReport, RefusedAction};
use crate::aggregate::{OrderAggregate, OrderKey, OrderKeys, StepScope, load_orders, read_orders};
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::idempotency::{KeptAnswer, find_answer};
use crate::row::Reader;
use crate::tx::Tx;

/// In whatever status: a closed case refuses, a case that is not there is not found.
pub(crate) const LOAD_SUBJECTS: &str = r"
    select c.id, c.order_id, c.cause, c.status, c.version, c.fulfillment_step_id, c.order_line_id,
           c.pending_request
    from unnest($2::uuid[], $3::uuid[]) as k(order_id, id)
    join order_fallout_case c on c.tenant_id = $1 and c.order_id = k.order_id and c.id = k.id";

pub(crate) const FIND_TARGET: &str = r"
    select t.settings
    from target_system t
    where t.tenant_id = $1 and t.system = $2";

/// An answer as it is kept under its key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Stored {
    Done(Box<ActionReport>),
    Refused(RefusedAction),
}

pub(super) struct Loaded {
    pub(super) aggregate: Option<OrderAggregate>,
    pub(super) case: Option<CaseSubject>,
    pub(super) target: NewTarget,
    pub(super) stored: Option<KeptAnswer<Stored>>,
}

pub(super) async fn load(
    tx: &Tx,
    tenant: &TenantId,
    (ctx, request): (&CommandContext, &ActOnCase),
) -> Result<Loaded, StoreError> {
    let keys = OrderKeys::of_orders([(tenant.clone(), request.order_id)]);
    let (mut orders, mut cases, stored, target) = try_join4(
        load_orders(tx, &keys, StepScope::All),
        load_subjects(tx, tenant, std::slice::from_ref(request)),
        find_answer(tx, tenant, (ctx, &request.fingerprint)),
        find_target(tx, tenant, request),
    )
    .await?;
    let aggregate = orders.remove(&(tenant.clone(), request.order_id));
    let case = match (&aggregate, request.case_id) {
        (Some(aggregate), None) => Some(CaseSubject::of_order(aggregate.order.version)),
        (_, id) => id.and_then(|id| cases.remove(&id)),
    };
    Ok(Loaded { aggregate, case, target, stored })
}

/// What the dry run of one action on many cases reads: one snapshot, no locks.
pub(super) struct ManyLoaded {
    pub(super) orders: BTreeMap<OrderKey, OrderAggregate>,
    pub(super) cases: BTreeMap<FalloutCaseId, CaseSubject>,
    pub(super) target: NewTarget,
}

/// All of `requests` ask for the same, each for another case.
pub(super) async fn read_many(
    tx: &Tx,
    tenant: &TenantId,
    requests: &[ActOnCase],
) -> Result<ManyLoaded, StoreError> {
    let keys = OrderKeys::of_orders(requests.iter().map(|x| (tenant.clone(), x.order_id)));
    let target = async {
        match requests.first() {
            Some(first) => find_target(tx, tenant, first).await,
            None => Ok(None),
        }
    };
    let (orders, cases, target) = try_join3(
        read_orders(tx, &keys, StepScope::All),
        load_subjects(tx, tenant, requests),
        target,
    )
    .await?;
    Ok(ManyLoaded { orders, cases, target })
}

async fn load_subjects(
    tx: &Tx,
    tenant: &TenantId,
    requests: &[ActOnCase],
) -> Result<BTreeMap<FalloutCaseId, CaseSubject>, StoreError> {
    let named = requests.iter().filter_map(|x| Some((x.order_id.as_uuid(), x.case_id?.as_uuid())));
    let (orders, cases): (Vec<Uuid>, Vec<Uuid>) = named.unzip();
    let params = [
        (&tenant.as_str() as _, Type::TEXT),
        (&orders as _, Type::UUID_ARRAY),
        (&cases as _, Type::UUID_ARRAY),
    ];
    let rows = tx.rows("load_subjects", LOAD_SUBJECTS, &params).await?;
    rows.iter().map(subject_of).collect()
}

fn subject_of(row: &Row) -> Result<(FalloutCaseId, CaseSubject), StoreError> {
    let r = Reader::new("order_fallout_case", row);
    let step = r.get::<Option<Uuid>>("fulfillment_step_id")?;
    let line = r.get::<Option<Uuid>>("order_line_id")?;
    let id = FalloutCaseId::from_uuid(r.get("id")?);
    let subject = CaseSubject {
        id: Some(id),
        kind: CaseKind::of_cause(&r.get::<String>("cause")?),
        status: r.parse("status")?,
        version: r.get("version")?,
        step_id: step.map(FulfillmentStepId::from_uuid),
        line_id: line.map(OrderLineId::from_uuid),
        pending: PendingRequest::of(r.get::<Option<Value>>("pending_request")?.as_ref()),
    };
    Ok((id, subject))
}

/// Whether the system that is named exists, and what it offers.
async fn find_target(
    tx: &Tx,
    tenant: &TenantId,
    request: &ActOnCase,
) -> Result<NewTarget, StoreError> {
    let named = request.input.target_system.as_ref();
    let Some(system) = named.filter(|_| request.action == FalloutAction::ReplaceTarget) else {
        return Ok(None);
    };
    let tenant = tenant.as_str();
    let params = [(&tenant as _, Type::TEXT), (system as _, Type::TEXT)];
    let rows = tx.rows("find_target", FIND_TARGET, &params).await?;
    rows.first().map(|row| Reader::new("target_system", row).get("settings")).transpose()
}
