//! What each action does to a state; `None` where it cannot happen.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use order_domain::step::answer::StepAnswer;
use order_domain::step::{
    AnswerSource, FreezeDecision, Jitter, SendFacts, StepDecision, StepFacts, StepFallout,
    StepMove, StepPolicy, StepStatus, decide_answer, decide_freeze,
};

use super::state::{Asking, Executor, Holder, LONG, Message, State, Told, Work};
use super::{Action, Bug, Lateness, Reception, StepModel};

/// Small numbers, so that every limit is reached.
pub const POLICY: StepPolicy = StepPolicy {
    max_attempts: 2,
    base_delay: SignedDuration::from_secs(1),
    delay_cap: SignedDuration::from_secs(4),
    response_due: SignedDuration::from_secs(1),
    check_delay: SignedDuration::from_secs(1),
    max_checks: 2,
    total_budget: SignedDuration::from_hours(1),
    honours_request_id: true,
    can_be_queried: true,
    absence_apart: SignedDuration::from_secs(LONG as i64),
};

pub(super) fn apply(model: &StepModel, s: &mut State, action: Action) -> Option<()> {
    match action {
        Action::Claim(e) => claim(model, s, e),
        Action::Send(e) => send(model, s, e),
        Action::CannotConnect(e) => {
            let Executor::Claimed { attempt } = s.executors[e] else { return None };
            s.executors[e] = Executor::Answered { attempt, told: Told::Busy };
            Some(())
        }
        Action::GiveUp(e) => {
            let Executor::Calling { attempt } = s.executors[e] else { return None };
            s.executors[e] = Executor::Answered { attempt, told: Told::Unknown };
            Some(())
        }
        Action::CrashExecutor(e) => {
            s.executors[e] = Executor::Idle;
            Some(())
        }
        Action::Record(e) => record(model, s, e),
        Action::Arrive(m, how, is_heard) => arrive(model, s, m, (how, is_heard)),
        Action::Lose(m) => {
            s.network.remove(m);
            Some(())
        }
        Action::FinishWork(is_done) => finish_work(s, is_done),
        Action::Callback(is_final) => callback(model, s, is_final),
        Action::BeginCheck(r) => begin_check(model, s, r),
        Action::Ask(r, is_usable) => ask(model, s, r, is_usable),
        Action::RecordCheck(r) => record_check(model, s, r),
        Action::CrashReconciler(r) => {
            s.reconcilers[r] = Asking::Idle;
            Some(())
        }
        Action::Release => {
            // Whoever asks whether sends end asks it of us, not of the people who release steps.
            (s.is_held && s.status == StepStatus::Ready && !model.must_end).then_some(())?;
            (s.is_held, s.is_dispatch_owed) = (false, true);
            Some(())
        }
        Action::Freeze => freeze(model, s),
        Action::Tick => {
            tick(s);
            Some(())
        }
    }
}

/// `begin_step_attempts`: the claim is committed before anything is sent.
fn claim(model: &StepModel, s: &mut State, e: usize) -> Option<()> {
    let is_free = s.executors[e] == Executor::Idle;
    let is_claimable = s.status == StepStatus::Ready && !s.is_held && !s.is_frozen;
    (is_free && is_claimable).then_some(())?;
    s.attempts += 1;
    let resends_by_nature = model.system.honours_request_id && !model.system.can_be_queried;
    s.was_sent_blindly |= s.doubts != 0 && !resends_by_nature;
    s.doubts |= 1 << s.attempts;
    s.status = StepStatus::Submitting;
    (s.lease_age, s.is_dispatch_owed) = (Some(0), false);
    s.holder = Some(Holder::Executor(e));
    s.executors[e] = Executor::Claimed { attempt: s.attempts };
    if !model.has(Bug::AbsenceOutlivesSend) {
        s.first_absence = None;
    }
    Some(())
}

fn send(model: &StepModel, s: &mut State, e: usize) -> Option<()> {
    let Executor::Claimed { attempt } = s.executors[e] else { return None };
    // The run ends before its lease: only a thawed one sends later, and only ids make that harmless.
    let is_over = s.holder != Some(Holder::Executor(e)) || s.lease_age.is_none_or(|age| age > 0);
    let may_thaw = model.lateness == Lateness::Unbounded && model.system.honours_request_id;
    (!is_over || may_thaw).then_some(())?;
    let request = if model.has(Bug::NewRequestIdPerAttempt) { attempt - 1 } else { 0 };
    s.network.push(Message { attempt, request, age: 0 });
    s.executors[e] = Executor::Calling { attempt };
    Some(())
}

/// `where lease_epoch = newest and status = SUBMITTING`.
fn record(model: &StepModel, s: &mut State, e: usize) -> Option<()> {
    let Executor::Answered { attempt, told } = s.executors[e] else { return None };
    s.executors[e] = Executor::Idle;
    let holds = s.holder == Some(Holder::Executor(e)) && s.status == StepStatus::Submitting;
    if holds || model.has(Bug::NoLeaseCheck) {
        if matches!(told, Told::Busy | Told::Refused) {
            s.doubts &= !(1 << attempt);
        }
        decide(model, s, told, AnswerSource::Submit);
    }
    Some(())
}

fn arrive(
    model: &StepModel,
    s: &mut State,
    m: usize,
    (how, is_heard): (Reception, bool),
) -> Option<()> {
    let message = s.network[m];
    (model.lateness == Lateness::Unbounded || message.age < LONG).then_some(())?;
    let waiting = Executor::Calling { attempt: message.attempt };
    let listener = s.executors.iter().position(|x| *x == waiting);
    (!is_heard || listener.is_some()).then_some(())?;
    let is_known = model.system.honours_request_id
        && s.work != Work::None
        && (s.work == Work::Rejected || s.effects[usize::from(message.request)] > 0);
    let told = match (is_known, how) {
        // It dedupes: no choice, one answer.
        (true, Reception::Do) => told_of(s.work),
        (true, _) => return None,
        (false, how) => receive(s, message, how),
    };
    s.network.remove(m);
    if let (true, Some(e)) = (is_heard, listener) {
        s.executors[e] = Executor::Answered { attempt: message.attempt, told };
    }
    Some(())
}

fn receive(s: &mut State, message: Message, how: Reception) -> Told {
    match how {
        Reception::Accept | Reception::Do => {
            s.effects[usize::from(message.request)] += 1;
            let is_done = how == Reception::Do;
            s.work = if is_done { Work::Done } else { Work::InWork };
            s.callbacks = (true, s.callbacks.1 || is_done);
            told_of(s.work)
        }
        // A "no" does not undo what an earlier send did.
        Reception::Reject => {
            if s.work == Work::None {
                s.work = Work::Rejected;
            }
            Told::Rejected
        }
        Reception::Busy => Told::Busy,
        Reception::Refuse => Told::Refused,
    }
}

const fn told_of(work: Work) -> Told {
    match work {
        Work::None => Told::Absent,
        Work::InWork => Told::Accepted,
        Work::Done => Told::Completed,
        Work::Rejected => Told::Rejected,
    }
}

fn finish_work(s: &mut State, is_done: bool) -> Option<()> {
    (s.work == Work::InWork).then_some(())?;
    s.work = if is_done { Work::Done } else { Work::Rejected };
    s.callbacks.1 = true;
    Some(())
}

/// Never removed from the queue: at least once, late, in any order.
fn callback(model: &StepModel, s: &mut State, is_final: bool) -> Option<()> {
    let told = match (is_final, s.callbacks) {
        (true, (_, true)) => told_of(s.work),
        (false, (true, _)) => Told::Accepted,
        _ => return None,
    };
    decide(model, s, told, AnswerSource::Callback);
    Some(())
}

/// `begin_step_checks`: due, or a lease that ran out.
fn begin_check(model: &StepModel, s: &mut State, r: usize) -> Option<()> {
    (s.reconcilers[r] == Asking::Idle).then_some(())?;
    match s.status {
        StepStatus::Submitting if s.lease_age == Some(LONG) => {
            if model.has(Bug::ResendWithoutQuery) {
                (s.status, s.lease_age, s.is_dispatch_owed) = (StepStatus::Ready, None, true);
                return Some(());
            }
            (s.status, s.lease_age) = (StepStatus::Unknown, None);
        }
        StepStatus::Submitted | StepStatus::Unknown if s.is_due => {}
        _ => return None,
    }
    s.is_due = true;
    s.holder = Some(Holder::Reconciler(r));
    s.asked = Some(0);
    s.reconcilers[r] = Asking::Claimed;
    Some(())
}

fn ask(model: &StepModel, s: &mut State, r: usize, is_usable: bool) -> Option<()> {
    (s.reconcilers[r] == Asking::Claimed).then_some(())?;
    let can = model.system;
    let told = match (can.can_be_queried, can.honours_request_id) {
        (true, _) if is_usable => told_of(s.work),
        (true, _) => Told::CannotTell,
        (false, _) if !is_usable => return None,
        (false, false) if model.has(Bug::BlindRetryOfMuteSystem) => Told::Absent,
        (false, _) => Told::CannotTell,
    };
    s.reconcilers[r] = Asking::Answered(told);
    Some(())
}

fn record_check(model: &StepModel, s: &mut State, r: usize) -> Option<()> {
    let Asking::Answered(told) = s.reconcilers[r] else { return None };
    s.reconcilers[r] = Asking::Idle;
    if s.holder == Some(Holder::Reconciler(r)) || model.has(Bug::NoLeaseCheck) {
        if told == Told::Absent && model.system.can_be_queried {
            s.doubts = 0;
        }
        decide(model, s, told, AnswerSource::Query);
    }
    Some(())
}

/// SYSTEM §4: in a FROZEN plan PENDING and READY become CANCELLED.
fn freeze(model: &StepModel, s: &mut State) -> Option<()> {
    (model.can_freeze && !s.is_frozen && !s.is_terminal()).then_some(())?;
    s.is_frozen = true;
    let next = match decide_freeze(s.status, sends(s)) {
        FreezeDecision::Leave => return Some(()),
        FreezeDecision::Ask if !model.has(Bug::FreezeCancelsWhatIsInDoubt) => StepStatus::Unknown,
        FreezeDecision::Ask | FreezeDecision::Cancel => StepStatus::Cancelled,
    };
    (s.is_dispatch_owed, s.is_held, s.is_due) = (false, false, next == StepStatus::Unknown);
    s.status = next;
    Some(())
}

fn tick(s: &mut State) {
    let older = |age: u8| (age + 1).min(LONG);
    s.lease_age = s.lease_age.map(older);
    for message in &mut s.network {
        message.age = older(message.age);
    }
    (s.first_absence, s.asked) = (s.first_absence.map(older), s.asked.map(older));
}

/// The product's table decides; what it says is written as `apply_move` writes it.
fn decide(model: &StepModel, s: &mut State, told: Told, source: AnswerSource) {
    let status = match s.status {
        _ if model.has(Bug::LateAnswerOverwrites) && s.attempts > 0 => StepStatus::Unknown,
        status => status,
    };
    let facts = StepFacts {
        status,
        attempt_count: u32::from(s.attempts),
        check_count: u32::from(s.checks),
        is_plan_frozen: s.is_frozen,
        has_exhausted_attempts: s.is_exhausted,
        sends: sends(s),
    };
    let one_is_enough = model.has(Bug::OneAbsenceIsEnough);
    let has_no_limit = model.has(Bug::AbsenceUsesUpNothing) && told == Told::Absent;
    // It takes a third send to show.
    let is_one_more = model.has(Bug::AbsenceOutlivesSend);
    let policy = StepPolicy {
        honours_request_id: model.system.honours_request_id || one_is_enough,
        can_be_queried: model.system.can_be_queried,
        max_attempts: match has_no_limit {
            true => u32::MAX,
            false => POLICY.max_attempts + u32::from(is_one_more),
        },
        ..POLICY
    };
    match decide_answer(facts, &answer(told), source, &policy, (NOW, Jitter::FULL)) {
        StepDecision::Absorbed => {}
        StepDecision::Contradiction => s.has_case = true,
        StepDecision::Apply(to) => write(model, s, &to),
    }
}

/// A moment before which every age fits.
const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn sends(s: &State) -> SendFacts {
    let since = |age: u8| NOW - SignedDuration::from_secs(i64::from(age));
    SendFacts {
        first_sent_at: None,
        first_absent_at: s.first_absence.map(since),
        asked_at: s.asked.map(since),
        is_unproved: s.sends.0,
        was_accepted: s.sends.1,
    }
}

/// `write_step`, `make_ready`, `hold` and `open_step_case` of `commands/step_effects.rs`.
fn write(model: &StepModel, s: &mut State, to: &StepMove) {
    s.status = to.next;
    s.checks = u8::try_from(to.check_count.min(POLICY.max_checks)).unwrap_or(u8::MAX);
    s.is_held = to.is_held;
    s.sends = (to.sends.is_unproved, to.sends.was_accepted);
    let first = to.sends.first_absent_at.map(|x| NOW.duration_since(x).as_secs());
    let first = first.and_then(|age| u8::try_from(age).ok());
    if first.is_some() || !model.has(Bug::AbsenceOutlivesSend) {
        s.first_absence = first;
    }
    s.lease_age = None;
    s.is_due = to.check_at.is_some() && !model.has(Bug::NoNextCheck);
    s.is_dispatch_owed = to.next == StepStatus::Ready && !to.is_held;
    s.has_case |= to.fallout.is_some();
    s.is_exhausted = to.fallout == Some(StepFallout::RetriesExhausted);
    if to.next.is_settled(true) {
        s.has_case = false;
    }
}

fn answer(told: Told) -> StepAnswer {
    let (external_reference, detail) = (None, String::new());
    match told {
        Told::Completed => {
            StepAnswer::Completed { external_reference, result: BTreeMap::default() }
        }
        Told::Accepted => StepAnswer::Accepted { external_reference },
        Told::Rejected => StepAnswer::Rejected { code: String::new(), external_reference },
        Told::Busy => StepAnswer::RetryLater { retry_after_ms: None, detail },
        Told::Refused => StepAnswer::Refused { detail },
        Told::Unknown => StepAnswer::Unknown { detail, is_contract_breach: false },
        Told::Absent => StepAnswer::Absent,
        Told::CannotTell => StepAnswer::CannotTell { detail },
    }
}
