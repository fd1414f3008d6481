//! Model (iii): leases, epochs and clocks that differ.
//!
//! One row, two workers, and everything that a claim protects. No pure product code decides here;
//! each guard stands for a clause:
//!
//! | here | stands for |
//! |---|---|
//! | [`Action::Claim`]: `leased_until` is null or before the *worker's* clock; epoch + 1 | `CLAIM_DUE` of `order-store/src/outbox/claim.rs` (`m.leased_until < $1`, `lease_epoch + 1`, `$1` is the function's clock, rivals kept off by `for update skip locked`); `begin_step_attempt.rs` and `begin_step_check.rs` under the order's lock |
//! | [`Action::Finish`]: the epoch is the newest | `DELETE_DELIVERED` (`m.lease_epoch = k.lease_epoch`); `has_lost_lease` of `record_step_outcome/one.rs` |
//! | [`Action::PutOff`]: the epoch is the newest; the lease goes, the epoch stays | `RESCHEDULE` of `outbox/undelivered.rs`; a step that goes back to READY |
//! | with [`Row::Step`], also that the row is still claimed | `has_moved` of `has_lost_lease`: the status is still SUBMITTING |
//!
//! The lease alone excludes nobody: with clocks that differ two workers hold it at once, which the
//! model must be able to reach. The epoch alone decides whose answer counts. I11 holds in this
//! sense: a lease that ran out and that nobody claimed since may still be used.

use stateright::{Model, Property};

const WORKERS: usize = 2;
const LEASE: u8 = 2;
const LAST_TICK: u8 = 6;
const MOST_CLAIMS: usize = 4;
/// A clock in the middle reads this much more than time, so that the slow one is never negative.
const CLOCK_ZERO: u8 = 1;

/// Which row is claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// A step: the commit also checks that it is still SUBMITTING.
    Step,
    /// An outbox row: the commit checks the epoch only.
    Outbox,
}

/// A mistake that the checker must find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// Commits name no epoch.
    NoLeaseCheck,
    /// Commits ask the worker's clock whether the lease has ended, not the row for its epoch.
    ClockInsteadOfEpoch,
    /// A claim takes the lease and leaves the epoch.
    EpochNotRaised,
    /// A step's commit does not ask whether the step is still SUBMITTING.
    StatusNotChecked,
}

/// The model and its configuration.
#[derive(Debug, Clone, Copy)]
pub struct LeaseModel {
    /// What is claimed.
    pub row: Row,
    /// How each worker's clock differs from time: 0 slow, 1 right, 2 fast.
    pub clocks: [u8; WORKERS],
    /// The mistake, if there is one.
    pub bug: Option<Bug>,
}

impl LeaseModel {
    /// A slow clock against a fast one.
    #[must_use]
    pub const fn of(row: Row) -> Self {
        Self { row, clocks: [0, 2], bug: None }
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

    fn reads(&self, s: &State, worker: usize) -> u8 {
        s.time + self.clocks[worker]
    }

    /// Whether a commit under this claim goes through.
    fn is_let_through(&self, s: &State, worker: usize, claim: Claim) -> bool {
        if self.has(Bug::ClockInsteadOfEpoch) {
            return self.reads(s, worker) <= claim.until;
        }
        let is_fenced = !self.has(Bug::NoLeaseCheck) && s.epoch != claim.epoch;
        let checks_status = self.row == Row::Step && !self.has(Bug::StatusNotChecked);
        !is_fenced && (!checks_status || s.leased_until.is_some())
    }
}

/// What a worker knows of its claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Claim {
    /// Fencing number.
    pub epoch: u8,
    /// End of the lease.
    pub until: u8,
}

/// One state of the model.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// Time, as nobody's clock reads it.
    pub time: u8,
    /// `lease_epoch`.
    pub epoch: u8,
    /// `leased_until`.
    pub leased_until: Option<u8>,
    /// The row is finished: deleted, or its step settled.
    pub is_finished: bool,
    /// What each worker holds.
    pub claims: [Option<Claim>; WORKERS],
    /// Ghost: claims made so far.
    pub claim_count: u8,
    /// Ghost: commits under each claim, by their number.
    pub commits: [u8; MOST_CLAIMS + 1],
    /// Ghost: number of the claim that each worker holds.
    pub numbers: [u8; WORKERS],
    /// Ghost: a claim committed after a newer one was made.
    pub has_stale_commit: bool,
    /// Ghost: finished a second time.
    pub is_finished_twice: bool,
    /// Ghost: somebody committed after the end of the lease, by time, and rightly.
    pub has_expired_commit: bool,
}

/// Everything that can happen next; workers by index. `true`: the commit's answer is lost, so the
/// worker tries again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Time passes.
    Tick,
    /// Claims the row.
    Claim(usize),
    /// Commits the end of the work.
    Finish(usize, bool),
    /// Commits that the work is put off.
    PutOff(usize, bool),
    /// Dies.
    Crash(usize),
}

impl Model for LeaseModel {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            time: 0,
            epoch: 0,
            leased_until: None,
            is_finished: false,
            claims: [None; WORKERS],
            claim_count: 0,
            commits: [0; MOST_CLAIMS + 1],
            numbers: [0; WORKERS],
            has_stale_commit: false,
            is_finished_twice: false,
            has_expired_commit: false,
        }]
    }

    fn actions(&self, _: &State, actions: &mut Vec<Action>) {
        actions.push(Action::Tick);
        for w in 0..WORKERS {
            actions.extend([Action::Claim(w), Action::Crash(w)]);
            for is_lost in [false, true] {
                actions.extend([Action::Finish(w, is_lost), Action::PutOff(w, is_lost)]);
            }
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut s = last.clone();
        match action {
            Action::Tick => s.time += 1,
            Action::Claim(w) => self.claim(&mut s, w)?,
            Action::Crash(w) => s.claims[w] = None,
            Action::Finish(w, is_lost) => self.commit(&mut s, w, (true, is_lost))?,
            Action::PutOff(w, is_lost) => self.commit(&mut s, w, (false, is_lost))?,
        }
        (s != *last).then_some(s)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut all: Vec<Property<Self>> = vec![
            Property::always(FENCED, |_, s: &State| !s.has_stale_commit),
            Property::always(FINISHED_ONCE, |_, s: &State| !s.is_finished_twice),
            Property::sometimes("two workers hold the lease at once", |m, s: &State| {
                let holds = |w: usize| s.claims[w].is_some_and(|x| m.reads(s, w) <= x.until);
                holds(0) && holds(1)
            }),
            Property::sometimes("an expired lease that nobody claimed commits", |_, s: &State| {
                s.has_expired_commit
            }),
            Property::sometimes("a commit is refused", |m, s: &State| {
                s.claims[0].is_some_and(|x| !m.is_let_through(s, 0, x))
            }),
        ];
        if self.row == Row::Step {
            all.push(Property::always(ONE_COMMIT, |_, s: &State| {
                s.commits.iter().all(|n| *n <= 1)
            }));
        }
        all
    }

    fn within_boundary(&self, s: &State) -> bool {
        s.time <= LAST_TICK && usize::from(s.claim_count) <= MOST_CLAIMS
    }
}

impl LeaseModel {
    fn claim(&self, s: &mut State, w: usize) -> Option<()> {
        let now = self.reads(s, w);
        let is_free = s.leased_until.is_none_or(|until| until < now);
        (is_free && !s.is_finished && s.claims[w].is_none()).then_some(())?;
        if !self.has(Bug::EpochNotRaised) {
            s.epoch += 1;
        }
        s.claim_count += 1;
        s.leased_until = Some(now + LEASE);
        s.claims[w] = Some(Claim { epoch: s.epoch, until: now + LEASE });
        s.numbers[w] = s.claim_count;
        Some(())
    }

    fn commit(&self, s: &mut State, w: usize, (is_end, is_lost): (bool, bool)) -> Option<()> {
        let claim = s.claims[w]?;
        let is_written =
            self.is_let_through(s, w, claim) && (!s.is_finished || !is_end_of_row(self));
        if is_written {
            let commits = &mut s.commits[usize::from(s.numbers[w])];
            *commits = (*commits + 1).min(2);
            s.has_stale_commit |= s.numbers[w] != s.claim_count;
            s.has_expired_commit |= claim.until < s.time + CLOCK_ZERO;
            s.is_finished_twice |= is_end && s.is_finished;
            s.is_finished |= is_end;
            s.leased_until = None;
        }
        if !(is_lost && is_written) {
            s.claims[w] = None;
        }
        Some(())
    }
}

/// A delivered outbox row is deleted: no statement finds it again. A settled step stays.
fn is_end_of_row(model: &LeaseModel) -> bool {
    model.row == Row::Outbox
}

/// I11, RELIABILITY §9.
pub const FENCED: &str = "whoever was superseded commits nothing";
/// One claim, one answer, also when the answer to COMMIT is lost and the worker tries again.
pub const ONE_COMMIT: &str = "a claim commits at most once";
/// Nothing is done twice.
pub const FINISHED_ONCE: &str = "a row is finished at most once";
