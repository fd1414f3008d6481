//! What an answer does to a step: the one table of (status, answer).
//!
//! Invariant: a step in SUBMITTING, SUBMITTED or UNKNOWN returns to READY only when it is provably
//! not executed, and then keeps its request id.
//! Invariant: terminal steps absorb; a contradiction never overwrites.

use jiff::Timestamp;

use super::answer::StepAnswer as A;
use super::policy::{Jitter, StepPolicy};
use super::status::StepStatus as S;
use crate::characteristic::Characteristics;

/// Where an answer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerSource {
    /// The answer to our own submit.
    Submit,
    /// The answer to a query by request id.
    Query,
    /// A verified callback.
    Callback,
}

/// What the decision reads of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepFacts {
    /// Its stored status.
    pub status: S,
    /// Sends so far.
    pub attempt_count: u32,
    /// Checks without a usable answer so far.
    pub check_count: u32,
    /// The plan is frozen by a cancellation.
    pub is_plan_frozen: bool,
}

/// A case that the answer calls for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepFallout {
    /// A definitive business "no", with the system's code.
    Rejected(String),
    /// Attempts are used up without a definitive answer.
    RetriesExhausted,
    /// Checks are used up and the outcome is still unknown.
    UnknownOutcome,
    /// The answer contradicts what is already recorded.
    Contradiction,
}

/// The next state of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepMove {
    /// Status after the answer.
    pub next: S,
    /// The target system's id of the work, where the answer named one.
    pub external_reference: Option<String>,
    /// The result for later steps.
    pub result: Option<Characteristics>,
    /// When a READY step may be sent again.
    pub next_attempt_at: Option<Timestamp>,
    /// When a SUBMITTED or UNKNOWN step is asked about.
    pub check_at: Option<Timestamp>,
    /// Checks without a usable answer, after this one.
    pub check_count: u32,
    /// The step waits for engineering; a platform incident holds it.
    pub is_held: bool,
    /// The case to open with it.
    pub fallout: Option<StepFallout>,
}

/// What an answer does.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum StepDecision {
    /// Write this.
    Apply(StepMove),
    /// The step is settled or was never sent: the answer is recorded, nothing changes.
    Absorbed,
    /// The step is settled the other way: open a case with both, change nothing.
    Contradiction,
}

/// Decides what an answer does to a step.
pub fn decide_answer(
    facts: StepFacts,
    answer: &A,
    source: AnswerSource,
    policy: &StepPolicy,
    (now, jitter): (Timestamp, Jitter),
) -> StepDecision {
    match facts.status {
        S::Completed if matches!(answer, A::Rejected { .. }) => StepDecision::Contradiction,
        S::Failed if matches!(answer, A::Completed { .. }) => StepDecision::Contradiction,
        S::Completed | S::Failed | S::Skipped | S::Cancelled => StepDecision::Absorbed,
        S::Pending => StepDecision::Absorbed,
        // Sent once, provably not executed then, and still a callback says that it was.
        S::Ready if source == AnswerSource::Callback => {
            decide_in_flight(facts, answer, policy, (now, jitter))
        }
        S::Ready => StepDecision::Absorbed,
        // Whoever submits late finds SUBMITTED when a query was faster: it has nothing to add.
        S::Submitted if source == AnswerSource::Submit && !is_definitive(answer) => {
            StepDecision::Absorbed
        }
        S::Submitting | S::Submitted | S::Unknown => {
            decide_in_flight(facts, answer, policy, (now, jitter))
        }
    }
}

const fn is_definitive(answer: &A) -> bool {
    matches!(answer, A::Completed { .. } | A::Rejected { .. })
}

fn decide_in_flight(
    facts: StepFacts,
    answer: &A,
    policy: &StepPolicy,
    (now, jitter): (Timestamp, Jitter),
) -> StepDecision {
    let to = |next: S| StepMove {
        next,
        external_reference: None,
        result: None,
        next_attempt_at: None,
        check_at: None,
        check_count: 0,
        is_held: false,
        fallout: None,
    };
    StepDecision::Apply(match answer {
        A::Completed { external_reference, result } => StepMove {
            external_reference: external_reference.clone(),
            result: Some(result.clone()),
            ..to(S::Completed)
        },
        A::Accepted { external_reference } => StepMove {
            external_reference: external_reference.clone(),
            check_at: Some(policy.response_due_at(now)),
            ..to(S::Submitted)
        },
        A::Rejected { code, external_reference } => StepMove {
            external_reference: external_reference.clone(),
            fallout: Some(StepFallout::Rejected(code.clone())),
            ..to(S::Failed)
        },
        A::RetryLater { .. } | A::Refused { .. } | A::Absent if facts.is_plan_frozen => {
            to(S::Cancelled)
        }
        A::RetryLater { .. } if facts.attempt_count >= policy.max_attempts => {
            StepMove { fallout: Some(StepFallout::RetriesExhausted), ..to(S::Failed) }
        }
        A::RetryLater { retry_after_ms, .. } => StepMove {
            next_attempt_at: Some(policy.next_attempt_at(
                now,
                facts.attempt_count,
                *retry_after_ms,
                jitter,
            )),
            ..to(S::Ready)
        },
        A::Refused { .. } => StepMove { is_held: true, ..to(S::Ready) },
        A::Absent => StepMove { next_attempt_at: Some(now), ..to(S::Ready) },
        A::Unknown { .. } | A::CannotTell { .. } => unknown(facts, policy, now, to(S::Unknown)),
    })
}

fn unknown(facts: StepFacts, policy: &StepPolicy, now: Timestamp, base: StepMove) -> StepMove {
    let check_count = match facts.status {
        S::Unknown | S::Submitted => facts.check_count.saturating_add(1),
        _ => 0,
    };
    let is_exhausted = check_count >= policy.max_checks;
    StepMove {
        check_at: Some(policy.next_check_at(now, check_count)),
        check_count,
        fallout: is_exhausted.then_some(StepFallout::UnknownOutcome),
        ..base
    }
}

#[cfg(test)]
mod tests;
