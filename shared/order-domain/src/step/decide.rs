//! What an answer does to a step: the one table of (status, answer).
//!
//! Invariant: a step in SUBMITTING, SUBMITTED or UNKNOWN returns to READY only when it is provably
//! not executed, or when its system honours request ids; either way it keeps its request id.
//! Invariant: terminal steps absorb; a contradiction never overwrites. A step that FAILED because its
//! attempts ran out is no definitive "no": news that the work was done is adopted.

use jiff::Timestamp;

use super::answer::StepAnswer as A;
use super::policy::{Jitter, StepPolicy};
use super::sends::SendFacts;
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
    /// It FAILED because its attempts were used up: nobody ever said no.
    pub has_exhausted_attempts: bool,
    /// What is known about its sends.
    pub sends: SendFacts,
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
    /// Sends that count, after this one.
    pub attempt_count: u32,
    /// Checks without a usable answer, after this one.
    pub check_count: u32,
    /// What is known about its sends now.
    pub sends: SendFacts,
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
    Apply(Box<StepMove>),
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
        S::Submitting => decide_in_flight(facts, answer, policy, (now, jitter)),
        // It takes back the claim that it ends, and there is none.
        _ if matches!(answer, A::NotSent { .. }) => StepDecision::Absorbed,
        S::Completed if matches!(answer, A::Rejected { .. }) => StepDecision::Contradiction,
        S::Failed if facts.has_exhausted_attempts && matches!(answer, A::Completed { .. }) => {
            decide_in_flight(facts, answer, policy, (now, jitter))
        }
        // A person left it out after a rejection, and the system did it after all.
        S::Failed | S::Skipped if matches!(answer, A::Completed { .. }) => {
            StepDecision::Contradiction
        }
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
        S::Submitted | S::Unknown => decide_in_flight(facts, answer, policy, (now, jitter)),
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
    let to = move_to(facts);
    StepDecision::Apply(Box::new(match answer {
        A::Completed { external_reference, result } => StepMove {
            external_reference: external_reference.clone(),
            result: Some(result.clone()),
            ..to(S::Completed)
        },
        A::Accepted { external_reference } => StepMove {
            external_reference: external_reference.clone(),
            check_at: Some(policy.response_due_at(now)),
            sends: SendFacts { was_accepted: true, ..facts.sends.without_absence() },
            ..to(S::Submitted)
        },
        A::Rejected { code, external_reference } => StepMove {
            external_reference: external_reference.clone(),
            fallout: Some(StepFallout::Rejected(code.clone())),
            ..to(S::Failed)
        },
        A::NotSent { .. } => {
            let facts = without_send(facts);
            let at = policy.next_attempt_at(now, facts.attempt_count, None, jitter);
            not_executed(facts, policy, at).unwrap_or_else(|| ask(facts, policy, (now, jitter)))
        }
        A::RetryLater { retry_after_ms, .. } => {
            let attempts = facts.attempt_count;
            let at = policy.next_attempt_at(now, attempts, *retry_after_ms, jitter);
            not_executed(facts, policy, at).unwrap_or_else(|| ask(facts, policy, (now, jitter)))
        }
        A::Refused { .. } if facts.is_plan_frozen => {
            not_executed(facts, policy, now).unwrap_or_else(|| ask(facts, policy, (now, jitter)))
        }
        A::Refused { .. } => StepMove { is_held: true, ..to(S::Ready) },
        A::Absent => absent(facts, policy, (now, jitter)),
        A::CannotTell { .. } if !policy.can_be_queried => unaskable(facts, policy, (now, jitter)),
        A::Unknown { .. } | A::CannotTell { .. } => ask(facts, policy, (now, jitter)),
    }))
}

fn move_to(facts: StepFacts) -> impl Fn(S) -> StepMove {
    move |next| StepMove {
        next,
        external_reference: None,
        result: None,
        next_attempt_at: None,
        check_at: None,
        attempt_count: facts.attempt_count,
        check_count: 0,
        sends: facts.sends.without_absence(),
        is_held: false,
        fallout: None,
    }
}

/// The facts without the send that was claimed and never made.
fn without_send(facts: StepFacts) -> StepFacts {
    let attempt_count = facts.attempt_count.saturating_sub(1);
    let first_sent_at = facts.sends.first_sent_at.filter(|_| attempt_count > 0);
    StepFacts { attempt_count, sends: SendFacts { first_sent_at, ..facts.sends }, ..facts }
}

/// This send was provably not executed. `None` when the step must not be sent again and an earlier
/// send may have had an effect: then the system is asked.
fn not_executed(facts: StepFacts, policy: &StepPolicy, at: Timestamp) -> Option<StepMove> {
    let to = move_to(facts);
    let is_used_up = policy.is_used_up(facts.attempt_count, facts.sends.first_sent_at, at);
    match (facts.is_plan_frozen, is_used_up) {
        (true, _) | (_, true) if facts.sends.is_in_doubt() => None,
        (true, _) => Some(to(S::Cancelled)),
        (_, true) => {
            Some(StepMove { fallout: Some(StepFallout::RetriesExhausted), ..to(S::Failed) })
        }
        (false, false) => Some(StepMove { next_attempt_at: Some(at), ..to(S::Ready) }),
    }
}

/// The system says that it never saw the request.
///
/// Once is enough to send the same id again to a system that honours it. Whatever cannot be taken
/// back needs two absences, further apart than a call can take, since the last send.
fn absent(facts: StepFacts, policy: &StepPolicy, (now, jitter): (Timestamp, Jitter)) -> StepMove {
    let is_proved = facts.sends.is_absence_proved(policy.absence_apart);
    let is_used_up = policy.is_used_up(facts.attempt_count, facts.sends.first_sent_at, now);
    let contradicts = facts.sends.was_accepted || facts.status == S::Submitted;
    let needs_proof =
        contradicts || !policy.honours_request_id || facts.is_plan_frozen || is_used_up;
    if needs_proof && !is_proved {
        return absent_once(facts, policy, (now, jitter));
    }
    if contradicts {
        // It took the request and denies it now: nobody but a person can say what is true.
        let fallout = Some(StepFallout::UnknownOutcome);
        return StepMove { fallout, ..ask(facts, policy, (now, jitter)) };
    }
    let sends = SendFacts { is_unproved: !is_proved, ..facts.sends.without_absence() };
    not_executed(StepFacts { sends, ..facts }, policy, now)
        .unwrap_or_else(|| ask(facts, policy, (now, jitter)))
}

/// Remembered, and asked again when the second absence can prove something.
fn absent_once(
    facts: StepFacts,
    policy: &StepPolicy,
    (now, jitter): (Timestamp, Jitter),
) -> StepMove {
    let first = facts.sends.first_absent_at.unwrap_or(now);
    let proves_at = first.checked_add(policy.absence_apart).unwrap_or(Timestamp::MAX);
    let check_at = policy.next_check_at(now, facts.check_count, jitter).max(proves_at);
    StepMove {
        check_at: Some(check_at),
        check_count: facts.check_count,
        sends: SendFacts { first_absent_at: Some(first), ..in_doubt(facts) },
        ..move_to(facts)(S::Unknown)
    }
}

/// A system that cannot be asked: the same id again where that is harmless, else a person.
fn unaskable(
    facts: StepFacts,
    policy: &StepPolicy,
    (now, jitter): (Timestamp, Jitter),
) -> StepMove {
    let at = policy.next_attempt_at(now, facts.attempt_count, None, jitter);
    let is_used_up = policy.is_used_up(facts.attempt_count, facts.sends.first_sent_at, at);
    if policy.honours_request_id && !facts.is_plan_frozen && !is_used_up {
        let sends = in_doubt(facts);
        return StepMove { next_attempt_at: Some(at), sends, ..move_to(facts)(S::Ready) };
    }
    let fallout = Some(StepFallout::UnknownOutcome);
    StepMove { fallout, ..ask(facts, policy, (now, jitter)) }
}

/// Nobody knows: the system is asked, and after enough checks a person.
fn ask(facts: StepFacts, policy: &StepPolicy, (now, jitter): (Timestamp, Jitter)) -> StepMove {
    let check_count = match facts.status {
        S::Unknown | S::Submitted => facts.check_count.saturating_add(1),
        _ => 0,
    };
    let is_exhausted = check_count >= policy.max_checks;
    StepMove {
        check_at: Some(policy.next_check_at(now, check_count, jitter)),
        check_count,
        sends: in_doubt(facts),
        fallout: is_exhausted.then_some(StepFallout::UnknownOutcome),
        ..move_to(facts)(S::Unknown)
    }
}

fn in_doubt(facts: StepFacts) -> SendFacts {
    let was_accepted = facts.sends.was_accepted || facts.status == S::Submitted;
    SendFacts { is_unproved: true, was_accepted, ..facts.sends }
}

#[cfg(test)]
mod tests;
