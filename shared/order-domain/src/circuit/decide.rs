//! How a circuit moves: by answers, and when its time has come.

use jiff::{SignedDuration, Timestamp};

use super::answers::{Answers, FailureWindow, Sign};
use super::hold::Hold;
use super::pace::DrainRate;
use super::policy::{
    FIRST_PAUSE, LEAST_ANSWERS, LEAST_ANSWERS_WHILE_DRAINING, LONGEST_PAUSE, PROBE_PATIENCE,
};
use super::status::CircuitCause;
use super::status::CircuitStatus as S;

/// Since when steps wait, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Since when.
    pub at: Timestamp,
    /// The person who holds it; `None`: the failure rate opened it.
    pub by: Option<Hold>,
}

/// The circuit of one system of one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circuit {
    /// Where it is.
    pub status: S,
    /// Why steps wait; `None` iff it is closed.
    pub opening: Option<Opening>,
    /// When it moves by itself; `None` iff it is closed.
    pub next_move_at: Option<Timestamp>,
    /// Times that the system did not come back; forgotten when it is closed.
    pub probe_count: u32,
    /// How fast it drains.
    pub drain_rate: DrainRate,
    /// The answers of the last minute.
    pub window: FailureWindow,
}

/// Whether anything waits for a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backlog {
    /// READY steps that wait for their turn.
    pub has_waiting: bool,
    /// Requests that the system would have been asked about.
    pub has_unanswered: bool,
}

/// Who is let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum LetGo {
    /// Nobody.
    Nobody,
    /// One unanswered request is asked about: a question shows as well how the system is.
    Question,
    /// So many waiting steps, the oldest first.
    Steps(u32),
}

impl Circuit {
    /// A circuit of which nothing is stored.
    #[must_use]
    pub const fn closed(now: Timestamp) -> Self {
        Self {
            status: S::Closed,
            opening: None,
            next_move_at: None,
            probe_count: 0,
            drain_rate: DrainRate::DEFAULT,
            window: FailureWindow::beginning_at(now),
        }
    }

    /// Who opened it; `None` while it is closed.
    #[must_use]
    pub fn opened_by(&self) -> Option<CircuitCause> {
        self.opening.as_ref().map(|x| match x.by {
            None => CircuitCause::FailureRate,
            Some(_) => CircuitCause::Operator,
        })
    }

    /// The hold of a person, if one opened it.
    #[must_use]
    pub fn hold_of(&self) -> Option<&Hold> {
        self.opening.as_ref().and_then(|x| x.by.as_ref())
    }

    /// Whether `after` is another state, and not only another count.
    #[must_use]
    pub fn moves_to(&self, after: &Self) -> bool {
        Self { window: after.window, ..self.clone() } != *after
    }

    /// Whether these answers must be written down: bad ones, what a probe came to, and good ones that
    /// dilute bad ones.
    #[must_use]
    pub fn needs(&self, answers: Answers, now: Timestamp) -> bool {
        match self.status {
            S::Open => false,
            S::Probing => answers.probe.is_some(),
            // While it drains its row is written every second anyway.
            S::Draining => answers.unavailable > 0 || answers.alive > 0,
            S::Closed => {
                answers.unavailable > 0 || (answers.alive > 0 && self.window.is_in_doubt(now))
            }
        }
    }

    /// The circuit after these answers.
    #[must_use]
    pub fn after(&self, answers: Answers, now: Timestamp) -> Self {
        match (self.status, answers.probe) {
            // What was sent before it opened may still be answered; only a probe shows how it is now.
            (S::Open, _) | (S::Probing, None) => self.clone(),
            (S::Probing, Some(Sign::Alive)) => {
                let window = FailureWindow::beginning_at(now).with(answers, now);
                Self { window, ..self.draining(now) }
            }
            (S::Probing, Some(Sign::Unavailable)) => self.failed_again(now),
            (S::Closed, _) => self.counted(answers, LEAST_ANSWERS, now),
            (S::Draining, _) => self.counted(answers, LEAST_ANSWERS_WHILE_DRAINING, now),
        }
    }

    fn counted(&self, answers: Answers, least: u32, now: Timestamp) -> Self {
        let window = self.window.with(answers, now);
        let counted = Self { window, ..self.clone() };
        match (window.says_unavailable(least), self.status) {
            (false, _) => counted,
            (true, S::Closed) => counted.opened(now),
            (true, S::Open | S::Probing | S::Draining) => counted.failed_again(now),
        }
    }

    /// The circuit when its time has come, and who is let go by that.
    pub fn moved(&self, backlog: Backlog, now: Timestamp) -> (Self, LetGo) {
        match self.status {
            S::Closed => (self.clone(), LetGo::Nobody),
            // A probe that nobody answered says nothing about the system: who made it may have died.
            S::Open | S::Probing => self.probing(backlog, now),
            S::Draining if backlog.has_waiting => {
                let (count, next) = self.drain_rate.due(self.next_move_at.unwrap_or(now), now);
                let let_go = if count == 0 { LetGo::Nobody } else { LetGo::Steps(count) };
                (Self { next_move_at: Some(next), ..self.clone() }, let_go)
            }
            S::Draining => (Self::closed(now), LetGo::Nobody),
        }
    }

    fn probing(&self, backlog: Backlog, now: Timestamp) -> (Self, LetGo) {
        let let_go = match backlog {
            Backlog { has_waiting: true, .. } => LetGo::Steps(1),
            Backlog { has_unanswered: true, .. } => LetGo::Question,
            // Nobody would notice how it is: the next step does.
            Backlog { .. } => return (Self::closed(now), LetGo::Nobody),
        };
        let given_up_at = later(now, PROBE_PATIENCE);
        (Self { status: S::Probing, next_move_at: Some(given_up_at), ..self.clone() }, let_go)
    }

    fn opened(&self, now: Timestamp) -> Self {
        Self {
            status: S::Open,
            opening: Some(Opening { at: now, by: None }),
            next_move_at: Some(later(now, pause_after(self.probe_count))),
            ..self.clone()
        }
    }

    /// Since when steps wait does not change; a hold has ended by now, and the system is why they do.
    fn failed_again(&self, now: Timestamp) -> Self {
        let probe_count = self.probe_count.saturating_add(1);
        let since = self.opening.as_ref().map_or(now, |x| x.at);
        let open = Self { probe_count, ..self.clone() }.opened(now);
        Self { opening: Some(Opening { at: since, by: None }), ..open }
    }

    pub(super) fn draining(&self, now: Timestamp) -> Self {
        Self {
            status: S::Draining,
            next_move_at: Some(now),
            window: FailureWindow::beginning_at(now),
            ..self.clone()
        }
    }
}

fn pause_after(probe_count: u32) -> SignedDuration {
    let doubled = FIRST_PAUSE.checked_mul(1_i32 << probe_count.min(10));
    doubled.map_or(LONGEST_PAUSE, |pause| pause.min(LONGEST_PAUSE))
}

fn later(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
