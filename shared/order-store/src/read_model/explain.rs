//! Why an order is where it is: the facts of its commands, and what goes on around it, in one snapshot.
//!
//! The facts are loaded by the loader of the commands, without a lock: what is explained as allowed is
//! what the command decides on.

use std::collections::BTreeMap;

use futures_util::future::try_join;
use jiff::Timestamp;
use order_domain::actor::{Actor, Role};
use order_domain::explanation::{
    ExplainedAction, ExplainedCase, ExplainedCircuit, ExplainedOrder, ExplainedStep, Explanation,
    OpenIncident, OwedDelivery, Process, explain,
};
use order_domain::fallout::{ActionDecision, ActionRefusal, Asker, FalloutAction, decide_action};
use order_domain::ids::{FalloutCaseId, IncidentId, OrderId, OrderLineId};
use order_domain::tenant::TenantId;
use serde::Deserialize;
use serde_json::Value;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::aggregate::{CaseRow, OrderAggregate, OrderKeys, StepRow, StepScope, read_orders};
use crate::commands::{CaseSubject, PendingRequest, facts_of};
use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::{TenantTx, Tx};

/// What the commands' loader does not read.
pub(crate) const SURROUNDINGS: &str = r"
    select json_build_object(
        'process', (select json_build_object('status', w.status, 'started_at', w.started_at,
                                             'next_check_at', w.next_check_at)
                    from workflow_correlation w
                    where w.tenant_id = $1 and w.subject_type = 'ORDER' and w.subject_id = $2
                      and w.process_key = 'order-fulfillment'),
        'deliveries', (select coalesce(json_agg(json_build_object('kind', m.kind,
                           'available_at', m.available_at, 'attempt_count', m.attempt_count,
                           'is_dead', m.dead_at is not null) order by m.sequence), '[]')
                       from outbox_message m
                       where m.tenant_id = $1 and m.order_id = $2),
        'incidents', (select coalesce(json_agg(json_build_object('id', i.id, 'kind', i.kind,
                          'since', i.first_seen_at) order by i.first_seen_at, i.id), '[]')
                      from platform_incident i
                      where i.tenant_id = $1 and i.order_id = $2 and i.resolved_at is null
                        and i.kind <> 'STEP_HELD'),
        'cases', (select coalesce(json_agg(json_build_object('id', c.id, 'reason_code', c.reason_code,
                      'opened_at', c.opened_at, 'order_line_id', c.order_line_id)), '[]')
                  from order_fallout_case c
                  where c.tenant_id = $1 and c.order_id = $2 and c.status not in ('RESOLVED', 'CANCELLED')),
        'since', (select coalesce(json_object_agg(s.id, coalesce(r.created_at, s.updated_at)), '{}')
                  from fulfillment_step s
                  left join external_request r on r.tenant_id = s.tenant_id and r.request_id = s.request_id
                      and s.status in ('SUBMITTING', 'SUBMITTED', 'UNKNOWN')
                  where s.tenant_id = $1 and s.order_id = $2
                    and s.status not in ('PENDING', 'COMPLETED', 'SKIPPED', 'CANCELLED')),
        'communication_owed_since', (select min(n.created_at) from customer_notification n
                                     where n.tenant_id = $1 and n.order_id = $2
                                       and n.status in ('SCHEDULED', 'SENDING', 'UNKNOWN')),
        'updated_at', (select o.updated_at from product_order o where o.tenant_id = $1 and o.id = $2)
    ) as surroundings";

#[derive(Debug, Deserialize)]
struct Surroundings {
    process: Option<ProcessFacts>,
    deliveries: Vec<DeliveryFacts>,
    incidents: Vec<IncidentFacts>,
    cases: Vec<CaseExtra>,
    since: BTreeMap<Uuid, Timestamp>,
    communication_owed_since: Option<Timestamp>,
    updated_at: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
struct ProcessFacts {
    status: String,
    started_at: Timestamp,
    next_check_at: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
struct DeliveryFacts {
    kind: String,
    available_at: Timestamp,
    attempt_count: u32,
    is_dead: bool,
}

#[derive(Debug, Deserialize)]
struct IncidentFacts {
    id: IncidentId,
    kind: String,
    since: Timestamp,
}

#[derive(Debug, Deserialize)]
struct CaseExtra {
    id: FalloutCaseId,
    reason_code: String,
    opened_at: Timestamp,
    order_line_id: Option<OrderLineId>,
}

/// Explains an order to somebody, in two round trips; `None` where the tenant has no such order.
///
/// # Errors
/// Technical failures of the store.
pub async fn explain_order(
    mut tenant_tx: TenantTx,
    order_id: OrderId,
    (actor, now): (&Actor, Timestamp),
) -> Result<Option<Explanation>, StoreError> {
    let tenant = tenant_tx.tenant.clone();
    let keys = OrderKeys::of_orders([(tenant.clone(), order_id)]);
    let (mut orders, around) = tenant_tx
        .tx
        .open_snapshot(&tenant, async |tx| {
            try_join(read_orders(tx, &keys, StepScope::All), look_around(tx, &tenant, order_id))
                .await
        })
        .await?;
    tenant_tx.tx.roll_back().await?;
    let Some(aggregate) = orders.remove(&(tenant, order_id)) else { return Ok(None) };
    let actions = actions_of(&aggregate, &around, actor);
    Ok(Some(explain(&explained(&aggregate, around), actions, now)))
}

async fn look_around(
    tx: &Tx,
    tenant: &TenantId,
    order_id: OrderId,
) -> Result<Surroundings, StoreError> {
    let params = [(&tenant.as_str() as _, Type::TEXT), (&order_id.as_uuid() as _, Type::UUID)];
    let rows = tx.rows("look_around", SURROUNDINGS, &params).await?;
    let row = rows.first().ok_or(StoreError::NotFound { what: "the order's surroundings" })?;
    Reader::new("product_order", row).json("surroundings")
}

fn explained(aggregate: &OrderAggregate, around: Surroundings) -> ExplainedOrder {
    let order = &aggregate.order;
    let steps = aggregate.steps.iter().filter_map(|x| {
        let since = around.since.get(&x.id.as_uuid())?;
        Some(explained_step(x, *since))
    });
    let cases = aggregate.cases.iter().filter_map(|x| {
        let extra = around.cases.iter().find(|extra| extra.id == x.id)?;
        Some(explained_case(x, extra))
    });
    let unfulfilled = aggregate.lines.iter().filter(|x| x.is_mandatory && !x.status.is_settled());
    let deliveries = around.deliveries.into_iter().map(|x| OwedDelivery {
        kind: x.kind,
        available_at: x.available_at,
        attempt_count: x.attempt_count,
        is_dead: x.is_dead,
    });
    let incidents = around.incidents.into_iter();
    ExplainedOrder {
        order_id: order.id,
        order_number: order.order_number.clone(),
        status: order.status,
        version: order.version,
        updated_at: around.updated_at.unwrap_or(Timestamp::UNIX_EPOCH),
        facts: aggregate.facts(),
        plan: aggregate.plan.as_ref().map(|x| x.status),
        process: process_of(around.process.as_ref()),
        deliveries: deliveries.collect(),
        incidents: incidents
            .map(|x| OpenIncident { id: x.id, kind: x.kind, since: x.since })
            .collect(),
        steps: steps.collect(),
        cases: cases.collect(),
        unfulfilled_mandatory_lines: unfulfilled.map(|x| x.line_number).collect(),
        communication_owed_since: around.communication_owed_since,
    }
}

fn process_of(stored: Option<&ProcessFacts>) -> Process {
    let Some(process) = stored else { return Process::NotStarted };
    match process.status.as_str() {
        "STARTING" => Process::Starting { since: process.started_at },
        "LOST" => Process::Lost,
        "ENDED" => Process::Ended,
        _ => Process::Running { next_check_at: process.next_check_at },
    }
}

fn explained_step(step: &StepRow, since: Timestamp) -> ExplainedStep {
    let max_attempts = step
        .target_settings
        .as_ref()
        .and_then(|x| x.pointer("/retryPolicy/maxAttempts"))
        .and_then(Value::as_u64)
        .and_then(|x| u32::try_from(x).ok());
    ExplainedStep {
        id: step.id,
        step_key: step.step_key.clone(),
        target_system: step.target_system.clone(),
        operation: step.operation.clone(),
        status: step.status,
        is_mandatory: step.is_mandatory,
        attempt_count: step.attempt_count,
        max_attempts: max_attempts.unwrap_or(0),
        next_attempt_at: step.next_attempt_at,
        next_check_at: step.response_due_at,
        leased_until: step.leased_until,
        deadline_at: step.deadline_at,
        since,
        held_by: step.held_by_incident_id.map(IncidentId::from_uuid),
        circuit: explained_circuit(step),
    }
}

fn explained_circuit(step: &StepRow) -> Option<ExplainedCircuit> {
    let circuit = &step.circuit.as_ref()?.circuit;
    Some(ExplainedCircuit {
        status: circuit.status,
        since: circuit.opening.as_ref()?.at,
        operator: circuit.hold_of().map(|x| x.operator.clone()),
        next_move_at: circuit.next_move_at,
        drain_rate_per_minute: circuit.drain_rate.per_minute(),
        holds_step: !circuit.status.admits(step.circuit_wait),
    })
}

fn explained_case(case: &CaseRow, extra: &CaseExtra) -> ExplainedCase {
    let pending = PendingRequest::of(case.pending_request.as_ref());
    ExplainedCase {
        id: case.id,
        kind: case.kind(),
        status: case.status,
        severity: case.severity,
        reason_code: extra.reason_code.clone(),
        is_blocking: case.is_blocking,
        owner_group: case.assigned_group.clone(),
        owner_user: case.assigned_user.clone(),
        opened_at: extra.opened_at,
        due_at: case.due_at,
        step_id: case.step_id,
        requested: pending.map(|x| (x.action, x.requested_by)),
        requested_information: case.requested_information.clone(),
    }
}

/// Every action on every open case and on the order, by the decision that the command makes.
fn actions_of(
    aggregate: &OrderAggregate,
    around: &Surroundings,
    actor: &Actor,
) -> Vec<ExplainedAction> {
    let mut answers = Vec::new();
    let actor = (actor, &*actor.known_roles());
    for case in &aggregate.cases {
        let extra = around.cases.iter().find(|x| x.id == case.id);
        let subject = CaseSubject {
            id: Some(case.id),
            kind: case.kind(),
            status: case.status,
            version: case.version,
            step_id: case.step_id,
            line_id: extra.and_then(|x| x.order_line_id),
            pending: PendingRequest::of(case.pending_request.as_ref()),
        };
        let answer = |action| answer(aggregate, (&subject, Some(case.id)), (action, actor));
        answers.extend(FalloutAction::ALL.iter().copied().map(answer));
    }
    let order = CaseSubject::of_order(aggregate.order.version);
    let about_the_order = FalloutAction::ALL.iter().copied().filter(|x| x.is_about_the_order());
    answers.extend(about_the_order.map(|x| answer(aggregate, (&order, None), (x, actor))));
    answers
}

fn answer(
    aggregate: &OrderAggregate,
    (subject, fallout_case_id): (&CaseSubject, Option<FalloutCaseId>),
    (action, (actor, roles)): (FalloutAction, (&Actor, &[Role])),
) -> ExplainedAction {
    let pending = subject.pending.as_ref();
    let (line, finding) =
        pending.map(|x| (x.input.order_line_id, x.input.finding)).unwrap_or_default();
    let is_requester = pending.is_some_and(|x| x.requested_by == actor.name);
    let decide = |line| {
        let facts = facts_of(aggregate, subject, (line, finding));
        decide_action(action, Asker { roles, is_requester }, &facts)
    };
    let mut decided = decide(line);
    if action == FalloutAction::WaiveLine && line.is_none() {
        // Whoever asks names a line; possible is what is possible for one of them.
        let mut lines = aggregate.lines.iter().map(|x| decide(Some(x.id)));
        decided = lines.find(Result::is_ok).unwrap_or(decided);
    }
    let refusal = decided.err();
    ExplainedAction {
        fallout_case_id,
        action,
        is_allowed: refusal.is_none(),
        needs_approval: matches!(decided, Ok(ActionDecision::AwaitApproval(_))),
        refused_because: refusal.map(ActionRefusal::code),
        sentence: refusal.map(|x| x.to_string()),
    }
}
