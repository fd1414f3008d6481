//! What an answer means for the communication and for its task: one exhaustive match (§26).

use std::time::Duration;

use external_systems::settings::TargetSystemSettings;
use jiff::{SignedDuration, Timestamp};
use order_domain::step::answer::StepAnswer;
use order_store::commands::NotificationResult;

/// When to look again at a communication whose system could not even be called.
const CHECK_UNCALLED_AFTER: SignedDuration = SignedDuration::from_secs(1);

/// What became of a communication, and what its task does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delivered {
    pub(crate) result: NotificationResult,
    pub(crate) next: Next,
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

/// The meaning of an answer; `was_asked_before` is true when it may have been sent before.
pub(super) fn meaning(
    answer: StepAnswer,
    was_asked_before: bool,
    settings: &TargetSystemSettings,
    now: Timestamp,
) -> Delivered {
    match answer {
        StepAnswer::Completed { external_reference, .. }
        | StepAnswer::Accepted { external_reference } => {
            Delivered { result: NotificationResult::Sent { external_reference }, next: Next::Done }
        }
        StepAnswer::Rejected { code, .. } => {
            // The order is completed already: nobody waits for this, and no retry can heal it.
            tracing::warn!(code, "the notification system refused a communication for good");
            Delivered { result: NotificationResult::Refused, next: Next::Done }
        }
        StepAnswer::RetryLater { retry_after_ms, detail } => Delivered {
            result: NotificationResult::NotSent,
            next: Next::Retry {
                reason: format!("not sent: {detail}"),
                not_before: retry_after_ms.map(Duration::from_millis),
            },
        },
        StepAnswer::Absent => Delivered {
            result: NotificationResult::NotSent,
            next: Next::Retry { reason: "not sent".to_owned(), not_before: None },
        },
        StepAnswer::Refused { detail } => Delivered {
            result: NotificationResult::NotSent,
            next: Next::Mend { reason: format!("the notification system refuses us: {detail}") },
        },
        StepAnswer::Unknown { detail, is_contract_breach } => {
            if is_contract_breach {
                tracing::error!(detail, "the notification system broke its contract");
            }
            unknown(was_asked_before, settings, now)
        }
        StepAnswer::CannotTell { detail } if can_never_tell(settings) => Delivered {
            result: NotificationResult::Unknown { check_at: now },
            next: Next::Mend { reason: format!("nobody can tell whether it was sent: {detail}") },
        },
        StepAnswer::CannotTell { detail } => {
            tracing::warn!(detail, "the notification system cannot tell");
            unknown(was_asked_before, settings, now)
        }
    }
}

/// A communication whose system was not called; one that may have been sent stays unknown.
pub(super) fn not_called(was_asked_before: bool, next: Next, now: Timestamp) -> Delivered {
    let check_at = now.checked_add(CHECK_UNCALLED_AFTER).unwrap_or(Timestamp::MAX);
    let result = if was_asked_before {
        NotificationResult::Unknown { check_at }
    } else {
        NotificationResult::NotSent
    };
    Delivered { result, next }
}

/// The first check comes soon; a system that still cannot tell is given the longest delay.
fn unknown(was_asked_before: bool, settings: &TargetSystemSettings, now: Timestamp) -> Delivered {
    let policy = settings.step_policy();
    let check_at = if was_asked_before {
        now.checked_add(policy.delay_cap).unwrap_or(Timestamp::MAX)
    } else {
        policy.next_check_at(now, 0)
    };
    Delivered { result: NotificationResult::Unknown { check_at }, next: Next::Check }
}

/// A system that can neither be asked nor keeps the promise about request ids: a person decides.
const fn can_never_tell(settings: &TargetSystemSettings) -> bool {
    !settings.capabilities.can_be_queried && !settings.capabilities.honours_request_id
}

#[cfg(test)]
mod tests;
