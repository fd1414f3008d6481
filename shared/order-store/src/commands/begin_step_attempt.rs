//! Claims READY steps for sending: request id stored and committed before any call (§15).

use std::collections::BTreeMap;

use fault_points::SeededBug;
use jiff::{SignedDuration, Timestamp};
use order_domain::circuit::CircuitWait;
use order_domain::ids::{FulfillmentStepId, OrderId, OrderLineId, RequestId};
use order_domain::plan::PlanStatus;
use order_domain::step::answer::StepAnswer;
use order_domain::step::{AnswerSource, Jitter, StepPolicy, StepStatus};
use order_domain::tenant::TenantId;
use serde_json::Value;
use uuid::Uuid;

use crate::aggregate::{LineRow, OrderAggregate, OrderKeys, StepRow, StepScope, load_orders};
use crate::audit::AuditOutcome;
use crate::change::OrderChange;
use crate::change_set::{ChangeSet, NewRequest, Part, RequestUpdate};
use crate::commands::{StepOutcome, StepSubject};
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::tx::SystemTx;

/// A step that the queue says is ready.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BeginAttempt {
    /// The tenant.
    pub tenant: TenantId,
    /// The order.
    pub order_id: OrderId,
    /// The step.
    pub step_id: FulfillmentStepId,
}

/// A claimed step: everything that the call needs, and the lease that its outcome must show.
#[derive(Debug, Clone)]
pub struct StepAttempt {
    /// The tenant.
    pub tenant: TenantId,
    /// The order.
    pub order_id: OrderId,
    /// The order's version, for logs.
    pub order_version: i64,
    /// The step.
    pub step_id: FulfillmentStepId,
    /// The line, where the step serves one.
    pub order_line_id: Option<OrderLineId>,
    /// The step's key in its plan.
    pub step_key: String,
    /// Who does it.
    pub target_system: String,
    /// What is asked for.
    pub operation: String,
    /// What the target system is told.
    pub payload: Value,
    /// Our id of the call; the same on every repeat within a generation.
    pub request_id: RequestId,
    /// Fencing number of the claim.
    pub lease_epoch: i64,
    /// Sends so far, this one included.
    pub attempt_count: u32,
    /// The target system's settings; `None` where the tenant has none.
    pub target_settings: Option<Value>,
}

impl StepAttempt {
    /// What the target system answered to this send, by the right of its claim.
    #[must_use]
    pub fn answered(&self, answer: StepAnswer, policy: StepPolicy, jitter: Jitter) -> StepOutcome {
        StepOutcome {
            tenant: self.tenant.clone(),
            request_id: self.request_id,
            subject: StepSubject::Lease {
                order_id: self.order_id,
                step_id: self.step_id,
                lease_epoch: self.lease_epoch,
            },
            source: AnswerSource::Submit,
            answer,
            attempts: Vec::new(),
            policy,
            jitter,
        }
    }
}

/// What the claim of one step came to.
#[derive(Debug, Clone)]
#[must_use]
pub enum BeginOutcome {
    /// Claimed: call the target system now.
    Begun(Box<StepAttempt>),
    /// It is not READY, or not due yet: the message is a duplicate or too early.
    NotReady(StepStatus),
    /// A cancellation froze the plan.
    PlanFrozen,
    /// An incident holds it.
    Held,
    /// Its system is out of service or held by an operator: it waits for its turn, and no attempt
    /// is used up.
    WaitsForSystem,
    /// There is no such step.
    NotFound,
}

/// Claims a batch of steps in two round trips, whatever its size.
///
/// # Errors
/// Technical failures of the store; nothing is claimed then.
pub async fn begin_step_attempts(
    mut system_tx: SystemTx,
    ctx: &CommandContext,
    lease: SignedDuration,
    batch: &[BeginAttempt],
) -> Result<Vec<BeginOutcome>, StoreError> {
    let keys = OrderKeys::of_orders(batch.iter().map(|x| (x.tenant.clone(), x.order_id)));
    let steps = StepScope::Named(batch.iter().map(|x| (x.tenant.clone(), x.step_id)).collect());
    let orders = system_tx.tx.open(None, async |tx| load_orders(tx, &keys, steps).await).await?;
    let leased_until = ctx.now.checked_add(lease).unwrap_or(Timestamp::MAX);
    let mut set = ChangeSet::default();
    let mut outcomes = BTreeMap::new();
    for ((tenant, order_id), aggregate) in orders {
        let wanted = batch.iter().filter(|x| x.tenant == tenant && x.order_id == order_id);
        let mut change = OrderChange::begin(aggregate, "begin_step_attempt", ctx, &mut set);
        for item in wanted {
            if outcomes.contains_key(item) {
                continue; // The same step twice in one batch: the second is a duplicate message.
            }
            let outcome = begin_one(&mut change, item.step_id, leased_until);
            outcomes.insert(item.clone(), outcome);
        }
        if change.aggregate.steps.iter().any(|x| x.is_changed) {
            change.refresh_lines();
            change.finish(&AuditOutcome::Applied);
        }
    }
    set.write(system_tx.tx, "begin_step_attempts").await?;
    let mut answer = |x: &BeginAttempt| outcomes.remove(x).unwrap_or(BeginOutcome::NotFound);
    Ok(batch.iter().map(&mut answer).collect())
}

fn begin_one(
    change: &mut OrderChange<'_>,
    step_id: FulfillmentStepId,
    leased_until: Timestamp,
) -> BeginOutcome {
    let Some(index) = change.aggregate.steps.iter().position(|x| x.id == step_id) else {
        return BeginOutcome::NotFound;
    };
    let plan_status = change.aggregate.plan.as_ref().map(|x| x.status);
    let step = &change.aggregate.steps[index];
    match (plan_status, step.status) {
        (Some(PlanStatus::Frozen | PlanStatus::Cancelled), _) => return BeginOutcome::PlanFrozen,
        (_, StepStatus::Ready) if step.held_by_incident_id.is_some() => return BeginOutcome::Held,
        (_, StepStatus::Ready) if step.next_attempt_at.is_none_or(|at| at <= change.now()) => {}
        (_, status) => return BeginOutcome::NotReady(status),
    }
    if !step.circuit_status().admits(step.circuit_wait) {
        wait_for_system(&mut change.aggregate.steps[index]);
        return BeginOutcome::WaitsForSystem;
    }
    claim(change, index, leased_until);
    BeginOutcome::Begun(Box::new(attempt_of(&change.aggregate, &change.aggregate.steps[index])))
}

/// Whoever waits already is not written again, however often its message comes.
fn wait_for_system(step: &mut StepRow) {
    if step.circuit_wait != Some(CircuitWait::Waiting) {
        step.circuit_wait = Some(CircuitWait::Waiting);
        step.is_changed = true;
    }
}

fn claim(change: &mut OrderChange<'_>, index: usize, leased_until: Timestamp) {
    let now = change.now();
    let step = &mut change.aggregate.steps[index];
    step.status = StepStatus::Submitting;
    step.lease_epoch += 1;
    step.leased_until = Some(leased_until);
    step.attempt_count += 1;
    step.sends = step.sends.sent(now);
    step.next_attempt_at = None;
    // Who was let go stays known as such: its answer shows how the system is.
    step.circuit_wait = step.circuit_wait.filter(|x| *x == CircuitWait::LetGo);
    step.is_changed = true;
    let line_id = step.order_line_id;
    push_request(change, index);
    let is_waiting = |x: &&mut LineRow| Some(x.id) == line_id && !x.is_started;
    if let Some(line) = change.aggregate.lines.iter_mut().find(is_waiting) {
        line.is_started = true;
        line.is_changed = true;
    }
}

/// A first send stores a new request id; a repeat keeps the one it has.
fn push_request(change: &mut OrderChange<'_>, index: usize) {
    let (tenant_id, order_id, now) =
        (change.tenant(), change.aggregate.order.id.as_uuid(), change.now());
    let step = &mut change.aggregate.steps[index];
    if let Some(request_id) = step.request_id
        && !SeededBug::NewRequestIdPerAttempt.is_present()
    {
        let row = RequestUpdate {
            tenant_id,
            request_id: request_id.as_uuid(),
            status: "SENDING",
            external_reference: None,
            updated_at: now,
        };
        change.set.push(Part::RequestUpdate, &row);
        return;
    }
    let request_id = Uuid::now_v7();
    step.request_id = Some(RequestId::from_uuid(request_id));
    let row = NewRequest {
        tenant_id,
        request_id,
        subject_type: "STEP",
        subject_id: step.id.as_uuid(),
        generation: step.generation,
        order_id,
        target_system: step.target_system.clone(),
        operation: step.operation.clone(),
        status: "SENDING",
        created_at: now,
        updated_at: now,
    };
    change.set.push(Part::NewRequest, &row);
}

fn attempt_of(aggregate: &OrderAggregate, step: &StepRow) -> StepAttempt {
    StepAttempt {
        tenant: aggregate.order.tenant.clone(),
        order_id: aggregate.order.id,
        order_version: aggregate.order.version,
        step_id: step.id,
        order_line_id: step.order_line_id,
        step_key: step.step_key.clone(),
        target_system: step.target_system.clone(),
        operation: step.operation.clone(),
        payload: step.request_payload.clone(),
        request_id: step.request_id.expect("a claimed step has a request id"),
        lease_epoch: step.lease_epoch,
        attempt_count: step.attempt_count,
        target_settings: step.target_settings.clone(),
    }
}
