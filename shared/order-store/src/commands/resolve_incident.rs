//! Resolves an incident with a reason and lets go every step that it holds (§19).
//!
//! The held steps may belong to any orders of the tenant, so the orders are locked first, in the
//! order of every transaction, and the incident after them. A step that is held between the two
//! waits for the incident's row; the count that is taken behind that lock tells of it, and the
//! caller is told to repeat.

use std::collections::BTreeMap;

use futures_util::future::try_join5;
use order_domain::ids::{IncidentId, OrderId};
use order_domain::tenant::TenantId;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::step_effects::make_ready;
use crate::aggregate::{OrderAggregate, OrderKeys, StepScope, load_orders};
use crate::audit::AuditOutcome;
use crate::change::OrderChange;
use crate::change_set::{ChangeSet, IncidentResolution, Part};
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::idempotency::{KeptAnswer, Written, find_answer, keep_answer, write_once};
use crate::row::Reader;
use crate::tenant_chain::TenantChain;
use crate::tx::{TenantTx, Tx};

pub(crate) const LOCK_INCIDENT: &str = r"
    select i.resolved_at is null as is_open
    from platform_incident i
    where i.tenant_id = $1 and i.id = $2
    for update";

pub(crate) const COUNT_HELD: &str = r"
    select count(*)::integer as held
    from fulfillment_step s
    where s.tenant_id = $1 and s.held_by_incident_id = $2";

/// Which incident, and why it is over.
#[derive(Debug, Clone)]
pub struct ResolveIncident {
    /// The incident.
    pub incident_id: IncidentId,
    /// Why, as a code.
    pub reason_code: String,
    /// Why, in words; never logged.
    pub note: Option<String>,
    /// Digest of the request: the same key with another body is refused.
    pub fingerprint: String,
}

/// What resolving did, as it is kept under the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct IncidentResolved {
    /// The incident.
    pub incident_id: IncidentId,
    /// Steps that may be sent again.
    pub released_step_count: u32,
}

/// What resolving an incident came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum ResolveIncidentOutcome {
    /// Resolved, now or before with the same key.
    Resolved(IncidentResolved),
    /// The key was used with another request.
    KeyReused,
    /// Somebody resolved it already.
    AlreadyResolved,
    /// The tenant has no such incident.
    NotFound,
    /// A step was held meanwhile: repeat.
    Busy,
}

struct Loaded {
    orders: BTreeMap<(TenantId, OrderId), OrderAggregate>,
    incident: Vec<Row>,
    held: Vec<Row>,
    stored: Option<KeptAnswer<IncidentResolved>>,
    chain: TenantChain,
}

/// Resolves one incident. The key of `ctx` makes a repeat answer the same.
///
/// # Errors
/// Technical failures of the store; nothing is changed then.
pub async fn resolve_incident(
    mut tenant_tx: TenantTx,
    ctx: &CommandContext,
    request: &ResolveIncident,
) -> Result<ResolveIncidentOutcome, StoreError> {
    let tenant = tenant_tx.tenant.clone();
    let loaded = tenant_tx
        .tx
        .open(Some(&tenant), async |tx| load(tx, &tenant, (ctx, request)).await)
        .await?;
    if let Some(ended) = ended(&loaded)? {
        tenant_tx.tx.roll_back().await?;
        return Ok(ended);
    }
    let mut set = ChangeSet::default();
    let mut released = 0;
    for aggregate in loaded.orders.into_values() {
        let mut change = OrderChange::begin(aggregate, "resolve_incident", ctx, &mut set);
        released += release(&mut change, request.incident_id);
        change.finish(&AuditOutcome::Applied);
    }
    if released != count_of(&loaded.held)? {
        tenant_tx.tx.roll_back().await?;
        return Ok(ResolveIncidentOutcome::Busy);
    }
    let resolved =
        IncidentResolved { incident_id: request.incident_id, released_step_count: released };
    push_resolution(&mut set, &tenant, ctx, request);
    // An incident belongs to no order, so it stands in the tenant's own chain too.
    loaded.chain.push(&mut set, ctx, "resolve_incident", &AuditOutcome::Applied);
    let asked = (ctx, "resolve_incident", &*request.fingerprint);
    keep_answer(&mut set, tenant.to_string(), asked, &resolved)?;
    Ok(match write_once(set, tenant_tx.tx, "resolve_incident").await? {
        Written::Now => ResolveIncidentOutcome::Resolved(resolved),
        Written::SomebodyWasFaster => ResolveIncidentOutcome::Busy,
    })
}

async fn load(
    tx: &Tx,
    tenant: &TenantId,
    (ctx, request): (&CommandContext, &ResolveIncident),
) -> Result<Loaded, StoreError> {
    let keys = OrderKeys::of_incident(tenant.clone(), request.incident_id);
    let (name, id) = (tenant.as_str(), request.incident_id.as_uuid());
    let incident = [(&name as _, Type::TEXT), (&id as _, Type::UUID)];
    // The chain before the incident: whoever holds a system locks the chain and then its circuit, and
    // a circuit closes its incident.
    let (orders, chain, incident, held, stored) = try_join5(
        load_orders(tx, &keys, StepScope::All),
        TenantChain::lock(tx, tenant),
        tx.rows("lock_incident", LOCK_INCIDENT, &incident),
        tx.rows("count_held_steps", COUNT_HELD, &incident),
        find_answer(tx, tenant, (ctx, &request.fingerprint)),
    )
    .await?;
    Ok(Loaded { orders, incident, held, stored, chain })
}

/// What there is to say without changing anything.
fn ended(loaded: &Loaded) -> Result<Option<ResolveIncidentOutcome>, StoreError> {
    match loaded.stored {
        Some(KeptAnswer::OtherRequest) => return Ok(Some(ResolveIncidentOutcome::KeyReused)),
        Some(KeptAnswer::Same(done)) => return Ok(Some(ResolveIncidentOutcome::Resolved(done))),
        None => {}
    }
    Ok(match loaded.incident.first() {
        None => Some(ResolveIncidentOutcome::NotFound),
        Some(row) if Reader::new("platform_incident", row).get("is_open")? => None,
        Some(_) => Some(ResolveIncidentOutcome::AlreadyResolved),
    })
}

fn count_of(held: &[Row]) -> Result<u32, StoreError> {
    let row = held.first().ok_or(StoreError::NotFound { what: "the count of held steps" })?;
    Reader::new("fulfillment_step", row).count("held")
}

/// Back to READY with a dispatch owed; the policy's budget begins anew.
fn release(change: &mut OrderChange<'_>, incident_id: IncidentId) -> u32 {
    let mut released = 0;
    for index in 0..change.aggregate.steps.len() {
        let step = &mut change.aggregate.steps[index];
        if step.held_by_incident_id != Some(incident_id.as_uuid()) {
            continue;
        }
        step.held_by_incident_id = None;
        step.sends = step.sends.released();
        make_ready(change, index, change.now());
        released += 1;
    }
    released
}

fn push_resolution(
    set: &mut ChangeSet,
    tenant: &TenantId,
    ctx: &CommandContext,
    request: &ResolveIncident,
) {
    let row = IncidentResolution {
        tenant_id: tenant.to_string(),
        id: request.incident_id.as_uuid(),
        resolved_at: ctx.now,
        resolved_by: ctx.actor.name.clone(),
        resolution_code: request.reason_code.clone(),
        resolution_note: request.note.clone(),
    };
    set.push(Part::IncidentResolution, &row);
}
