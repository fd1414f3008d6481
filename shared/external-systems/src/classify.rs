//! From a reply to its meaning: the table of failure classes (§26) as one exhaustive match each.

use fault_points::SeededBug;
use order_domain::failure::FailureClass;
use order_domain::step::answer::StepAnswer;
use serde::Deserialize;

use crate::fetch::{Body, Reply, TIMED_OUT};
use crate::wire::{Report, ReportBody, RequestStatus, parse_object};

mod case;
pub(crate) use case::OutcomeCase;

/// Meaning of the reply to a submit or a cancellation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It stands by itself.
    Settled(StepAnswer),
    /// 409: the system knows the request, so it has to be asked.
    AlreadyKnown,
}

/// Statuses of a submit, a cancellation or a query whose body decides.
pub(crate) const fn reads_body(status: u16) -> bool {
    matches!(status, 200 | 202 | 422)
}

/// What the reply to a submit or a cancellation means: one row of `docs/outcome-classification.md`
/// per [`OutcomeCase`].
pub(crate) fn classify(reply: &Reply) -> Verdict {
    use OutcomeCase as C;
    let (case, detail) = case_of(reply);
    Verdict::Settled(match case {
        C::AlreadyKnown => return Verdict::AlreadyKnown,
        C::Completed(report) => report.into_answer(RequestStatus::Completed),
        C::Accepted(report) => report.into_answer(RequestStatus::Accepted),
        C::Rejected { .. } if SeededBug::RetryBusinessRejection.is_present() => {
            StepAnswer::RetryLater { retry_after_ms: None, detail }
        }
        C::Rejected { code, external_reference } => {
            StepAnswer::Rejected { code, external_reference }
        }
        C::NotConnected => StepAnswer::RetryLater { retry_after_ms: None, detail },
        C::Throttled { retry_after_ms } | C::Unavailable { retry_after_ms } => {
            StepAnswer::RetryLater { retry_after_ms, detail }
        }
        C::NotBuilt | C::RequestAtFault => StepAnswer::Refused { detail },
        C::TimedOut | C::Lost | C::BodyTimedOut | C::BodyLost | C::ServerFault | C::OtherStatus => {
            StepAnswer::Unknown { detail, is_contract_breach: false }
        }
        C::InvalidBody | C::RejectedWithoutCode | C::OtherSuccess | C::Redirect => {
            StepAnswer::Unknown { detail, is_contract_breach: true }
        }
    })
}

/// Which case a reply is, and what happened in words, without any body.
pub(crate) fn case_of(reply: &Reply) -> (OutcomeCase, String) {
    use OutcomeCase as C;
    let (status, retry_after_ms, body) = match reply {
        Reply::NotSent { detail } => return (C::NotBuilt, detail.clone()),
        Reply::NotConnected { detail } => return (C::NotConnected, detail.clone()),
        Reply::Lost { status, detail } => return (lost(*status, detail), detail.clone()),
        Reply::Answered { status, retry_after_ms, body } => (*status, *retry_after_ms, body),
    };
    let case = match status {
        200 | 202 | 422 => return body_case(status, body),
        409 if SeededBug::IgnoreConflict.is_present() => C::RequestAtFault,
        409 => C::AlreadyKnown,
        429 => C::Throttled { retry_after_ms },
        503 => C::Unavailable { retry_after_ms },
        400 | 401 | 403 | 404 | 405 | 413 | 415 => C::RequestAtFault,
        500 | 502 | 504 => C::ServerFault,
        // Outside the contract, and the effect may exist.
        201 | 203..=299 => C::OtherSuccess,
        300..=399 => C::Redirect,
        _ => C::OtherStatus,
    };
    let words = match case {
        C::OtherSuccess | C::Redirect => format!("status {status} is not in the contract"),
        _ => format!("status {status}"),
    };
    (case, words)
}

/// The three statuses whose body decides. A 422 without a usable code is no definitive "no":
/// nobody could act on it.
fn body_case(status: u16, body: &Body) -> (OutcomeCase, String) {
    use OutcomeCase as C;
    let words = format!("status {status}");
    match (status, parse::<ReportBody>(body).and_then(ReportBody::check)) {
        (200, Ok(report)) => (C::Completed(Box::new(report)), words),
        (202, Ok(report)) => (C::Accepted(Box::new(report)), words),
        (_, Ok(Report { reason_code: Some(code), external_reference, .. })) => {
            (C::Rejected { code, external_reference }, words)
        }
        (_, Ok(_)) => (C::RejectedWithoutCode, "a 422 without reasonCode".to_owned()),
        (422, Err(problem)) => (C::RejectedWithoutCode, problem),
        (_, Err(problem)) => (C::InvalidBody, problem),
    }
}

fn lost(status: Option<u16>, detail: &str) -> OutcomeCase {
    match (status, detail == TIMED_OUT) {
        (None, true) => OutcomeCase::TimedOut,
        (None, false) => OutcomeCase::Lost,
        (Some(_), true) => OutcomeCase::BodyTimedOut,
        (Some(_), false) => OutcomeCase::BodyLost,
    }
}

/// What the reply to a query means: only 404 proves absence, only a valid 200 tells more.
pub(crate) fn classify_query(reply: &Reply) -> StepAnswer {
    match read_status(reply) {
        Ok(Some((status, report))) => report.into_answer(status),
        Ok(None) => StepAnswer::Absent,
        Err(detail) => StepAnswer::CannotTell { detail },
    }
}

/// Status and report of a query's reply; `None` when the request is provably absent.
pub(crate) fn read_status(reply: &Reply) -> Result<Option<(RequestStatus, Report)>, String> {
    #[derive(Deserialize)]
    struct StatusBody {
        status: RequestStatus,
        #[serde(flatten)]
        report: ReportBody,
    }
    match reply {
        Reply::NotSent { detail } | Reply::NotConnected { detail } | Reply::Lost { detail, .. } => {
            Err(detail.clone())
        }
        Reply::Answered { status: 200, body, .. } => {
            let body: StatusBody = parse(body)?;
            Ok(Some((body.status, body.report.check()?)))
        }
        Reply::Answered { status: 404, .. } => Ok(None),
        Reply::Answered { status, .. } => Err(format!("status {status}")),
    }
}

/// The class of one call, for its record.
pub(crate) fn failure_class(reply: &Reply, is_query: bool) -> Option<FailureClass> {
    if is_query {
        // A rejection that a query reports is a success of the query.
        return read_status(reply).is_err().then_some(FailureClass::UnknownOutcome);
    }
    case_of(reply).0.class()
}

fn parse<T: for<'de> Deserialize<'de>>(body: &Body) -> Result<T, String> {
    match body {
        Body::Unread => Err("the body was not read".to_owned()),
        Body::Unusable(problem) => Err(problem.clone()),
        Body::Json(bytes) => parse_object(bytes),
    }
}

#[cfg(test)]
mod tests;
