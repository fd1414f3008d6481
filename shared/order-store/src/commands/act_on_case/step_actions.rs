//! What actions do to the step and the line that a case is about.

use order_domain::fallout::FalloutAction;
use order_domain::line::LineStatus;
use order_domain::plan::PlanStatus;
use order_domain::step::{SendFacts, StepStatus};
use serde_json::Value;

use super::act::Act;
use super::facts::{line_of, may_have_an_effect};
use crate::aggregate::StepRow;
use crate::change::OrderChange;
use crate::change_set::{Part, RequestUpdate};
use crate::commands::settle_billing::BILLING;
use crate::commands::step_effects::{DEPENDENCY_FAILED, leave_failed, make_ready, settle_counters};
use crate::commands::step_results::hand_over;

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
    let target = act.input.target_system.as_ref();
    if let Some(target) = target.filter(|_| act.action == FalloutAction::ReplaceTarget) {
        step.target_system.clone_from(target);
        step.target_settings.clone_from(act.target);
        step.has_new_payload = true;
    }
    let information =
        act.input.information.as_ref().filter(|_| act.action == FalloutAction::ProvideInfo);
    if let (Some(information), Value::Object(payload)) = (information, &mut step.request_payload) {
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
            let Some(dependent) = lost_dependent(change, &key) else { continue };
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
        hear_of_results(change, index, &key);
    }
}

/// What was settled while the step was left out could not hand it anything.
fn hear_of_results(change: &mut OrderChange<'_>, reader: usize, key: &str) {
    let gives = |x: &StepRow| {
        x.status.is_settled(x.is_mandatory) && x.dependent_step_keys.iter().any(|name| name == key)
    };
    let steps = &mut change.aggregate.steps;
    let givers: Vec<usize> = (0..steps.len()).filter(|&giver| gives(&steps[giver])).collect();
    for giver in givers {
        hand_over(steps, giver, reader);
    }
}

/// A step that was left out because an optional one before it failed, and that nothing else keeps
/// out: no other step before it is lost, and its line has not gone on without it.
fn lost_dependent(change: &OrderChange<'_>, key: &str) -> Option<usize> {
    let is_lost = |x: &StepRow| {
        x.status == StepStatus::Failed || x.failure_code.as_deref() == Some(DEPENDENCY_FAILED)
    };
    let steps = &change.aggregate.steps;
    let index = steps
        .iter()
        .position(|x| x.step_key == key && x.failure_code.as_deref() == Some(DEPENDENCY_FAILED))?;
    let before = |x: &&StepRow| x.dependent_step_keys.iter().any(|name| name == key);
    let line = change.aggregate.lines.iter().find(|x| Some(x.id) == steps[index].order_line_id);
    let is_open = line.is_none_or(|x| x.status.is_derived());
    (is_open && !steps.iter().filter(before).any(is_lost)).then_some(index)
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
    let mut left_out = vec![index];
    if is_mandatory && line_id.is_some() {
        // The line becomes WAIVED, and what is waived is not billed.
        left_out
            .extend(open_steps(change, |x| x.order_line_id == line_id && x.step_type == BILLING));
        left_out.dedup();
    }
    leave_out(change, &left_out, SKIPPED_BY_AUTHORITY);
}

/// Steps that are not over and whose effect nobody has to find out first.
fn open_steps(change: &OrderChange<'_>, is_meant: impl Fn(&StepRow) -> bool) -> Vec<usize> {
    let is_over =
        |x| matches!(x, StepStatus::Completed | StepStatus::Skipped | StepStatus::Cancelled);
    let steps = change.aggregate.steps.iter().enumerate();
    steps
        .filter(|(_, x)| is_meant(x) && !is_over(x.status) && !may_have_an_effect(x))
        .map(|(index, _)| index)
        .collect()
}

fn leave_out(change: &mut OrderChange<'_>, indexes: &[usize], why: &str) {
    settle(change, indexes, (StepStatus::Skipped, Some(why)));
}

/// Settles steps by authority, with everything that waits for them: all of them first, so that none
/// is released by another that goes with it.
fn settle(
    change: &mut OrderChange<'_>,
    indexes: &[usize],
    (status, failure_code): (StepStatus, Option<&str>),
) {
    let mut newly_settled = Vec::new();
    for &index in indexes {
        let step = &mut change.aggregate.steps[index];
        let before = step.status;
        if !before.is_settled(step.is_mandatory) {
            newly_settled.push(index);
        }
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
    }
    for index in newly_settled {
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
    settle(change, &[index], (StepStatus::Completed, None));
}

/// The line is satisfied by authority: what is open of it is left out, and its cases with it.
pub(super) fn waive(change: &mut OrderChange<'_>, act: &Act<'_>) {
    let line_id = line_of(act.case, act.input.order_line_id);
    let Some(line) = change.aggregate.lines.iter().position(|x| Some(x.id) == line_id) else {
        return;
    };
    change.set_line_status(line, LineStatus::Waived, (act.reason_code, Some(act.authority)));
    let open = open_steps(change, |x| x.order_line_id == line_id);
    leave_out(change, &open, LINE_WAIVED);
}

/// What never began is taken out when the order is given up.
pub(super) fn cancel_open_steps(change: &mut OrderChange<'_>) {
    for index in 0..change.aggregate.steps.len() {
        let step = &mut change.aggregate.steps[index];
        if !matches!(step.status, StepStatus::Pending | StepStatus::Ready) {
            continue;
        }
        step.status = StepStatus::Cancelled;
        step.held_by_incident_id = None;
        step.next_attempt_at = None;
        step.is_changed = true;
        let line_id = step.order_line_id;
        if let Some(line) = change.aggregate.lines.iter_mut().find(|x| Some(x.id) == line_id) {
            line.remaining_step_count = line.remaining_step_count.saturating_sub(1);
            line.is_changed = true;
        }
        if let Some(plan) = change.aggregate.plan.as_mut() {
            plan.remaining_step_count = plan.remaining_step_count.saturating_sub(1);
            plan.is_changed = true;
        }
    }
    if change.aggregate.plan.as_ref().is_some_and(|x| x.status != PlanStatus::Completed) {
        change.set_plan_status(PlanStatus::Cancelled);
    }
}
