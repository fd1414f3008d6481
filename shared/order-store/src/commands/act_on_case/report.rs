//! What an action changed, told the same way before and after it is done.

use order_domain::fallout::ActionEffect as E;
use order_domain::line::LineStatus;
use order_domain::step::StepStatus;

use super::act::Act;
use super::input::{ChargeChange, ChargeEffect, EffectReport, LineChange, StepChange};
use super::outputs::is_told;
use crate::aggregate::{LineRow, OrderAggregate, StepRow};
use crate::change::OrderChange;

/// Compares the order before with what the change made of it.
pub(super) fn report(
    before: &OrderAggregate,
    change: &OrderChange<'_>,
    (effect, act): (E, &Act<'_>),
) -> EffectReport {
    let after = &change.aggregate;
    let mut engine: Vec<String> = Vec::new();
    for what in change.owed.iter().filter(|x| **x != "publish an event") {
        if !engine.iter().any(|x| x == what) {
            engine.push((*what).to_owned());
        }
    }
    EffectReport {
        steps: before.steps.iter().zip(&after.steps).filter_map(step_change).collect(),
        lines: before.lines.iter().zip(&after.lines).filter_map(line_change).collect(),
        charges: charges(before, after, effect),
        runs_without_result: without_result((before, after), effect, act),
        events: change.events.clone(),
        engine,
        cannot_undo: irrevocable(effect).iter().map(|x| (*x).to_owned()).collect(),
    }
}

fn step_change((before, after): (&StepRow, &StepRow)) -> Option<StepChange> {
    let is_same = before.status == after.status
        && before.generation == after.generation
        && before.target_system == after.target_system
        && before.held_by_incident_id == after.held_by_incident_id
        && before.response_due_at == after.response_due_at;
    (!is_same).then(|| StepChange {
        step_key: after.step_key.clone(),
        from: before.status,
        to: after.status,
        generation: after.generation,
        target_system: after.target_system.clone(),
    })
}

fn line_change((before, after): (&LineRow, &LineRow)) -> Option<LineChange> {
    (before.status != after.status).then_some(LineChange {
        order_line_id: after.id,
        line_number: after.line_number,
        from: before.status,
        to: after.status,
    })
}

fn charges(before: &OrderAggregate, after: &OrderAggregate, effect: E) -> Vec<ChargeChange> {
    let has_price = |x: &LineRow| x.recurring_price.is_some() || x.one_time_price.is_some();
    let of = |line: &LineRow, change| ChargeChange {
        order_line_id: line.id,
        recurring_price: line.recurring_price,
        one_time_price: line.one_time_price,
        change,
    };
    if effect == E::Defer {
        let statuses = crate::commands::settle_billing::statuses_of(before);
        let open = |x: &&LineRow| {
            statuses.iter().any(|(id, status)| *id == x.id.as_uuid() && !status.is_settled())
        };
        let open = after.lines.iter().filter(|x| has_price(x)).filter(open);
        return open.map(|x| of(x, ChargeEffect::Deferred)).collect();
    }
    let gone = |x: &LineRow| {
        // A line that was skipped a mandatory step of becomes WAIVED when it is settled.
        matches!(x.status, LineStatus::Waived | LineStatus::Cancelled) || x.skipped_step_count > 0
    };
    let lost = before.lines.iter().zip(&after.lines);
    lost.filter(|(before, after)| !gone(before) && gone(after) && has_price(after))
        .map(|(_, after)| of(after, ChargeEffect::NotBilled))
        .collect()
}

/// What waited for a step that is left out, and goes on without its result or a value instead.
fn without_result(
    (before, after): (&OrderAggregate, &OrderAggregate),
    effect: E,
    act: &Act<'_>,
) -> Vec<String> {
    let is_left_out = |(before, after): &(&StepRow, &StepRow)| match effect {
        E::Skip => Some(after.id) == act.case.step_id,
        E::Waive => before.status != after.status && after.status == StepStatus::Skipped,
        _ => false,
    };
    let left_out = before.steps.iter().zip(&after.steps).filter(is_left_out);
    let mut keys: Vec<&String> = left_out.flat_map(|(x, _)| &x.dependent_step_keys).collect();
    keys.sort();
    keys.dedup();
    let goes_on = |key: &&String| {
        let was_open =
            before.steps.iter().any(|x| x.step_key == **key && x.status == StepStatus::Pending);
        was_open
            && after.steps.iter().any(|x| {
                x.step_key == **key && x.status != StepStatus::Skipped && !is_told(before, x, act)
            })
    };
    keys.into_iter().filter(goes_on).cloned().collect()
}

const fn irrevocable(effect: E) -> &'static [&'static str] {
    match effect {
        E::SendAnew => &["the target system is asked for the work a second time"],
        E::Replace => &[
            "the other target system is asked for the work",
            "the step keeps no tie to the first one",
        ],
        E::SendAgain | E::Release => &["the target system is sent the request"],
        E::Skip => &["a step that was left out is never carried out"],
        E::Complete => &["a step that counts as done is never sent again"],
        E::Waive => &["the line is not fulfilled and not billed", "its open steps are left out"],
        E::Override => &["failed checks are not repeated"],
        E::Defer => &["the order completes before it is billed"],
        E::FailOrder => &[
            "the order is over and can only be ordered anew",
            "what target systems have done stays done",
            "the process is deleted",
        ],
        E::Resolve(_)
        | E::AskFirst
        | E::Confirm
        | E::AwaitInformation
        | E::KeepInformation
        | E::Escalate
        | E::Assign
        | E::Note
        | E::Decline => &[],
    }
}
