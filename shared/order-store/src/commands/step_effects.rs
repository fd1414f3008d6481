//! What a step's new state does to its dependents, its line and its plan.
//!
//! Counters, not scans: a settled step takes one off each dependent, its line and its plan.

use std::collections::VecDeque;

use fault_points::SeededBug;
use jiff::Timestamp;
use order_domain::circuit::CircuitWait;
use order_domain::fallout::{CaseStatus, FalloutReason};
use order_domain::step::{StepFallout, StepMove, StepStatus};
use serde_json::{Value, json};
use uuid::Uuid;

use super::fallout::{NewFallout, open_fallout};
use super::record_step_outcome::{RequestAttempt, StepOutcome};
use super::step_results::hand_over;
use crate::aggregate::StepRow;
use crate::change::OrderChange;
use crate::change_set::{HeldIncidentRow, Part};
use crate::outbox::{Delivery, StepDispatch};

/// Why an optional step was left out: something it needed failed.
pub(super) const DEPENDENCY_FAILED: &str = "DEPENDENCY_FAILED";
/// Why a step FAILED although nobody said no.
pub(super) const RETRIES_EXHAUSTED: &str = "RETRIES_EXHAUSTED";

/// Moves a step to READY and owes its dispatch from `at` on.
pub(super) fn make_ready(change: &mut OrderChange<'_>, index: usize, at: Timestamp) {
    set_ready(change, index, at);
    let id = change.aggregate.steps[index].id;
    let order = &change.aggregate.order;
    let dispatch = StepDispatch {
        tenant_id: order.tenant.clone(),
        order_id: order.id,
        fulfillment_step_id: id,
        correlation_id: order.correlation_id,
    };
    change.owe(&Delivery::StepDispatch(dispatch), at);
}

/// Moves a step to READY while its system is out of service: its circuit owes the dispatch.
fn wait_for_system(change: &mut OrderChange<'_>, index: usize, at: Timestamp) {
    set_ready(change, index, at);
    change.aggregate.steps[index].circuit_wait = Some(CircuitWait::Waiting);
}

fn set_ready(change: &mut OrderChange<'_>, index: usize, at: Timestamp) {
    let now = change.now();
    let step = &mut change.aggregate.steps[index];
    step.status = StepStatus::Ready;
    step.next_attempt_at = Some(at);
    step.leased_until = None;
    step.response_due_at = None;
    step.circuit_wait = None;
    if step.deadline_at.is_none() {
        step.deadline_at = step.deadline.as_ref().map(|x| x.due_at(now));
    }
    step.is_changed = true;
}

/// Applies the domain's decision about one step, with everything that follows from it.
pub(super) fn apply_move(
    change: &mut OrderChange<'_>,
    index: usize,
    to: &StepMove,
    said: &StepOutcome,
) {
    let before = change.aggregate.steps[index].status;
    write_step(&mut change.aggregate.steps[index], to);
    if to.next == StepStatus::Ready && !to.is_held {
        let at = to.next_attempt_at.unwrap_or(change.now());
        match change.aggregate.steps[index].circuit_status().is_out() {
            true => wait_for_system(change, index, at),
            false => make_ready(change, index, at),
        }
    }
    if to.is_held {
        hold(change, index, said.answer.detail().unwrap_or_default());
    }
    let is_mandatory = change.aggregate.steps[index].is_mandatory;
    if before == StepStatus::Failed && is_mandatory {
        leave_failed(change, index);
    }
    // An optional step that FAILED counted as settled then, and is not settled twice.
    if before != to.next && !before.is_settled(is_mandatory) {
        settle_counters(change, index);
    }
    if let Some(fallout) = &to.fallout
        && !(*fallout == StepFallout::UnknownOutcome && has_open_case(change, index))
    {
        open_step_case(change, index, fallout, said);
    }
}

fn write_step(step: &mut StepRow, to: &StepMove) {
    step.status = to.next;
    step.held_by_incident_id = None;
    step.circuit_wait = None;
    step.leased_until = None;
    step.attempt_count = to.attempt_count;
    step.check_count = to.check_count;
    step.sends = to.sends;
    let waits_for_ever = SeededBug::NoResponseDue.is_present() && to.next == StepStatus::Submitted;
    step.response_due_at = if waits_for_ever { None } else { to.check_at };
    if let Some(reference) = &to.external_reference {
        step.external_reference = Some(reference.clone());
    }
    if let Some(result) = &to.result {
        step.response_payload = serde_json::to_value(result).ok();
    }
    step.failure_code = match &to.fallout {
        Some(StepFallout::Rejected(code)) => Some(code.clone()),
        Some(StepFallout::RetriesExhausted) => Some(RETRIES_EXHAUSTED.to_owned()),
        Some(StepFallout::UnknownOutcome | StepFallout::Contradiction) | None => None,
    };
    step.is_changed = true;
}

/// Keeps a step from being sent until engineering mended what refused it (§19).
///
/// One open incident per system, operation and failure holds all the steps that met it.
fn hold(change: &mut OrderChange<'_>, index: usize, detail: &str) {
    let (now, tenant, order_id) =
        (change.now(), change.tenant(), change.aggregate.order.id.as_uuid());
    let step = &mut change.aggregate.steps[index];
    let signature = signature_of(detail);
    let cause = format!("{}/{}/{}", step.target_system, step.operation, signature);
    step.held_cause = Some(cause.clone());
    step.next_attempt_at = Some(now);
    let row = HeldIncidentRow {
        tenant_id: tenant,
        id: Uuid::now_v7(),
        kind: "STEP_HELD",
        cause,
        target_system: Some(step.target_system.clone()),
        operation: Some(step.operation.clone()),
        failure_signature: Some(signature),
        order_id: Some(order_id),
        severity: "MAJOR",
        detail: format!("the target system refuses requests as such: {detail}"),
        occurrence_count: 1,
        first_seen_at: now,
        last_seen_at: now,
    };
    change.set.push(Part::Incident, &row);
}

/// A failure's name: what happened, in the spelling of codes, so that equal failures are equal.
fn signature_of(detail: &str) -> String {
    let code = |x: char| if x.is_ascii_alphanumeric() { x.to_ascii_uppercase() } else { '_' };
    match detail.is_empty() {
        true => "REFUSED".to_owned(),
        false => detail.chars().take(80).map(code).collect(),
    }
}

/// Takes a mandatory step that is FAILED no more off its line's failed steps.
pub(super) fn leave_failed(change: &mut OrderChange<'_>, index: usize) {
    let line_id = change.aggregate.steps[index].order_line_id;
    if let Some(line) = change.aggregate.lines.iter_mut().find(|x| Some(x.id) == line_id) {
        line.failed_step_count = line.failed_step_count.saturating_sub(1);
        line.is_changed = true;
    }
}

/// Takes a settled or failed step off the counters, and releases or skips what waited for it.
pub(super) fn settle_counters(change: &mut OrderChange<'_>, index: usize) {
    let mut queue = VecDeque::from([index]);
    while let Some(index) = queue.pop_front() {
        let step = &change.aggregate.steps[index];
        let (status, is_mandatory) = (step.status, step.is_mandatory);
        let (line_id, dependents) = (step.order_line_id, step.dependent_step_keys.clone());
        let is_settled = status.is_settled(is_mandatory);
        // An optional step that fails takes along what hangs on it; catalogue and planning see to
        // it that nothing mandatory does.
        let is_lost =
            status == StepStatus::Failed || step.failure_code.as_deref() == Some(DEPENDENCY_FAILED);
        if let Some(line) = change.aggregate.lines.iter_mut().find(|x| Some(x.id) == line_id) {
            if is_settled {
                line.remaining_step_count = line.remaining_step_count.saturating_sub(1);
            } else if status == StepStatus::Failed {
                line.failed_step_count += 1;
            }
            line.is_changed = true;
        }
        if !is_settled {
            continue;
        }
        if let Some(plan) = change.aggregate.plan.as_mut() {
            plan.remaining_step_count = plan.remaining_step_count.saturating_sub(1);
            plan.is_changed = true;
        }
        for key in dependents {
            if let Some(dependent) = settle_dependency(change, index, &key, is_lost) {
                queue.push_back(dependent);
            }
        }
    }
}

/// `settled`, which `key` waits for, is settled. Returns the step if it was skipped because of that.
fn settle_dependency(
    change: &mut OrderChange<'_>,
    settled: usize,
    key: &str,
    is_lost: bool,
) -> Option<usize> {
    let index = change.aggregate.steps.iter().position(|x| x.step_key == key)?;
    let now = change.now();
    let step = &mut change.aggregate.steps[index];
    if step.status != StepStatus::Pending {
        return None;
    }
    step.pending_dependency_count = step.pending_dependency_count.saturating_sub(1);
    step.is_changed = true;
    if is_lost {
        step.status = StepStatus::Skipped;
        step.failure_code = Some(DEPENDENCY_FAILED.to_owned());
        return Some(index);
    }
    hand_over(&mut change.aggregate.steps, settled, index);
    let step = &change.aggregate.steps[index];
    if step.pending_dependency_count == 0 {
        make_ready(change, index, now);
    }
    None
}

/// Every further check without an answer says the same again: the open case need not hear it.
fn has_open_case(change: &OrderChange<'_>, index: usize) -> bool {
    let step = &change.aggregate.steps[index];
    let open = change.open_case_of(&step_cause(step));
    let case = change.aggregate.cases.iter().find(|x| Some(x.id) == open);
    // Whoever had the step tried or asked about again must hear that it came to nothing.
    case.is_some_and(|x| x.status != CaseStatus::InProgress)
}

/// The cause of a step's case: one open case per step, whichever generation failed.
pub(super) fn step_cause(step: &StepRow) -> String {
    format!("step:{}", step.id)
}

/// Whether a case of this step blocks its order: a mandatory step of a mandatory line (or of none).
pub(super) fn is_blocking(change: &OrderChange<'_>, step: &StepRow) -> bool {
    let line = change.aggregate.lines.iter().find(|x| Some(x.id) == step.order_line_id);
    step.is_mandatory && line.is_none_or(|x| x.is_mandatory)
}

/// Its evidence: the step, the last answer, and the calls; the store adds those of earlier times.
fn open_step_case(
    change: &mut OrderChange<'_>,
    index: usize,
    fallout: &StepFallout,
    said: &StepOutcome,
) {
    let reason = match fallout {
        StepFallout::Rejected(code) => FalloutReason::RejectedByTarget(code.clone()),
        StepFallout::RetriesExhausted => FalloutReason::RetriesExhausted,
        StepFallout::UnknownOutcome => FalloutReason::UnknownOutcome,
        StepFallout::Contradiction => FalloutReason::ContradictoryAnswer,
    };
    let step = &change.aggregate.steps[index];
    let is_blocking = is_blocking(change, step);
    let evidence = json!({ "stepKey": step.step_key, "targetSystem": step.target_system,
        "operation": step.operation, "requestId": step.request_id,
        "externalReference": step.external_reference, "attemptCount": step.attempt_count,
        "checkCount": step.check_count, "wasAccepted": step.sends.was_accepted,
        "lastAnswer": said.answer.detail(),
        "attempts": said.attempts.iter().map(attempt_evidence).collect::<Vec<_>>() });
    let case = NewFallout::step(step, &reason, is_blocking, evidence);
    open_fallout(change, case);
}

fn attempt_evidence(attempt: &RequestAttempt) -> Value {
    json!({ "kind": attempt.kind, "startedAt": attempt.started_at,
        "httpStatus": attempt.http_status,
        "failureClass": attempt.failure_class.map(|x| x.as_str()) })
}
