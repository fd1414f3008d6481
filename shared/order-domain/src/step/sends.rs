//! What is known about the sends of a step, and what a cancellation may make of that.
//!
//! Invariant: it is about the present generation and the sends so far; every send forgets the first
//! absence, because what was absent before a send says nothing about that send.

use jiff::{SignedDuration, Timestamp};

use super::status::StepStatus;

/// What is known about the sends of one request id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SendFacts {
    /// When it was sent first: the retry policy's budget runs from here.
    pub first_sent_at: Option<Timestamp>,
    /// When the system first said, since the last send, that it never saw the request.
    pub first_absent_at: Option<Timestamp>,
    /// When the present check was claimed: what it hears may be as old as that.
    pub asked_at: Option<Timestamp>,
    /// A send may have had an effect, or may still have one.
    pub is_unproved: bool,
    /// The system took it once.
    pub was_accepted: bool,
}

impl SendFacts {
    /// Whether calling the work "not done" could be wrong.
    #[must_use]
    pub const fn is_in_doubt(self) -> bool {
        self.is_unproved || self.was_accepted
    }

    /// The facts when a send is claimed at `now`.
    #[must_use]
    pub fn sent(self, now: Timestamp) -> Self {
        let first_sent_at = self.first_sent_at.or(Some(now));
        Self { first_sent_at, ..self.without_absence() }
    }

    /// The facts when engineering lets a held step go: its budget begins anew.
    #[must_use]
    pub const fn released(self) -> Self {
        Self { first_sent_at: None, ..self }
    }

    /// The facts when a check is claimed at `now`.
    #[must_use]
    pub const fn asked(self, now: Timestamp) -> Self {
        Self { asked_at: Some(now), ..self }
    }

    /// Whether an absence heard by the present check is the second one, and `apart` after the first.
    ///
    /// The first counts from when it was recorded, the second from when it was asked for: an answer
    /// that was long on its way proves no more than a fast one.
    #[must_use]
    pub fn is_absence_proved(self, apart: SignedDuration) -> bool {
        let both = self.first_absent_at.zip(self.asked_at);
        both.is_some_and(|(first, second)| second.duration_since(first) >= apart)
    }

    pub(super) const fn without_absence(self) -> Self {
        Self { first_absent_at: None, ..self }
    }
}

/// What freezing its plan does to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum FreezeDecision {
    /// Nothing was done and nothing is on its way: it is taken out.
    Cancel,
    /// It waits to be sent again, and an earlier send may have had an effect: it is asked about.
    Ask,
    /// It is in flight or settled: its answer decides.
    Leave,
}

/// Decides what freezing its plan does to a step.
pub const fn decide_freeze(status: StepStatus, sends: SendFacts) -> FreezeDecision {
    match status {
        StepStatus::Ready if sends.is_in_doubt() => FreezeDecision::Ask,
        StepStatus::Pending | StepStatus::Ready => FreezeDecision::Cancel,
        StepStatus::Submitting
        | StepStatus::Submitted
        | StepStatus::Unknown
        | StepStatus::Completed
        | StepStatus::Failed
        | StepStatus::Skipped
        | StepStatus::Cancelled => FreezeDecision::Leave,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_freeze_cancels_only_what_provably_has_no_effect() {
        let unproved = SendFacts { is_unproved: true, ..SendFacts::default() };
        let accepted = SendFacts { was_accepted: true, ..SendFacts::default() };

        let ready = |sends| decide_freeze(StepStatus::Ready, sends);

        assert_eq!(ready(SendFacts::default()), FreezeDecision::Cancel);
        assert_eq!([ready(unproved), ready(accepted)], [FreezeDecision::Ask; 2]);
        assert_eq!(decide_freeze(StepStatus::Unknown, unproved), FreezeDecision::Leave);
    }

    #[test]
    fn a_send_forgets_the_absence_before_it_and_keeps_the_beginning() {
        let at = Timestamp::UNIX_EPOCH;
        let before = SendFacts { first_absent_at: Some(at), ..SendFacts::default() };

        let after = before.sent(at).sent(Timestamp::MAX);

        assert_eq!((after.first_sent_at, after.first_absent_at), (Some(at), None));
    }
}
