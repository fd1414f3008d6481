//! What actions do to the step and the line that a case is about.

use order_domain::line::LineStatus;
use order_domain::plan::PlanStatus;
use order_domain::step::{SendFacts, StepStatus};
use serde_json::Value;

use super::act::Act;
use super::facts::may_have_an_effect;
use crate::aggregate::{CaseRow, StepRow};
use crate::change::OrderChange;
use crate::change_set::{Part, RequestUpdate};
use crate::commands::fallout::close_case;
use crate::commands::step_effects::{DEPENDENCY_FAILED, leave_failed, make_ready, settle_counters};

/// Why a step was left out.
const SKIPPED_BY_AUTHORITY: &str = "SKIPPED_BY_AUTHORITY";
const LINE_WAIVED: &str = "LINE_WAIVED";

fn index_of(change: &OrderChange<'_>, act: &Act<'_>) -> Option<usize> {
    change.aggregate.steps.iter().position(|x| Some(x.id) == act.case.step_id)
}

/// A new generation: the system said no, and what is asked now is another request.
pub(super) fn send_anew(change: &mut OrderChange<'_>, act: &Act<'_>) {
    let Some(index) = index_of(change, act) else { return };
    reopen(change, index);
    let step = &mut change.aggregate.steps[index];
    step.generation += 1;
    step.request_id = None;
    step.external_reference = None;
    step.response_payload = None;
    step.sends = SendFacts::default();
    step.deadline_at = None;
    if let Some(target) = &act.input.target_system {
        step.target_system.clone_from(target);
        step.target_settings.clone_from(act.target);
        step.has_new_payload = true;
    }
    if let (Some(information), Value::Object(payload)) =
        (&act.input.information, &mut step.request_payload)
    {
        for (name, value) in information {
            let value = serde_json::to_value(value).unwrap_or(Value::Null);
            payload.insert(name.clone(), value);
        }
        step.has_new_payload = true;
    }
    make_ready(change, index, change.now());
}

/// The same request again: it was provably not carried out.
pub(super) fn send_again(change: &mut OrderChange<'_>, act: &Act<'_>) {
    let Some(index) = index_of(change, act) else { return };
    reopen(change, index);
    change.aggregate.steps[index].sends = SendFacts::default();
    make_ready(change, index, change.now());
}

/// Out of FAILED, with a new budget of attempts and checks.
fn reopen(change: &mut OrderChange<'_>, index: usize) {
    let step = &mut change.aggregate.steps[index];
    let (was_failed, is_mandatory) = (step.status == StepStatus::Failed, step.is_mandatory);
    step.status = StepStatus::Ready;
    step.failure_code = None;
    step.attempt_count = 0;
    step.check_count = 0;
    step.is_changed = true;
    match (was_failed, is_mandatory) {
        (true, true) => leave_failed(change, index),
        (true, false) => unsettle(change, index),
        (false, _) => {}
    }
}

/// An optional step that FAILED counted as settled and took along what hangs on it: both come back.
fn unsettle(change: &mut OrderChange<'_>, index: usize) {
    let mut back = vec![index];
    let mut restored = Vec::new();
    while let Some(index) = back.pop() {
        let step = &change.aggregate.steps[index];
        let (line_id, dependents) = (step.order_line_id, step.dependent_step_keys.clone());
        if let Some(line) = change.aggregate.lines.iter_mut().find(|x| Some(x.id) == line_id) {
            line.remaining_step_count += 1;
            line.is_changed = true;
        }
        if let Some(plan) = change.aggregate.plan.as_mut() {
            plan.remaining_step_count += 1;
            plan.is_changed = true;
        }
        for key in dependents {
            let lost = |x: &StepRow| {
                x.step_key == key && x.failure_code.as_deref() == Some(DEPENDENCY_FAILED)
            };
            let Some(dependent) = change.aggregate.steps.iter().position(lost) else { continue };
            let step = &mut change.aggregate.steps[dependent];
            step.status = StepStatus::Pending;
            step.failure_code = None;
            step.is_changed = true;
            restored.push(dependent);
            back.push(dependent);
        }
    }
    // Counted anew: whoever was left out stopped counting.
    for index in restored {
        let key = change.aggregate.steps[index].step_key.clone();
        let waits_for = |x: &&StepRow| {
            !x.status.is_settled(x.is_mandatory) && x.dependent_step_keys.contains(&key)
        };
        let count = change.aggregate.steps.iter().filter(waits_for).count();
        change.aggregate.steps[index].pending_dependency_count =
            u32::try_from(count).unwrap_or(u32::MAX);
    }
}

/// Reconciliation asks in its next round; the budget of checks begins anew.
pub(super) fn ask_first(change: &mut OrderChange<'_>, act: &Act<'_>) {
    let Some(index) = index_of(change, act) else { return };
    let now = change.now();
    let step = &mut change.aggregate.steps[index];
    step.response_due_at = Some(now);
    step.check_count = 0;
    step.is_changed = true;
}

/// Out of an incident's hold.
pub(super) fn release(change: &mut OrderChange<'_>, act: &Act<'_>) {
    let Some(index) = index_of(change, act) else { return };
    let step = &mut change.aggregate.steps[index];
    step.held_by_incident_id = None;
    step.sends = step.sends.released();
    make_ready(change, index, change.now());
}

/// Left out by authority: a mandatory one leaves its line WAIVED when the line is settled.
pub(super) fn skip(change: &mut OrderChange<'_>, act: &Act<'_>) {
    let Some(index) = index_of(change, act) else { return };
    let step = &mut change.aggregate.steps[index];
    let (line_id, is_mandatory) = (step.order_line_id, step.is_mandatory);
    step.response_payload = act.input.outputs.as_ref().and_then(|x| serde_json::to_value(x).ok());
    let line = change.aggregate.lines.iter_mut().find(|x| Some(x.id) == line_id);
    if let Some(line) = line.filter(|_| is_mandatory) {
        line.skipped_step_count += 1;
        line.skip_approved_by = Some(act.authority.to_owned());
        line.is_changed = true;
    }
    leave_out(change, index, SKIPPED_BY_AUTHORITY);
}

fn leave_out(change: &mut OrderChange<'_>, index: usize, why: &str) {
    settle(change, index, (StepStatus::Skipped, Some(why)));
}

/// Settles a step by authority, with everything that waits for it.
fn settle(
    change: &mut OrderChange<'_>,
    index: usize,
    (status, failure_code): (StepStatus, Option<&str>),
) {
    let step = &mut change.aggregate.steps[index];
    let before = step.status;
    let was_settled = before.is_settled(step.is_mandatory);
    step.status = status;
    step.failure_code = failure_code.map(str::to_owned);
    step.held_by_incident_id = None;
    step.leased_until = None;
    step.response_due_at = None;
    step.next_attempt_at = None;
    step.is_changed = true;
    if before == StepStatus::Failed && step.is_mandatory {
        leave_failed(change, index);
    }
    if !was_settled {
        settle_counters(change, index);
    }
}

/// A person says that it is done, with evidence.
pub(super) fn complete(change: &mut OrderChange<'_>, act: &Act<'_>) {
    let Some(index) = index_of(change, act) else { return };
    let (tenant_id, updated_at) = (change.tenant(), change.now());
    let step = &mut change.aggregate.steps[index];
    if let Some(reference) = &act.input.external_reference {
        step.external_reference = Some(reference.clone());
    }
    if let Some(outputs) = &act.input.outputs {
        step.response_payload = serde_json::to_value(outputs).ok();
    }
    if let Some(request_id) = step.request_id {
        let row = RequestUpdate {
            tenant_id,
            request_id: request_id.as_uuid(),
            status: "COMPLETED",
            external_reference: act.input.external_reference.clone(),
            updated_at,
        };
        change.set.push(Part::RequestUpdate, &row);
    }
    settle(change, index, (StepStatus::Completed, None));
}

/// The line is satisfied by authority: what is open of it is left out, and its cases with it.
pub(super) fn waive(change: &mut OrderChange<'_>, act: &Act<'_>) {
    let line_id = act.case.line_id.or(act.input.order_line_id);
    let Some(line) = change.aggregate.lines.iter().position(|x| Some(x.id) == line_id) else {
        return;
    };
    change.set_line_status(line, LineStatus::Waived, (act.reason_code, Some(act.authority)));
    let is_open = |x: &StepRow| {
        x.order_line_id == line_id
            && !matches!(
                x.status,
                StepStatus::Completed | StepStatus::Skipped | StepStatus::Cancelled
            )
            && !may_have_an_effect(x)
    };
    for index in 0..change.aggregate.steps.len() {
        if is_open(&change.aggregate.steps[index]) {
            leave_out(change, index, LINE_WAIVED);
        }
    }
    close_cases_of_skipped_steps(change, act);
}

fn close_cases_of_skipped_steps(change: &mut OrderChange<'_>, act: &Act<'_>) {
    let skipped = |x: &CaseRow| {
        let step = change.aggregate.steps.iter().find(|step| Some(step.id) == x.step_id);
        step.is_some_and(|x| x.failure_code.as_deref() == Some(LINE_WAIVED))
    };
    let others: Vec<CaseRow> = change
        .aggregate
        .cases
        .iter()
        .filter(|x| Some(x.id) != act.case_id && skipped(x))
        .cloned()
        .collect();
    for case in others {
        let resolution = order_domain::fallout::FalloutResolution::Retry;
        close_case(change, &case, resolution, (LINE_WAIVED, None));
    }
}

/// What never began is taken out when the order is given up.
pub(super) fn cancel_open_steps(change: &mut OrderChange<'_>) {
    for step in &mut change.aggregate.steps {
        if matches!(step.status, StepStatus::Pending | StepStatus::Ready) {
            step.status = StepStatus::Cancelled;
            step.held_by_incident_id = None;
            step.next_attempt_at = None;
            step.is_changed = true;
        }
    }
    if change.aggregate.plan.as_ref().is_some_and(|x| x.status != PlanStatus::Completed) {
        change.set_plan_status(PlanStatus::Cancelled);
    }
}
