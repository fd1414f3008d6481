//! What each action does to a state; `None` where it cannot happen.

use std::collections::BTreeMap;

use jiff::Timestamp;
use order_domain::plan::PlanStatus;
use order_domain::step::answer::StepAnswer;
use order_domain::step::{
    AnswerSource, Jitter, SendFacts, StepDecision, StepFacts, StepPolicy, StepStatus, decide_answer,
};

use super::{
    Action, Bug, DeliveryModel, MOST_LATE_CALLS, MOST_ROWS, Place, PutBack, Relay, Row, State, Wait,
};

pub(super) fn apply(model: &DeliveryModel, s: &mut State, action: Action) -> Option<()> {
    match action {
        Action::EnterPlan
        | Action::RunExecute
        | Action::CompleteExecute
        | Action::End
        | Action::Delete
        | Action::Suspend(_)
        | Action::PutBack => process(model, s, action),
        Action::Send
        | Action::FinishWork
        | Action::RecordSubmit
        | Action::CrashExecutor
        | Action::Reconcile
        | Action::Callback(_)
        | Action::CallbackRollsBack
        | Action::OweLate(_) => step(model, s, action),
        Action::Claim(relay) => claim(model, s, relay),
        Action::Expire(id) => {
            let row = s.rows.iter_mut().find(|x| x.id == id)?;
            row.is_leased = false;
            Some(())
        }
        Action::Correlate(relay, is_heard) => correlate(model, s, relay, is_heard),
        Action::LateCall(arrives) => {
            s.late_calls = s.late_calls.checked_sub(1)?;
            if arrives {
                take_message(s);
            }
            Some(())
        }
        Action::AskHistory(relay) => ask_history(model, s, relay),
        Action::Finish(relay) => finish(s, relay),
        Action::CrashRelay(relay) => {
            s.relays[relay] = Relay::Idle;
            Some(())
        }
    }
}

/// Waits for a completed plan, and no row and no run of the release will ever tell it.
pub(super) fn is_forgotten(s: &State) -> bool {
    let is_owed = !s.rows.is_empty() || (s.is_execute_open && !s.has_executed);
    s.place == Place::Listening && s.plan == PlanStatus::Completed && !is_owed
}

fn process(model: &DeliveryModel, s: &mut State, action: Action) -> Option<()> {
    let is_alive = s.place != Place::Ended;
    let moves = is_alive && !s.is_suspended;
    match action {
        Action::EnterPlan if moves && s.place == Place::Milestones => {
            (s.is_execute_open, s.has_executed) = (true, false);
            s.place = match model.wait {
                Wait::BeforeWork => Place::Listening,
                Wait::AfterWork => Place::Releasing,
            };
        }
        // The command does not ask the engine: it runs for a suspended instance as well.
        Action::RunExecute if s.is_execute_open && !s.has_executed => run_execute(s),
        Action::CompleteExecute if moves && s.is_execute_open && s.has_executed => {
            s.is_execute_open = false;
            if s.place == Place::Releasing {
                s.place = Place::Listening;
            }
        }
        Action::End if moves && s.place == Place::Beyond => s.place = Place::Ended,
        Action::Delete if is_alive => {
            (s.place, s.is_execute_open, s.is_suspended) = (Place::Ended, false, false);
        }
        Action::Suspend(to) if model.can_suspend && is_alive && s.is_suspended != to => {
            s.is_suspended = to;
        }
        Action::PutBack if !s.was_put_back => put_back(model, s)?,
        _ => return None,
    }
    Some(())
}

fn run_execute(s: &mut State) {
    s.has_executed = true;
    match s.plan {
        PlanStatus::Created => {
            s.plan = PlanStatus::Released;
            s.step = StepStatus::Ready;
        }
        PlanStatus::Completed => owe(s),
        PlanStatus::Released | PlanStatus::Frozen | PlanStatus::Cancelled => {}
    }
}

fn put_back(model: &DeliveryModel, s: &mut State) -> Option<()> {
    match (model.put_back, s.place) {
        (PutBack::SameInstance, Place::Beyond) => s.place = Place::Milestones,
        (PutBack::NewInstance, Place::Ended) => {
            (s.place, s.has_finished_wait) = (Place::Milestones, false);
        }
        (PutBack::WaitOnly, Place::Ended) if s.plan != PlanStatus::Created => {
            (s.place, s.has_finished_wait) = (Place::Listening, false);
        }
        _ => return None,
    }
    s.was_put_back = true;
    Some(())
}

fn step(model: &DeliveryModel, s: &mut State, action: Action) -> Option<()> {
    let was_sent = !matches!(s.step, StepStatus::Pending | StepStatus::Ready);
    match action {
        Action::Send if s.step == StepStatus::Ready => {
            (s.step, s.is_submit_answered) = (StepStatus::Submitting, true);
        }
        Action::FinishWork if was_sent && !s.is_work_done => s.is_work_done = true,
        Action::RecordSubmit if s.is_submit_answered => {
            s.is_submit_answered = false;
            if s.step == StepStatus::Submitting || model.has(Bug::TrustCallbackOrder) {
                decide(model, s, &accepted(), AnswerSource::Submit);
            }
        }
        Action::CrashExecutor if s.is_submit_answered => s.is_submit_answered = false,
        Action::Reconcile if was_sent => {
            if s.step == StepStatus::Submitting {
                s.step = StepStatus::Unknown;
            }
            let truth = if s.is_work_done { completed() } else { accepted() };
            decide(model, s, &truth, AnswerSource::Query);
        }
        Action::Callback(true) if s.is_work_done => {
            decide(model, s, &completed(), AnswerSource::Callback);
        }
        Action::Callback(false) if was_sent => {
            decide(model, s, &accepted(), AnswerSource::Callback);
        }
        Action::CallbackRollsBack
            if model.has(Bug::CorrelateInsideTransaction)
                && s.is_work_done
                && s.plan == PlanStatus::Released =>
        {
            take_message(s);
        }
        Action::OweLate(is_done) if s.is_message_pending => {
            s.is_message_pending = false;
            if is_done {
                owe(s);
            }
        }
        _ => return None,
    }
    Some(())
}

/// The product's table decides; a settled step completes its plan in the same transition.
fn decide(model: &DeliveryModel, s: &mut State, answer: &StepAnswer, source: AnswerSource) {
    let status = if model.has(Bug::TrustCallbackOrder) { StepStatus::Unknown } else { s.step };
    let facts = StepFacts {
        status,
        attempt_count: 1,
        check_count: 0,
        is_plan_frozen: false,
        has_exhausted_attempts: false,
        sends: SendFacts::default(),
    };
    let at = (Timestamp::UNIX_EPOCH, Jitter::FULL);
    let StepDecision::Apply(to) =
        decide_answer(facts, answer, source, &StepPolicy::WITHOUT_SETTINGS, at)
    else {
        return;
    };
    let is_settled_now = to.next.is_settled(true) && !s.step.is_settled(true);
    s.step = to.next;
    if !is_settled_now {
        return;
    }
    s.completions += 1;
    s.plan = PlanStatus::Completed;
    if model.has(Bug::OweAfterCommit) {
        s.is_message_pending = true;
    } else {
        owe(s);
    }
}

fn completed() -> StepAnswer {
    StepAnswer::Completed { external_reference: None, result: BTreeMap::default() }
}

fn accepted() -> StepAnswer {
    StepAnswer::Accepted { external_reference: None }
}

fn owe(s: &mut State) {
    if s.next_row < MOST_ROWS {
        s.rows.push(Row { id: s.next_row, holder: None, is_leased: false });
    }
    s.next_row += 1;
}

/// The engine, as one transaction: the wait takes it, or nobody does.
fn take_message(s: &mut State) -> bool {
    let is_taken = s.place == Place::Listening && !s.is_suspended;
    if is_taken {
        s.has_passed_early |= s.plan != PlanStatus::Completed;
        (s.place, s.is_execute_open, s.has_finished_wait) = (Place::Beyond, false, true);
    }
    is_taken
}

fn claim(model: &DeliveryModel, s: &mut State, relay: usize) -> Option<()> {
    (s.relays[relay] == Relay::Idle).then_some(())?;
    let lowest = s.rows.first_mut().filter(|x| !x.is_leased)?;
    (lowest.is_leased, lowest.holder) = (true, Some(relay));
    s.relays[relay] = Relay::Claimed(lowest.id);
    if model.has(Bug::DeleteBeforeDelivery) {
        s.rows.remove(0);
    }
    Some(())
}

fn correlate(model: &DeliveryModel, s: &mut State, relay: usize, is_heard: bool) -> Option<()> {
    let Relay::Claimed(id) = s.relays[relay] else { return None };
    if !is_heard {
        (s.late_calls < MOST_LATE_CALLS).then_some(())?;
        s.late_calls += 1;
        s.relays[relay] = Relay::Heard(id, false);
        return Some(());
    }
    s.relays[relay] = match take_message(s) {
        true => Relay::Heard(id, true),
        false if model.has(Bug::NoMatchTakenAsDelivered) => Relay::Heard(id, true),
        false => Relay::NoMatch(id),
    };
    Some(())
}

/// `why_unmatched`: consumed before and not open again, or ended: moot; else not yet.
fn ask_history(model: &DeliveryModel, s: &mut State, relay: usize) -> Option<()> {
    let Relay::NoMatch(id) = s.relays[relay] else { return None };
    let is_open = s.place == Place::Listening && !model.has(Bug::IgnoreOpenWait);
    let is_consumed = s.place != Place::Ended && s.has_finished_wait && !is_open;
    let is_moot = is_consumed || s.place == Place::Ended;
    s.relays[relay] = Relay::Heard(id, is_moot);
    Some(())
}

/// `where lease_epoch = newest`: deleted, or given back.
fn finish(s: &mut State, relay: usize) -> Option<()> {
    let Relay::Heard(id, is_done) = s.relays[relay] else { return None };
    s.relays[relay] = Relay::Idle;
    let held = s.rows.iter().position(|x| x.id == id && x.holder == Some(relay));
    match held {
        Some(at) if is_done => {
            s.rows.remove(at);
        }
        Some(at) => (s.rows[at].is_leased, s.rows[at].holder) = (false, None),
        None => {}
    }
    Some(())
}
