//! One answer on one step: lease check, decision, effects, and the request's own record.

use fault_points::SeededBug;
use order_domain::fallout::{CaseKind, FalloutResolution};
use order_domain::ids::RequestId;
use order_domain::plan::PlanStatus;
use order_domain::step::answer::StepAnswer;
use order_domain::step::{AnswerSource, StepDecision, StepFacts, StepStatus, decide_answer};
use serde_json::Value;
use uuid::Uuid;

use super::{OutcomeVerdict, RequestAttempt, StepOutcome, StepSubject, circuits, contradiction};
use crate::aggregate::{CaseRow, OrderAggregate};
use crate::change::OrderChange;
use crate::change_set::{AttemptRow, IncidentRow, Part, RequestUpdate};
use crate::commands::fallout::close_case;
use crate::commands::step_effects::{RETRIES_EXHAUSTED, apply_move};

/// Index of the step that the answer is about, if this order has it.
pub(super) fn position_of(aggregate: &OrderAggregate, item: &StepOutcome) -> Option<usize> {
    aggregate.steps.iter().position(|x| {
        let is_present = x.request_id == Some(item.request_id);
        match &item.subject {
            StepSubject::Lease { step_id, .. } => is_present && x.id == *step_id,
            // A request belongs to the system that signed: another's id matches nothing.
            StepSubject::Callback(receipt) => {
                let asked = (item.request_id, receipt.system.clone());
                (is_present && x.target_system == receipt.system)
                    || x.older_requests.contains(&asked)
            }
        }
    })
}

/// Records one answer. What the verdict says happened is in the change afterwards.
///
/// `applied_before` is the message that moved the step last, for the evidence of a contradiction.
pub(super) fn record(
    change: &mut OrderChange<'_>,
    index: usize,
    item: &StepOutcome,
    applied_before: Option<&Value>,
) -> OutcomeVerdict {
    push_attempts(change, item.request_id, &item.attempts);
    if has_lost_lease(change, index, item) {
        return OutcomeVerdict::LeaseLost;
    }
    let step = &change.aggregate.steps[index];
    // A step is sent anew, as another generation, only after a definitive "no" to the one before.
    let is_older = step.request_id != Some(item.request_id);
    let facts = StepFacts {
        status: if is_older { StepStatus::Failed } else { status_before(step.status, item.source) },
        attempt_count: step.attempt_count,
        check_count: step.check_count,
        is_plan_frozen: change
            .aggregate
            .plan
            .as_ref()
            .is_some_and(|x| x.status == PlanStatus::Frozen),
        has_exhausted_attempts: !is_older
            && step.failure_code.as_deref() == Some(RETRIES_EXHAUSTED),
        sends: step.sends,
    };
    let at = (change.now(), item.jitter);
    let (answer, policy) = circuits::terms_of(step.circuit_status(), item);
    match decide_answer(facts, &answer, item.source, &policy, at) {
        StepDecision::Absorbed => OutcomeVerdict::Late,
        StepDecision::Contradiction => {
            contradiction::open(change, index, (item, applied_before));
            OutcomeVerdict::Contradictory
        }
        StepDecision::Apply(to) => {
            push_request_status(change, item, to.next);
            note_contract_breach(change, index, &item.answer);
            apply_move(change, index, &to, item);
            if to.next.is_settled(true) {
                resolve_step_case(change, index);
            }
            OutcomeVerdict::Applied(to.next)
        }
    }
}

/// What is settled stays settled, unless bug 6 takes the latest callback for the truest.
fn status_before(stored: StepStatus, source: AnswerSource) -> StepStatus {
    match (stored, source) {
        (StepStatus::Completed | StepStatus::Failed, AnswerSource::Callback)
            if SeededBug::TrustCallbackOrder.is_present() =>
        {
            StepStatus::Submitted
        }
        _ => stored,
    }
}

/// A worker's answer counts only while its claim is the newest one.
fn has_lost_lease(change: &OrderChange<'_>, index: usize, item: &StepOutcome) -> bool {
    if SeededBug::NoLeaseCheck.is_present() {
        return false;
    }
    let step = &change.aggregate.steps[index];
    match &item.subject {
        StepSubject::Callback(_) => false,
        StepSubject::Lease { lease_epoch, .. } => {
            let is_fenced = step.lease_epoch != *lease_epoch;
            let has_moved =
                item.source == AnswerSource::Submit && step.status != StepStatus::Submitting;
            is_fenced || has_moved
        }
    }
}

pub(super) fn push_attempts(
    change: &mut OrderChange<'_>,
    request_id: RequestId,
    attempts: &[RequestAttempt],
) {
    for attempt in attempts {
        let row = AttemptRow {
            tenant_id: change.tenant(),
            id: Uuid::now_v7(),
            request_id: request_id.as_uuid(),
            kind: attempt.kind,
            started_at: attempt.started_at,
            duration_ms: i32::try_from(attempt.duration_ms).unwrap_or(i32::MAX),
            http_status: attempt.http_status.map(i32::from),
            failure_class: attempt.failure_class.map(|x| x.as_str()),
        };
        change.set.push(Part::NewAttempt, &row);
    }
}

fn push_request_status(change: &mut OrderChange<'_>, item: &StepOutcome, next: StepStatus) {
    let status = match next {
        StepStatus::Completed => "COMPLETED",
        StepStatus::Failed => "REJECTED",
        StepStatus::Submitted => "ACCEPTED",
        StepStatus::Unknown => "UNKNOWN",
        StepStatus::Submitting => "SENDING",
        StepStatus::Pending | StepStatus::Ready | StepStatus::Skipped | StepStatus::Cancelled => {
            "NOT_EXECUTED"
        }
    };
    let row = RequestUpdate {
        tenant_id: change.tenant(),
        request_id: item.request_id.as_uuid(),
        status,
        external_reference: match &item.answer {
            StepAnswer::Completed { external_reference, .. }
            | StepAnswer::Accepted { external_reference }
            | StepAnswer::Rejected { external_reference, .. } => external_reference.clone(),
            _ => None,
        },
        updated_at: change.now(),
    };
    change.set.push(Part::RequestUpdate, &row);
}

/// A malformed, oversized or redirecting success: the step is UNKNOWN, and engineering must look.
fn note_contract_breach(change: &mut OrderChange<'_>, index: usize, answer: &StepAnswer) {
    let StepAnswer::Unknown { detail, is_contract_breach: true } = answer else { return };
    let step = &change.aggregate.steps[index];
    let row = IncidentRow {
        tenant_id: change.tenant(),
        id: Uuid::now_v7(),
        kind: "CONTRACT_BREACH",
        cause: format!("{}/{}", step.target_system, step.operation),
        target_system: Some(step.target_system.clone()),
        order_id: Some(change.aggregate.order.id.as_uuid()),
        severity: "MAJOR",
        detail: detail.clone(),
        occurrence_count: 1,
        first_seen_at: change.now(),
        last_seen_at: change.now(),
    };
    change.set.push(Part::Incident, &row);
}

/// The case of a step whose outcome was unknown, or whose attempts were used up, is closed by the
/// answer that settles it.
fn resolve_step_case(change: &mut OrderChange<'_>, index: usize) {
    let step_id = change.aggregate.steps[index].id;
    let is_its_own =
        |x: &&CaseRow| x.step_id == Some(step_id) && x.kind() == CaseKind::Step && !x.is_new;
    let open: Vec<CaseRow> = change.aggregate.cases.iter().filter(is_its_own).cloned().collect();
    for case in open {
        close_case(change, &case, FalloutResolution::Retry, ("SETTLED_BY_ANSWER", None));
    }
}
