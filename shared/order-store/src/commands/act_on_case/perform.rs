//! Carries out what was decided: step, line, case and order change together.

use order_domain::event::DomainEventType;
use order_domain::fallout::{
    ActionEffect as E, CaseKind, CaseStatus, FalloutAction, FalloutResolution,
};
use order_domain::ids::FalloutCaseId;
use serde_json::json;

use super::act::Act;
use super::check::line_for_information;
use super::{give_up, step_actions};
use crate::aggregate::CaseRow;
use crate::change::OrderChange;
use crate::change_set::{LineInformation, Part};
use crate::commands::fallout::{close_case, expect_touch, raise_case};
use crate::commands::settle_billing::{keep, statuses_of};

/// Does it, and brings lines, plan and order in line. The case is written or closed.
pub(super) fn perform(change: &mut OrderChange<'_>, effect: E, act: &Act<'_>) {
    match effect {
        E::Resolve(resolution) => resolve(change, act, resolution),
        E::SendAnew
        | E::Replace
        | E::SendAgain
        | E::AskFirst
        | E::Release
        | E::Skip
        | E::Complete
        | E::Waive
        | E::Confirm => perform_on_step(change, effect, act),
        E::Override => {
            override_readiness(change, act);
            close(change, act, FalloutResolution::Continue);
        }
        E::Defer => {
            defer_billing(change, act);
            close(change, act, FalloutResolution::Continue);
        }
        E::AwaitInformation => {
            let wanted = act.input.requested_information.clone();
            with_case(change, act.case_id, |case| case.requested_information = wanted);
            go_on(change, act, CaseStatus::WaitingForInformation);
        }
        E::KeepInformation => {
            keep_information(change, act);
            go_on(change, act, CaseStatus::InProgress);
        }
        E::Escalate => escalate(change, act),
        E::Assign => assign(change, act),
        E::Note => touch(change, act),
        E::Decline => go_on(change, act, CaseStatus::InProgress),
        E::FailOrder => give_up::fail_order(change, act),
    }
    let order = &change.aggregate.order;
    if order.released_at.is_some() && !order.status.is_terminal() {
        change.refresh_lines();
        change.complete_plan_if_done();
    }
    change.refresh_status(None);
}

/// A step that is sent or asked about keeps its case until it is settled; everything else closes it.
fn perform_on_step(change: &mut OrderChange<'_>, effect: E, act: &Act<'_>) {
    match effect {
        E::SendAgain => step_actions::send_again(change, act),
        E::AskFirst => step_actions::ask_first(change, act),
        E::Release => step_actions::release(change, act),
        E::Skip => step_actions::skip(change, act),
        E::Complete => step_actions::complete(change, act),
        E::Waive => step_actions::waive(change, act),
        E::SendAnew | E::Replace => step_actions::send_anew(change, act),
        _ => {}
    }
    // Whoever states what nobody could find out has found it out, also that nothing was done.
    let is_sent = matches!(effect, E::SendAnew | E::Replace | E::SendAgain);
    let stays_open = is_sent || matches!(effect, E::AskFirst | E::Release);
    match stays_open && act.action != FalloutAction::SettleOutcome {
        true => go_on(change, act, CaseStatus::InProgress),
        false => {
            close(change, act, FalloutResolution::Retry);
            close_cases_of_settled_steps(change, act);
        }
    }
}

/// A step that is settled has no failure that anybody would have to act on.
fn close_cases_of_settled_steps(change: &mut OrderChange<'_>, act: &Act<'_>) {
    let aggregate = &change.aggregate;
    let is_settled = |case: &CaseRow| {
        let step = aggregate.steps.iter().find(|x| Some(x.id) == case.step_id);
        case.kind() == CaseKind::Step && step.is_some_and(|x| x.status.is_settled(true))
    };
    let over: Vec<CaseRow> = aggregate.cases.iter().filter(|x| is_settled(x)).cloned().collect();
    for case in over {
        close_case(change, &case, FalloutResolution::Retry, (act.reason_code, act.note));
    }
}

pub(super) fn with_case(
    change: &mut OrderChange<'_>,
    id: Option<FalloutCaseId>,
    edit: impl FnOnce(&mut CaseRow),
) {
    if let Some(case) = change.aggregate.cases.iter_mut().find(|x| Some(x.id) == id) {
        edit(case);
    }
}

/// The case stays open, in this status: somebody touched it now.
fn go_on(change: &mut OrderChange<'_>, act: &Act<'_>, status: CaseStatus) {
    with_case(change, act.case_id, |case| {
        case.status = status;
        case.pending_request = None;
        // Whoever goes on otherwise waits for nothing any more.
        if status != CaseStatus::WaitingForInformation {
            case.requested_information.clear();
        }
    });
    touch(change, act);
}

/// Notes that a person did something about the case: the next touch is due from now.
pub(super) fn touch(change: &mut OrderChange<'_>, act: &Act<'_>) {
    let now = change.now();
    with_case(change, act.case_id, |case| case.touched_at = Some(now));
    if let Some(id) = act.case_id {
        expect_touch(change, id);
    }
}

fn close(change: &mut OrderChange<'_>, act: &Act<'_>, resolution: FalloutResolution) {
    let case = change.aggregate.cases.iter().find(|x| Some(x.id) == act.case_id).cloned();
    if let Some(mut case) = case {
        case.touched_at = Some(change.now());
        close_case(change, &case, resolution, (act.reason_code, act.note));
    }
}

fn resolve(change: &mut OrderChange<'_>, act: &Act<'_>, resolution: FalloutResolution) {
    use order_domain::fallout::CaseKind::Decomposition;
    let line = line_for_information(&change.aggregate, act.input);
    if let (Some(information), Some(line), Decomposition) =
        (&act.input.information, line, act.case.kind)
    {
        let row = LineInformation {
            tenant_id: change.tenant(),
            id: line.as_uuid(),
            characteristics: information.clone(),
        };
        change.set.push(Part::LineInformation, &row);
    }
    keep_information(change, act);
    close(change, act, resolution);
}

fn keep_information(change: &mut OrderChange<'_>, act: &Act<'_>) {
    let Some(information) = &act.input.information else { return };
    let evidence = json!({ "information": information });
    with_case(change, act.case_id, |case| {
        case.news.evidence = Some(evidence);
        case.requested_information.clear();
    });
}

fn override_readiness(change: &mut OrderChange<'_>, act: &Act<'_>) {
    change.aggregate.order.validated_at = Some(change.now());
    let data = json!({ "overriddenBy": act.authority, "reasonCode": act.reason_code });
    change.record_event(DomainEventType::OrderValidated, &data);
}

fn defer_billing(change: &mut OrderChange<'_>, act: &Act<'_>) {
    use order_domain::billing::BillingStatus;
    let mut statuses = statuses_of(&change.aggregate);
    let open = |status: &BillingStatus| !status.is_settled();
    let deferred: Vec<_> = statuses.iter().filter(|x| open(&x.1)).map(|x| x.0).collect();
    for (_, status) in statuses.iter_mut().filter(|x| open(&x.1)) {
        *status = BillingStatus::Deferred;
    }
    keep(change, &statuses);
    change.aggregate.order.billing_settled_at = Some(change.now());
    let data = json!({ "orderLineIds": deferred, "deferredBy": act.authority,
        "reasonCode": act.reason_code });
    change.record_event(DomainEventType::BillingDeferred, &data);
}

fn escalate(change: &mut OrderChange<'_>, act: &Act<'_>) {
    let asked = act.input.severity;
    with_case(change, act.case_id, |case| {
        raise_case(case, asked);
        // Who escalates hands it over; the supervisors decide who takes it.
        case.assigned_user = None;
    });
    touch(change, act);
}

fn assign(change: &mut OrderChange<'_>, act: &Act<'_>) {
    let input = act.input;
    with_case(change, act.case_id, |case| {
        if let Some(group) = &input.assigned_group {
            case.assigned_group.clone_from(group);
        }
        case.assigned_user.clone_from(&input.assigned_user);
        if case.status == CaseStatus::Open && input.assigned_user.is_some() {
            case.status = CaseStatus::InProgress;
        }
    });
    touch(change, act);
}
