//! Everything that an action reads, in one flush.

use futures_util::future::try_join4;
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
use crate::aggregate::{OrderAggregate, OrderKeys, StepScope, load_orders};
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::idempotency::{KeptAnswer, find_answer};
use crate::row::Reader;
use crate::tx::Tx;

/// In whatever status: a closed case refuses, a case that is not there is not found.
pub(crate) const FIND_CASE: &str = r"
    select c.id, c.cause, c.status, c.version, c.fulfillment_step_id, c.order_line_id, c.pending_request
    from order_fallout_case c
    where c.tenant_id = $1 and c.order_id = $2 and c.id = $3";

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
    let (name, order) = (tenant.as_str(), request.order_id.as_uuid());
    let case = request.case_id.map(|x| x.as_uuid());
    let case = [(&name as _, Type::TEXT), (&order as _, Type::UUID), (&case as _, Type::UUID)];
    let (mut orders, case, stored, target) = try_join4(
        load_orders(tx, &keys, StepScope::All),
        tx.rows("find_case", FIND_CASE, &case),
        find_answer(tx, tenant, (ctx, &request.fingerprint)),
        find_target(tx, tenant, request),
    )
    .await?;
    let aggregate = orders.remove(&(tenant.clone(), request.order_id));
    let case = match (&aggregate, request.case_id) {
        (Some(aggregate), None) => Some(CaseSubject::of_order(aggregate.order.version)),
        _ => case.first().map(subject_of).transpose()?,
    };
    Ok(Loaded { aggregate, case, target, stored })
}

fn subject_of(row: &Row) -> Result<CaseSubject, StoreError> {
    let r = Reader::new("order_fallout_case", row);
    let step = r.get::<Option<Uuid>>("fulfillment_step_id")?;
    let line = r.get::<Option<Uuid>>("order_line_id")?;
    Ok(CaseSubject {
        id: Some(FalloutCaseId::from_uuid(r.get("id")?)),
        kind: CaseKind::of_cause(&r.get::<String>("cause")?),
        status: r.parse("status")?,
        version: r.get("version")?,
        step_id: step.map(FulfillmentStepId::from_uuid),
        line_id: line.map(OrderLineId::from_uuid),
        pending: PendingRequest::of(r.get::<Option<Value>>("pending_request")?.as_ref()),
    })
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
