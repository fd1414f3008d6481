//! What a batch of answers says about the systems that gave them, or did not.
//!
//! Decided before the steps, so that the batch that opens a circuit uses up no step's last attempt. A
//! system that is well costs no write.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use order_domain::circuit::{Answers, CircuitStatus, CircuitWait, Sign, sign_of};
use order_domain::step::answer::StepAnswer;
use order_domain::step::{AnswerSource, StepPolicy};
use uuid::Uuid;

use super::one::position_of;
use super::{StepOutcome, StepSubject};
use crate::aggregate::{OrderAggregate, OrderKey, StepRow};
use crate::change_set::{ChangeSet, IncidentRow, Part};
use crate::circuit::{CircuitRow, SystemKey};
use crate::context::CommandContext;

/// A circuit that moved, for the log.
#[derive(Debug)]
pub(super) struct Moved {
    key: SystemKey,
    to: CircuitStatus,
}

impl Moved {
    /// One line, with the metric where steps begin to wait.
    pub(super) fn log(&self) {
        let (tenant, system, status) =
            (self.key.tenant.as_str(), self.key.system.as_str(), self.to.as_str());
        match self.to {
            CircuitStatus::Open => tracing::warn!(
                metric = "circuits_opened",
                value = 1,
                tenant.id = tenant,
                target_system = system,
                "a target system is out of service: steps wait for it"
            ),
            CircuitStatus::Closed | CircuitStatus::Probing | CircuitStatus::Draining => {
                tracing::info!(tenant.id = tenant, target_system = system, status, "circuit moved");
            }
        }
    }
}

/// On which terms an answer counts for its step, as the system's circuit is after the batch.
///
/// While the system is out nothing is used up; while it drains attempts count, and none is the last.
pub(super) fn terms_of(
    status: CircuitStatus,
    item: &StepOutcome,
) -> (Cow<'_, StepAnswer>, StepPolicy) {
    let answer = &item.answer;
    match status {
        CircuitStatus::Closed => (Cow::Borrowed(answer), item.policy),
        CircuitStatus::Draining => (Cow::Borrowed(answer), item.policy.without_limits()),
        CircuitStatus::Open | CircuitStatus::Probing => {
            (Cow::Owned(answer.uncounted()), item.policy.without_limits())
        }
    }
}

/// Counts the answers, moves circuits, and lets every loaded step know where its circuit is then.
pub(super) fn hear(
    orders: &mut BTreeMap<OrderKey, OrderAggregate>,
    batch: &[StepOutcome],
    (set, ctx): (&mut ChangeSet, &CommandContext),
) -> Vec<Moved> {
    let mut all_moved = Vec::new();
    if is_quiet(orders, batch) {
        return all_moved;
    }
    for (key, (before, answers)) in answers_by_system(orders, batch, ctx.now) {
        if !before.circuit.needs(answers, ctx.now) {
            continue;
        }
        let after = before.circuit.after(answers, ctx.now);
        let row = before.upsert(&key, (&after, answers), ctx.now);
        set.push(Part::Circuit, &row);
        if !before.circuit.moves_to(&after) {
            continue;
        }
        if after.status == CircuitStatus::Open {
            let window = (after.window.success_count, after.window.failure_count);
            note_incident(set, &key, (detail_of(answers, window), ctx.now));
        }
        all_moved.push(Moved { key: key.clone(), to: after.status });
        let known = CircuitRow { circuit: after, version: row.version };
        let is_its = |x: &&mut StepRow| x.target_system == key.system;
        let of_tenant = orders.iter_mut().filter(|(order, _)| order.0 == key.tenant);
        for step in of_tenant.flat_map(|(_, x)| x.steps.iter_mut()).filter(is_its) {
            step.circuit = Some(known.clone());
        }
    }
    all_moved
}

/// Nothing bad was heard now or lately of any of these systems.
fn is_quiet(orders: &BTreeMap<OrderKey, OrderAggregate>, batch: &[StepOutcome]) -> bool {
    let is_bad = |x: &StepOutcome| sign_of(&x.answer) == Some(Sign::Unavailable);
    !batch.iter().any(is_bad) && orders.values().flat_map(|x| &x.steps).all(|x| x.circuit.is_none())
}

/// What was heard of each system, in the order in which circuits are locked. A callback says nothing:
/// it may have been on its way since before.
fn answers_by_system(
    orders: &BTreeMap<OrderKey, OrderAggregate>,
    batch: &[StepOutcome],
    now: Timestamp,
) -> BTreeMap<SystemKey, (CircuitRow, Answers)> {
    let mut heard: BTreeMap<SystemKey, (CircuitRow, Answers)> = BTreeMap::new();
    for item in batch {
        let StepSubject::Lease { order_id, .. } = &item.subject else { continue };
        let Some(sign) = sign_of(&item.answer).filter(|_| !item.attempts.is_empty()) else {
            continue;
        };
        let order = orders.get(&(item.tenant.clone(), *order_id));
        let step = order.and_then(|x| Some(&x.steps[position_of(x, item)?]));
        let Some(step) = step else { continue };
        let key = SystemKey { tenant: item.tenant.clone(), system: step.target_system.clone() };
        let is_probe = step.circuit_wait == Some(CircuitWait::LetGo);
        // Whether questions are answered says little about whether work is taken: only a question that
        // was let go to find out counts.
        if item.source == AnswerSource::Query && !is_probe {
            continue;
        }
        let stored = || step.circuit.clone().unwrap_or_else(|| CircuitRow::absent(now));
        let (_, answers) = heard.entry(key).or_insert_with(|| (stored(), Answers::default()));
        *answers = answers.with(sign, is_probe);
    }
    heard
}

fn detail_of(answers: Answers, (good, bad): (u32, u32)) -> String {
    match answers.probe {
        Some(_) => "a probe failed again; steps wait for the system".to_owned(),
        None => format!("{bad} of {} answers failed; steps wait for the system", good + bad),
    }
}

/// One open incident per system, which ends when its circuit closes.
fn note_incident(
    set: &mut ChangeSet,
    SystemKey { tenant, system }: &SystemKey,
    (detail, now): (String, Timestamp),
) {
    let row = IncidentRow {
        tenant_id: tenant.to_string(),
        id: Uuid::now_v7(),
        kind: "TARGET_SYSTEM_UNAVAILABLE",
        cause: system.clone(),
        target_system: Some(system.clone()),
        order_id: None,
        severity: "MAJOR",
        detail,
        occurrence_count: 1,
        first_seen_at: now,
        last_seen_at: now,
    };
    set.push(Part::Incident, &row);
}
