//! Model (ii), first half: the plan's completion, from a callback to the wait of the process.
//!
//! Driven by the product's table, [`order_domain::step::decide_answer`], for the one step of the
//! plan. The rest stands for code that needs a database or the engine:
//!
//! | here | stands for |
//! |---|---|
//! | a settled step owes the plan message in the same transition | `complete_plan_if_done` of `order-store/src/change.rs`, one transaction of `record_step_outcomes` |
//! | [`Action::RunExecute`]: releases, or owes the message again; once per run of the activity | `order-store/src/commands/start_fulfillment.rs`, `owe_again`; the key `{COMMAND}:{order}:{instance}:{activityInstance}` |
//! | [`Action::Claim`], [`Action::Finish`]: lowest of the lane, newest epoch | `CLAIM_DUE` of `order-store/src/outbox/claim.rs`, `DELETE_DELIVERED`, `RESCHEDULE` of `order-store/src/outbox.rs` and below (the lanes model has more of them) |
//! | [`Action::Correlate`]: taken by the wait, or "no match", or the answer is lost and the call may still arrive | `plan_completed` of `workflow-delivery/src/plan.rs`; `QUIET` of `outcome.rs` |
//! | [`Action::AskHistory`]: finished wait and none open = consumed; all ended = moot; else not yet | `why_unmatched`, `has_left` of `workflow-delivery/src/unmatched.rs` |
//! | [`Action::RecordSubmit`]: only while SUBMITTING | `has_lost_lease` of `record_step_outcome/one.rs` |
//!
//! The process is that of `bpmn/order-fulfillment.bpmn` around `AwaitFulfillmentPlan`; it can be
//! suspended, deleted, and put back to an earlier place (PROCESS §7).
//! Left out: the start of the process (`order-store/src/correlation.rs`, `CLAIM_START`), and how a
//! request is sent, which the step model has.

mod rules;

use order_domain::plan::PlanStatus;
use order_domain::step::StepStatus;
use stateright::{Model, Property};

pub(crate) const RELAYS: usize = 2;
/// Rows that the lane of one plan can have here: the completion, and one owed again per put-back.
pub(crate) const MOST_ROWS: u8 = 3;
/// Lost calls that are still on their way; one more changes nothing.
pub(crate) const MOST_LATE_CALLS: u8 = 1;

/// A mistake that the checker must find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// "No match" is taken as delivered.
    NoMatchTakenAsDelivered,
    /// The row goes before the engine is called.
    DeleteBeforeDelivery,
    /// Whatever comes last about a step is written.
    TrustCallbackOrder,
    /// The callback's transaction tells the engine itself, and may still roll back.
    CorrelateInsideTransaction,
    /// The completion is recorded in one transaction, the message owed in another.
    OweAfterCommit,
    /// "No match" asks history for a finished wait only, and not for one that is open again.
    IgnoreOpenWait,
}

/// Where the process listens for the completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// From before the work is released: a parallel split, as in the model that is deployed.
    BeforeWork,
    /// From after it was released.
    AfterWork,
}

/// Where people may put an instance back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutBack {
    /// Nowhere.
    Never,
    /// Before the release of the plan, within the running instance.
    SameInstance,
    /// Before the release of the plan, as a new instance.
    NewInstance,
    /// To the wait alone, as a new instance.
    WaitOnly,
}

/// The model and its configuration.
#[derive(Debug, Clone, Copy)]
pub struct DeliveryModel {
    /// Where the process listens.
    pub wait: Wait,
    /// Whether an instance is put back, once.
    pub put_back: PutBack,
    /// An instance may be suspended.
    pub can_suspend: bool,
    /// The mistake, if there is one.
    pub bug: Option<Bug>,
}

impl DeliveryModel {
    /// The protocol as it is, with a put-back of this kind.
    #[must_use]
    pub const fn of(put_back: PutBack) -> Self {
        let wait = Wait::BeforeWork;
        Self { wait, put_back, can_suspend: true, bug: None }
    }

    /// The same with a mistake.
    #[must_use]
    pub const fn with(mut self, bug: Bug) -> Self {
        self.bug = Some(bug);
        self
    }

    pub(crate) fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }
}

/// Where the process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// At a milestone before the plan is carried out.
    Milestones,
    /// The release is open, the wait is not.
    Releasing,
    /// At the wait.
    Listening,
    /// Past it.
    Beyond,
    /// Ended or deleted.
    Ended,
}

/// What a relay has in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relay {
    /// Nothing.
    Idle,
    /// A claimed row.
    Claimed(u8),
    /// "No match" for this row.
    NoMatch(u8),
    /// It knows what became of this row: done, or not this time.
    Heard(u8, bool),
}

/// A row of the plan's lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Row {
    /// Its sequence.
    pub id: u8,
    /// The relay whose claim has the newest epoch.
    pub holder: Option<usize>,
    /// `leased_until` is set.
    pub is_leased: bool,
}

/// One state of the model.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// The process.
    pub place: Place,
    /// The activity `ExecuteReadySteps` is open.
    pub is_execute_open: bool,
    /// Its command has run.
    pub has_executed: bool,
    /// This instance has a finished wait in its history.
    pub has_finished_wait: bool,
    /// The instance is suspended.
    pub is_suspended: bool,
    /// It was put back once.
    pub was_put_back: bool,
    /// `fulfillment_plan.status`.
    pub plan: PlanStatus,
    /// `fulfillment_step.status` of its only step.
    pub step: StepStatus,
    /// The target system did the work; it sent "accepted" and "completed", each any number of times.
    pub is_work_done: bool,
    /// The executor waits with an answer that it has not recorded: 202.
    pub is_submit_answered: bool,
    /// The lane, lowest first.
    pub rows: Vec<Row>,
    /// Number of the next row.
    pub next_row: u8,
    /// With a mistake: the message is still to be owed.
    pub is_message_pending: bool,
    /// The relays.
    pub relays: [Relay; RELAYS],
    /// Calls whose answer was lost and that may still arrive.
    pub late_calls: u8,
    /// Ghost: a wait was passed although its plan was not completed.
    pub has_passed_early: bool,
    /// Ghost: a settled step changed.
    pub has_left_the_end: bool,
    /// Ghost: times that the plan was completed.
    pub completions: u8,
}

/// Everything that can happen next; relays by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// The process comes to the plan.
    EnterPlan,
    /// The topic function runs `start_fulfillment`.
    RunExecute,
    /// It completes its task.
    CompleteExecute,
    /// The process ends in the ordinary way.
    End,
    /// The instance is deleted.
    Delete,
    /// The instance is suspended or resumed.
    Suspend(bool),
    /// The instance is put back.
    PutBack,
    /// The step is claimed and sent; the system takes it.
    Send,
    /// The system finishes.
    FinishWork,
    /// The executor records the 202, late or not.
    RecordSubmit,
    /// The executor dies before that.
    CrashExecutor,
    /// The lease ends, the system is asked.
    Reconcile,
    /// A callback is applied: "completed", or "accepted".
    Callback(bool),
    /// With a mistake: the callback's transaction tells the engine and rolls back.
    CallbackRollsBack,
    /// With a mistake: the second transaction, or the death before it.
    OweLate(bool),
    /// A relay claims the lowest row.
    Claim(usize),
    /// A row's lease ends.
    Expire(u8),
    /// It correlates; `false`: the answer is lost and the call may still arrive.
    Correlate(usize, bool),
    /// A lost call arrives after all, or never.
    LateCall(bool),
    /// After "no match" it asks history.
    AskHistory(usize),
    /// It writes down what it knows.
    Finish(usize),
    /// It dies.
    CrashRelay(usize),
}

impl Model for DeliveryModel {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            place: Place::Milestones,
            is_execute_open: false,
            has_executed: false,
            has_finished_wait: false,
            is_suspended: false,
            was_put_back: false,
            plan: PlanStatus::Created,
            step: StepStatus::Pending,
            is_work_done: false,
            is_submit_answered: false,
            rows: Vec::new(),
            next_row: 0,
            is_message_pending: false,
            relays: [Relay::Idle; RELAYS],
            late_calls: 0,
            has_passed_early: false,
            has_left_the_end: false,
            completions: 0,
        }]
    }

    fn actions(&self, s: &State, actions: &mut Vec<Action>) {
        actions.extend([Action::EnterPlan, Action::RunExecute, Action::CompleteExecute]);
        actions.extend([Action::End, Action::Delete, Action::PutBack]);
        actions.extend([Action::Suspend(true), Action::Suspend(false)]);
        actions.extend([Action::Send, Action::FinishWork, Action::RecordSubmit]);
        actions.extend([Action::CrashExecutor, Action::Reconcile]);
        actions.extend([Action::Callback(true), Action::Callback(false)]);
        actions.extend([Action::CallbackRollsBack, Action::OweLate(true), Action::OweLate(false)]);
        actions.extend([Action::LateCall(true), Action::LateCall(false)]);
        actions.extend(s.rows.iter().map(|x| Action::Expire(x.id)));
        for relay in 0..RELAYS {
            actions.extend([Action::Claim(relay), Action::AskHistory(relay)]);
            actions.extend([Action::Correlate(relay, true), Action::Correlate(relay, false)]);
            actions.extend([Action::Finish(relay), Action::CrashRelay(relay)]);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut next = last.clone();
        rules::apply(self, &mut next, action)?;
        next.has_left_the_end |=
            last.step == StepStatus::Completed && next.step != StepStatus::Completed;
        (next != *last).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut all: Vec<Property<Self>> = vec![
            Property::always(NOT_FORGOTTEN, |_, s: &State| !rules::is_forgotten(s)),
            Property::always(NOT_EARLY, |_, s: &State| !s.has_passed_early),
            Property::always(ABSORBS, |_, s: &State| !s.has_left_the_end),
            Property::always(ONE_COMPLETION, |_, s: &State| s.completions <= 1),
            Property::sometimes("a process ends", |_, s: &State| s.place == Place::Ended),
            Property::sometimes("a callback precedes the answer to the submit", |_, s: &State| {
                s.is_submit_answered && s.step == StepStatus::Completed
            }),
            Property::sometimes("two relays have one row in hand", |_, s: &State| {
                s.relays.iter().all(|x| *x == Relay::Claimed(0))
            }),
            Property::sometimes("the last row goes", |_, s: &State| {
                s.next_row > 0 && s.rows.is_empty()
            }),
        ];
        if self.can_suspend {
            all.push(Property::sometimes("nobody waits yet", |_, s: &State| {
                s.relays.iter().any(|x| matches!(x, Relay::NoMatch(_))) && !s.has_finished_wait
            }));
        }
        all
    }

    fn within_boundary(&self, s: &State) -> bool {
        s.next_row <= MOST_ROWS
    }
}

/// I5 and I14: a process that waits for a completed plan is owed the message.
pub const NOT_FORGOTTEN: &str = "a process that waits for a completed plan will hear of it";
/// Nothing is told that was not committed.
pub const NOT_EARLY: &str = "a wait is passed only when its plan is completed";
/// I9.
pub const ABSORBS: &str = "a completed step does not change";
/// The plan is completed once, whatever arrives how often.
pub const ONE_COMPLETION: &str = "a plan is completed once";
