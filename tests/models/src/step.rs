//! Model (i): one step, two executors, reconciliation, and a target system that loses things.
//!
//! Driven by the product's own table, [`order_domain::step::decide_answer`], and its
//! [`StepPolicy`](order_domain::step::StepPolicy). The rest stands for code that needs a database
//! or a network:
//!
//! | here | stands for |
//! |---|---|
//! | [`Action::Claim`]: only READY, not held, plan not frozen; epoch + 1, attempt + 1, same request id | `begin_one`, `claim`, `push_request` of `order-store/src/commands/begin_step_attempt.rs`, under `for update of o` (`aggregate/load.rs`); constraint `one_request_id_per_subject_and_generation` |
//! | [`Action::Record`]: newest epoch *and* still SUBMITTING | `has_lost_lease` of `commands/record_step_outcome/one.rs` |
//! | [`Action::BeginCheck`]: SUBMITTING with `leased_until < now` becomes UNKNOWN, or `response_due_at <= now`; epoch + 1 | `LIST_DUE` of `order-store/src/due_steps.rs`, `begin_one` of `commands/begin_step_check.rs` |
//! | [`Action::RecordCheck`]: newest epoch only; the status is left to the table | `has_lost_lease`, source QUERY |
//! | [`Action::Ask`]: a query, or "cannot tell" where none is possible | `functions/reconciliation/src/query.rs` |
//! | [`State::asked`]: an absence is as old as its question | `SendFacts::asked` in `commands/begin_step_check.rs` |
//! | [`State::first_absence`]: in the step's row, forgotten with every send | `SendFacts::sent` in `commands/begin_step_attempt.rs` |
//! | [`Action::Callback`]: no lease; any number of times | `record` of `one.rs` with `StepSubject::Callback`; dedupe by `KNOWN_MESSAGES` saves work only, so it is left out |
//! | a dispatch that is owed | `make_ready` of `commands/step_effects.rs` and `REDISPATCH_OVERDUE`; a duplicate finds the step claimed |
//!
//! Time is a count of ticks. A lease ends after two, and an executor's run is over before its lease
//! (`functions/fulfillment-step-executor/src/policy.rs`, `LEASE`), unless the system honours ids
//! and lateness is unbounded: then even a run that was frozen and thawed may send. A submit is on its
//! way for one tick at most (call timeout + grace), or, with [`Lateness::Unbounded`], for ever.
//!
//! Left out: 409 (the adapter queries and hears what a query hears), several steps, retries by
//! people (a new generation is a new request id).

pub mod rules;
pub mod state;

use stateright::{Model, Property};

use state::{EXECUTORS, RECONCILERS, State, Told};

/// What the target system declared (`target_system.settings.capabilities`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Capabilities {
    /// The same request id twice is one effect.
    pub honours_request_id: bool,
    /// A request can be asked about by its id.
    pub can_be_queried: bool,
}

/// How long a submit may be on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lateness {
    /// At most call timeout + grace.
    Bounded,
    /// It may arrive after everything else.
    Unbounded,
}

/// A mistake that the checker must find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// Every attempt gets a request id of its own.
    NewRequestIdPerAttempt,
    /// A lease that ran out makes the step READY.
    ResendWithoutQuery,
    /// A worker's answer is recorded whatever its epoch.
    NoLeaseCheck,
    /// One 404 is enough of a system without request ids.
    OneAbsenceIsEnough,
    /// The first 404 is remembered across a send.
    AbsenceOutlivesSend,
    /// A request that was absent may be sent without end.
    AbsenceUsesUpNothing,
    /// A freeze cancels READY steps whatever their earlier sends did.
    FreezeCancelsWhatIsInDoubt,
    /// A system that can neither be asked nor dedupes is sent the request again.
    BlindRetryOfMuteSystem,
    /// Terminal steps take what comes late.
    LateAnswerOverwrites,
    /// UNKNOWN without a next check.
    NoNextCheck,
}

/// The model and its configuration.
#[derive(Debug, Clone, Copy)]
pub struct StepModel {
    /// The system's capabilities.
    pub system: Capabilities,
    /// How late a submit may arrive.
    pub lateness: Lateness,
    /// Executors at the same time, 1 or 2.
    pub executors: usize,
    /// Runs of reconciliation at the same time, 1 or 2.
    pub reconcilers: usize,
    /// A cancellation may freeze the plan.
    pub can_freeze: bool,
    /// Asks also whether sends end: `max_attempts`, or a person.
    pub must_end: bool,
    /// The mistake, if there is one.
    pub bug: Option<Bug>,
}

impl StepModel {
    /// The protocol as it is meant. Where two absences prove something, time counts too, so only one
    /// executor is modelled with two runs of reconciliation, or the other way round.
    #[must_use]
    pub const fn of(honours_request_id: bool, can_be_queried: bool) -> Self {
        let needs_time = can_be_queried && !honours_request_id;
        Self {
            system: Capabilities { honours_request_id, can_be_queried },
            lateness: if needs_time { Lateness::Bounded } else { Lateness::Unbounded },
            executors: EXECUTORS,
            reconcilers: if needs_time { 1 } else { RECONCILERS },
            can_freeze: false,
            must_end: false,
            bug: None,
        }
    }

    /// The same with a mistake.
    #[must_use]
    pub const fn with(mut self, bug: Bug) -> Self {
        self.bug = Some(bug);
        self
    }

    fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }
}

/// What the target system does with a submit that arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reception {
    /// Takes it; done later.
    Accept,
    /// Does it at once.
    Do,
    /// A business "no".
    Reject,
    /// 503, nothing done.
    Busy,
    /// 400, nothing done.
    Refuse,
}

const RECEPTIONS: [Reception; 5] =
    [Reception::Accept, Reception::Do, Reception::Reject, Reception::Busy, Reception::Refuse];

/// Everything that can happen next. Executors, reconcilers and messages by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// An executor claims the READY step and commits.
    Claim(usize),
    /// It sends the call.
    Send(usize),
    /// It cannot connect: provably nothing was sent.
    CannotConnect(usize),
    /// It stops waiting for the answer.
    GiveUp(usize),
    /// It dies.
    CrashExecutor(usize),
    /// It records what it heard.
    Record(usize),
    /// A submit arrives, and its answer reaches whoever still waits for it, or not.
    Arrive(usize, Reception, bool),
    /// A submit is lost.
    Lose(usize),
    /// The system finishes what it accepted.
    FinishWork(bool),
    /// A callback is applied: the final one, or "accepted".
    Callback(bool),
    /// A run of reconciliation claims a due check.
    BeginCheck(usize),
    /// It asks, and hears the truth or (`false`) nothing usable.
    Ask(usize, bool),
    /// It records what it heard.
    RecordCheck(usize),
    /// It dies.
    CrashReconciler(usize),
    /// Engineering releases a held step.
    Release,
    /// A cancellation freezes the plan.
    Freeze,
    /// Time passes.
    Tick,
}

impl Model for StepModel {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::ready()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for e in 0..self.executors {
            actions.extend([Action::Claim(e), Action::Send(e), Action::CannotConnect(e)]);
            actions.extend([Action::GiveUp(e), Action::CrashExecutor(e), Action::Record(e)]);
        }
        for m in 0..state.network.len() {
            actions.push(Action::Lose(m));
            for how in RECEPTIONS {
                actions.extend([Action::Arrive(m, how, true), Action::Arrive(m, how, false)]);
            }
        }
        for r in 0..self.reconcilers {
            actions.extend([Action::BeginCheck(r), Action::Ask(r, true), Action::Ask(r, false)]);
            actions.extend([Action::RecordCheck(r), Action::CrashReconciler(r)]);
        }
        actions.extend([Action::FinishWork(true), Action::FinishWork(false)]);
        actions.extend([Action::Callback(true), Action::Callback(false)]);
        actions.extend([Action::Release, Action::Freeze, Action::Tick]);
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut next = last.clone();
        rules::apply(self, &mut next, action)?;
        next.has_left_the_end |= last.is_terminal() && next.status != last.status;
        next.settle_names(self.lateness == Lateness::Bounded);
        (next != *last).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut all: Vec<Property<Self>> = vec![
            Property::always(ONE_EFFECT, |_, s: &State| s.effects.iter().all(|n| *n <= 1)),
            Property::always(ONE_REQUEST_ID, |_, s: &State| s.effects[1..].iter().all(|n| *n == 0)),
            Property::always(NEVER_BLIND, |_, s: &State| !s.was_sent_blindly),
            Property::always(HAS_OWNER, |_, s: &State| s.has_owner()),
            Property::always(ABSORBS, |_, s: &State| !s.has_left_the_end),
            Property::always(COMPLETED_IS_TRUE, |_, s: &State| {
                s.status != order_domain::step::StepStatus::Completed || s.effect_count() > 0
            }),
            Property::sometimes("a step completes", |_, s: &State| {
                s.status == order_domain::step::StepStatus::Completed
            }),
            Property::sometimes("an effect precedes its recorded answer", |_, s: &State| {
                s.status == order_domain::step::StepStatus::Submitting && s.effect_count() > 0
            }),
            Property::sometimes("a step is sent again after an unknown outcome", |_, s: &State| {
                s.attempts > 1 && s.network.len() > 1
            }),
        ];
        let is_mute = !self.system.can_be_queried && !self.system.honours_request_id;
        if is_mute {
            all.truncate(all.len() - 1);
            all.push(Property::sometimes("a person is asked", |_, s: &State| s.has_case));
        }
        if self.executors + self.reconcilers > 2 {
            all.push(Property::sometimes("a run lost its lease while it called", superseded));
        }
        if self.can_freeze {
            all.push(Property::always(CANCELLED_IS_TRUE, |_, s: &State| {
                s.status != order_domain::step::StepStatus::Cancelled || s.effect_count() == 0
            }));
        }
        if self.must_end {
            all.push(Property::always(SENDS_END, |_, s: &State| {
                u32::from(s.attempts) <= rules::POLICY.max_attempts || s.has_case
            }));
        }
        all
    }

    fn within_boundary(&self, state: &State) -> bool {
        usize::from(state.attempts) <= state::MOST_SENDS
    }
}

fn superseded(_: &StepModel, s: &State) -> bool {
    s.executors.iter().enumerate().any(|(e, x)| {
        matches!(x, state::Executor::Answered { told: Told::Completed, .. })
            && s.holder != Some(state::Holder::Executor(e))
    })
}

/// I7, first half.
pub const ONE_EFFECT: &str = "a request id has at most one effect";
/// I7, second half.
pub const ONE_REQUEST_ID: &str = "a step has one request id, whatever happens";
/// Seeded bug 8 of RELIABILITY §5.
pub const NEVER_BLIND: &str = "nothing is sent again while an earlier outcome is unknown";
/// I14 as safety: there is always somebody whose turn it is.
pub const HAS_OWNER: &str = "every open step has a time or a person";
/// I9.
pub const ABSORBS: &str = "a settled step does not change";
/// What we say is done was done.
pub const COMPLETED_IS_TRUE: &str = "a completed step has an effect";
/// What we say was taken out was never done.
pub const CANCELLED_IS_TRUE: &str = "a cancelled step has no effect";
/// `max_attempts`: "sends before a step without a definitive answer counts as failed".
pub const SENDS_END: &str = "sends end, or a person is asked";
