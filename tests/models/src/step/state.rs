//! What the store, the workers, the network and the target system hold at one moment.

use order_domain::step::StepStatus;

/// Executors that exist at the same time.
pub const EXECUTORS: usize = 2;
/// Runs of reconciliation that exist at the same time.
pub const RECONCILERS: usize = 2;
/// More sends than any run of the model may make.
pub const MOST_SENDS: usize = 3;
/// Ages are counted up to here: "a long time".
pub const LONG: u8 = 2;

/// What the system told about a request, without the parts that decide nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Told {
    /// Done.
    Completed,
    /// Accepted, and in work.
    Accepted,
    /// A business "no".
    Rejected,
    /// Provably not executed: 503.
    Busy,
    /// Provably not executed: 400.
    Refused,
    /// Nobody knows.
    Unknown,
    /// The query found nothing.
    Absent,
    /// The query could not be answered.
    CannotTell,
}

/// An executor's invocation, with the attempt that it claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Executor {
    /// Nothing in hand, or dead.
    Idle,
    /// The claim is committed, the call has not begun.
    Claimed {
        /// Number of the attempt, from 1.
        attempt: u8,
    },
    /// The call is under way.
    Calling {
        /// Number of the attempt.
        attempt: u8,
    },
    /// The answer is known and not recorded.
    Answered {
        /// Number of the attempt.
        attempt: u8,
        /// What it heard.
        told: Told,
    },
}

/// A run of reconciliation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Asking {
    /// Nothing in hand.
    Idle,
    /// The check is claimed, the query has not been answered.
    Claimed,
    /// The answer is known and not recorded.
    Answered(Told),
}

/// Who holds the newest lease epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Holder {
    /// An executor, by index.
    Executor(usize),
    /// A run of reconciliation, by index.
    Reconciler(usize),
}

/// A submit on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Message {
    /// Number of the attempt that sent it.
    pub attempt: u8,
    /// Index of its request id.
    pub request: u8,
    /// How long it has been on its way.
    pub age: u8,
}

/// What the target system made of the order it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Work {
    /// It never saw the request.
    None,
    /// It works on it.
    InWork,
    /// It is done.
    Done,
    /// It said no.
    Rejected,
}

/// One state of the model.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// `fulfillment_step.status`.
    pub status: StepStatus,
    /// `attempt_count`.
    pub attempts: u8,
    /// `check_count`.
    pub checks: u8,
    /// `held_by_incident_id` is set.
    pub is_held: bool,
    /// READY, and a dispatch is owed or found by `redispatch_overdue`.
    pub is_dispatch_owed: bool,
    /// Age of the lease while SUBMITTING (`leased_until`).
    pub lease_age: Option<u8>,
    /// `response_due_at` is set.
    pub is_due: bool,
    /// Age of `first_absent_at`.
    pub first_absence: Option<u8>,
    /// Age of `asked_at`: when the newest check was claimed.
    pub asked: Option<u8>,
    /// `is_unproved` and `was_accepted`.
    pub sends: (bool, bool),
    /// FAILED because its attempts ran out (`failure_code`): a late success is still adopted.
    pub is_exhausted: bool,
    /// An open case.
    pub has_case: bool,
    /// The plan is FROZEN.
    pub is_frozen: bool,
    /// Whose epoch is the newest.
    pub holder: Option<Holder>,
    /// The executors.
    pub executors: [Executor; EXECUTORS],
    /// The runs of reconciliation.
    pub reconcilers: [Asking; RECONCILERS],
    /// Submits on their way, oldest first.
    pub network: Vec<Message>,
    /// The target system.
    pub work: Work,
    /// Effects per request id.
    pub effects: [u8; MOST_SENDS],
    /// "Accepted" and the final word were sent as callbacks; they may arrive any number of times.
    pub callbacks: (bool, bool),
    /// Ghost: attempts of which nobody has proved that they had no effect, one bit each.
    pub doubts: u8,
    /// Ghost: a claim was made while such a doubt stood.
    pub was_sent_blindly: bool,
    /// Ghost: a settled step changed.
    pub has_left_the_end: bool,
}

impl State {
    /// A released step that was never sent.
    #[must_use]
    pub fn ready() -> Self {
        Self {
            status: StepStatus::Ready,
            attempts: 0,
            checks: 0,
            is_held: false,
            is_dispatch_owed: true,
            lease_age: None,
            is_due: false,
            first_absence: None,
            asked: None,
            sends: (false, false),
            is_exhausted: false,
            has_case: false,
            is_frozen: false,
            holder: None,
            executors: [Executor::Idle; EXECUTORS],
            reconcilers: [Asking::Idle; RECONCILERS],
            network: Vec::new(),
            work: Work::None,
            effects: [0; MOST_SENDS],
            callbacks: (false, false),
            doubts: 0,
            was_sent_blindly: false,
            has_left_the_end: false,
        }
    }

    /// The one state that stands for all that differ in names only: which of two equal workers is
    /// which, whose epoch nobody can use any more, which attempt a message without listener was.
    pub fn settle_names(&mut self, has_ages: bool) {
        let is_awaited =
            |x: &Message| self.executors.contains(&Executor::Calling { attempt: x.attempt });
        let orphan = |x: &Message| Message { attempt: 0, ..*x };
        let mut network: Vec<Message> =
            self.network.iter().map(|x| if is_awaited(x) { *x } else { orphan(x) }).collect();
        if !has_ages {
            network.iter_mut().for_each(|x| x.age = 0);
        }
        // A question's age is only ever compared with that of a first absence.
        if self.first_absence.is_none() || self.reconcilers.iter().all(|x| *x == Asking::Idle) {
            self.asked = None;
        }
        network.sort_unstable();
        self.network = network;
        self.holder = self.holder.filter(|x| match x {
            Holder::Executor(e) => self.executors[*e] != Executor::Idle,
            Holder::Reconciler(r) => self.reconcilers[*r] != Asking::Idle,
        });
        // The busy one first, so that a single one stays where it is.
        if self.executors[0] < self.executors[1] {
            self.executors.swap(0, 1);
            if let Some(Holder::Executor(e)) = &mut self.holder {
                *e = 1 - *e;
            }
        }
        if self.reconcilers[0] < self.reconcilers[1] {
            self.reconcilers.swap(0, 1);
            if let Some(Holder::Reconciler(r)) = &mut self.holder {
                *r = 1 - *r;
            }
        }
    }

    /// All effects together.
    #[must_use]
    pub fn effect_count(&self) -> u8 {
        self.effects.iter().sum()
    }

    /// Whether nothing may change the step any more.
    #[must_use]
    pub const fn is_terminal(&self) -> bool {
        match self.status {
            StepStatus::Failed => !self.is_exhausted,
            StepStatus::Completed | StepStatus::Skipped | StepStatus::Cancelled => true,
            StepStatus::Pending
            | StepStatus::Ready
            | StepStatus::Submitting
            | StepStatus::Submitted
            | StepStatus::Unknown => false,
        }
    }

    /// Whether somebody will look at it: the step itself says when, or a person has it.
    #[must_use]
    pub const fn has_owner(&self) -> bool {
        match self.status {
            StepStatus::Ready => self.is_dispatch_owed || self.is_held,
            StepStatus::Submitting => self.lease_age.is_some(),
            StepStatus::Submitted | StepStatus::Unknown => self.is_due,
            StepStatus::Failed => self.has_case,
            StepStatus::Completed | StepStatus::Skipped | StepStatus::Cancelled => true,
            StepStatus::Pending => false,
        }
    }
}
