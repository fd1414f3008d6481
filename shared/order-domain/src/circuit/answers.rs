//! What answers say about a system, and when there are enough that say the same.

use jiff::Timestamp;

use super::policy::{LEAST_ANSWERS, WINDOW};
use crate::step::answer::StepAnswer;

/// What one answer says about the system that gave it, or did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// It is there: a "no" and a complaint about the request are answers too.
    Alive,
    /// It is not, or cannot do anything now.
    Unavailable,
}

/// What an answer to a call of ours says about the system; `None` where it says nothing.
///
/// Only for calls that were made: what never left us says nothing about anybody else.
#[must_use]
pub const fn sign_of(answer: &StepAnswer) -> Option<Sign> {
    match answer {
        StepAnswer::Completed { .. }
        | StepAnswer::Accepted { .. }
        | StepAnswer::Rejected { .. }
        | StepAnswer::Refused { .. }
        | StepAnswer::Absent => Some(Sign::Alive),
        StepAnswer::RetryLater { .. }
        | StepAnswer::Unknown { .. }
        | StepAnswer::CannotTell { .. } => Some(Sign::Unavailable),
        StepAnswer::NotSent { .. } => None,
    }
}

/// What a batch heard of one system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Answers {
    /// Answers of a system that is there.
    pub alive: u32,
    /// Answers of one that is not.
    pub unavailable: u32,
    /// What became of the step that was let go as a probe; a bad sign outweighs a good one.
    pub probe: Option<Sign>,
}

impl Answers {
    /// With one more.
    #[must_use]
    pub fn with(self, sign: Sign, is_probe: bool) -> Self {
        let counted = match sign {
            Sign::Alive => Self { alive: self.alive.saturating_add(1), ..self },
            Sign::Unavailable => Self { unavailable: self.unavailable.saturating_add(1), ..self },
        };
        match (is_probe, self.probe) {
            (false, _) | (true, Some(Sign::Unavailable)) => counted,
            (true, _) => Self { probe: Some(sign), ..counted },
        }
    }
}

/// Answers counted since a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailureWindow {
    /// Since when.
    pub started_at: Timestamp,
    /// Answers of a system that is there.
    pub success_count: u32,
    /// Answers of one that is not.
    pub failure_count: u32,
}

impl FailureWindow {
    /// An empty window.
    #[must_use]
    pub const fn beginning_at(now: Timestamp) -> Self {
        Self { started_at: now, success_count: 0, failure_count: 0 }
    }

    /// The window with these answers; a new one where its time is over.
    #[must_use]
    pub fn with(self, answers: Answers, now: Timestamp) -> Self {
        let base = if self.is_over(now) { Self::beginning_at(now) } else { self };
        Self {
            success_count: base.success_count.saturating_add(answers.alive),
            failure_count: base.failure_count.saturating_add(answers.unavailable),
            ..base
        }
    }

    /// At least so many answers, and at least half of them bad.
    #[must_use]
    pub const fn says_unavailable(self, least: u32) -> bool {
        let total = self.success_count.saturating_add(self.failure_count);
        total >= least && self.failure_count >= self.success_count
    }

    /// Whether good answers are worth counting: without bad ones they change nothing, and a system
    /// that is well costs no write. Of one that only fails now and then, as many are counted as it
    /// takes to tell; more would make all who record its answers wait for each other.
    #[must_use]
    pub fn is_in_doubt(self, now: Timestamp) -> bool {
        let enough = self.failure_count.saturating_add(LEAST_ANSWERS);
        self.failure_count > 0 && self.success_count <= enough && !self.is_over(now)
    }

    fn is_over(self, now: Timestamp) -> bool {
        now.duration_since(self.started_at) >= WINDOW
    }
}
