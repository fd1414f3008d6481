//! What an answer means for the communication and for its task: one exhaustive match (§26).

use std::time::Duration;

use external_systems::settings::TargetSystemSettings;
use jiff::{SignedDuration, Timestamp};
use order_domain::step::answer::StepAnswer;
use order_domain::step::{Jitter, SendFacts};
use order_store::commands::{NotificationAttempt, NotificationResult, RequestAttempt};

/// When to look again at a communication whose system could not even be called.
const CHECK_UNCALLED_AFTER: SignedDuration = SignedDuration::from_secs(1);

/// What became of a communication, and what its task does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delivered {
    pub(crate) result: NotificationResult,
    /// The calls that led to it.
    pub(crate) attempts: Vec<RequestAttempt>,
    pub(crate) next: Next,
}

impl Delivered {
    const fn of(result: NotificationResult, next: Next) -> Self {
        Self { result, attempts: Vec::new(), next }
    }
}

/// What a task does next, the more pressing the later.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Next {
    /// Nothing more: it was taken, or refused for good.
    Done,
    /// Ask again when its check is due; retries stay as they are.
    Check,
    /// Send it again: one retry fewer, and never sooner than the system asked for.
    Retry { reason: String, not_before: Option<Duration> },
    /// Engineering has to mend something first.
    Mend { reason: String },
}

/// Whether "not found" allows another send: at once where ids are honoured, else the second time.
pub(super) fn may_be_sent_again(
    attempt: &NotificationAttempt,
    settings: &TargetSystemSettings,
    asked_at: Timestamp,
) -> bool {
    let sends = SendFacts { first_absent_at: attempt.first_absent_at, ..SendFacts::default() };
    let apart = settings.step_policy().absence_apart;
    settings.capabilities.honours_request_id || sends.asked(asked_at).is_absence_proved(apart)
}

/// The meaning of an answer to what was claimed as `attempt`.
pub(super) fn meaning(
    answer: StepAnswer,
    attempt: &NotificationAttempt,
    settings: &TargetSystemSettings,
    (now, jitter): (Timestamp, Jitter),
) -> Delivered {
    match answer {
        StepAnswer::Completed { external_reference, .. }
        | StepAnswer::Accepted { external_reference } => {
            Delivered::of(NotificationResult::Sent { external_reference }, Next::Done)
        }
        StepAnswer::Rejected { code, .. } => {
            // The order is completed already: nobody waits for this, and no retry can heal it.
            tracing::warn!(code, "the notification system refused a communication for good");
            Delivered::of(NotificationResult::Refused { code }, Next::Done)
        }
        StepAnswer::NotSent { detail } => Delivered::of(
            NotificationResult::NotSent,
            Next::Retry { reason: format!("not sent: {detail}"), not_before: None },
        ),
        StepAnswer::RetryLater { retry_after_ms, detail } => Delivered::of(
            NotificationResult::NotSent,
            Next::Retry {
                reason: format!("not sent: {detail}"),
                not_before: retry_after_ms.map(Duration::from_millis),
            },
        ),
        StepAnswer::Absent => absent_once(attempt, settings, (now, jitter)),
        StepAnswer::Refused { detail } => Delivered::of(
            NotificationResult::NotSent,
            Next::Mend { reason: format!("the notification system refuses us: {detail}") },
        ),
        StepAnswer::Unknown { detail, is_contract_breach } => {
            if is_contract_breach {
                tracing::error!(detail, "the notification system broke its contract");
            }
            // It was just sent: what was absent before says nothing about that.
            unknown((attempt, None), &detail, settings, (now, jitter))
        }
        StepAnswer::CannotTell { detail } => {
            tracing::warn!(detail, "the notification system cannot tell");
            unknown((attempt, attempt.first_absent_at), &detail, settings, (now, jitter))
        }
    }
}

/// Remembered, and asked again when a second absence proves something.
fn absent_once(
    attempt: &NotificationAttempt,
    settings: &TargetSystemSettings,
    (now, jitter): (Timestamp, Jitter),
) -> Delivered {
    let policy = settings.step_policy();
    let first = attempt.first_absent_at.unwrap_or(now);
    let proves_at = first.checked_add(policy.absence_apart).unwrap_or(Timestamp::MAX);
    let result = NotificationResult::Unknown {
        check_at: policy.next_check_at(now, attempt.check_count, jitter).max(proves_at),
        check_count: attempt.check_count,
        first_absent_at: Some(first),
    };
    Delivered::of(result, Next::Check)
}

/// A communication whose system was not called; one that may have been sent stays unknown.
pub(super) fn not_called(attempt: &NotificationAttempt, next: Next, now: Timestamp) -> Delivered {
    let result = if attempt.must_query {
        NotificationResult::Unknown {
            check_at: now.checked_add(CHECK_UNCALLED_AFTER).unwrap_or(Timestamp::MAX),
            check_count: attempt.check_count,
            first_absent_at: attempt.first_absent_at,
        }
    } else {
        NotificationResult::NotSent
    };
    Delivered::of(result, next)
}

/// Asked again less and less often; when the checks are used up, or nobody can be asked at all, a
/// person is told and the process goes on: the order is completed already.
fn unknown(
    (attempt, first_absent_at): (&NotificationAttempt, Option<Timestamp>),
    detail: &str,
    settings: &TargetSystemSettings,
    (now, jitter): (Timestamp, Jitter),
) -> Delivered {
    let policy = settings.step_policy();
    let check_count = attempt.check_count + u32::from(attempt.must_query);
    let is_over = check_count >= policy.max_checks || can_never_tell(settings);
    if attempt.must_query && is_over {
        let reason = format!("unknown after {check_count} checks, the last one: {detail}");
        return Delivered::of(NotificationResult::GivenUp { reason }, Next::Done);
    }
    let check_at = policy.next_check_at(now, check_count, jitter);
    let result = NotificationResult::Unknown { check_at, check_count, first_absent_at };
    Delivered::of(result, Next::Check)
}

/// A system that can neither be asked nor keeps the promise about request ids: a person decides.
const fn can_never_tell(settings: &TargetSystemSettings) -> bool {
    !settings.capabilities.can_be_queried && !settings.capabilities.honours_request_id
}

#[cfg(test)]
mod tests;
