//! From a reply to its meaning: the table of failure classes (§26) as one exhaustive match each.

use order_domain::failure::FailureClass;
use order_domain::step::answer::StepAnswer;
use serde::Deserialize;

use crate::fetch::{Body, Reply};
use crate::wire::{Report, ReportBody, RequestStatus, parse_object};

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

/// What the reply to a submit or a cancellation means.
pub(crate) fn classify(reply: &Reply) -> Verdict {
    let (status, retry_after_ms, body) = match reply {
        Reply::NotSent { detail } => return Verdict::Settled(refused(detail)),
        Reply::NotConnected { detail } => {
            let detail = detail.clone();
            return Verdict::Settled(StepAnswer::RetryLater { retry_after_ms: None, detail });
        }
        Reply::Lost { detail, .. } => return Verdict::Settled(unknown(detail)),
        Reply::Answered { status, retry_after_ms, body } => (*status, *retry_after_ms, body),
    };
    Verdict::Settled(match status {
        200 => success(body, RequestStatus::Completed),
        202 => success(body, RequestStatus::Accepted),
        409 => return Verdict::AlreadyKnown,
        422 => rejection(body),
        429 | 503 => StepAnswer::RetryLater { retry_after_ms, detail: format!("status {status}") },
        400 | 401 | 403 | 404 | 405 | 413 | 415 => refused(&format!("status {status}")),
        // Another success or a redirect is outside the contract, and the effect may exist.
        201 | 203..=399 => breach(&format!("status {status} is not in the contract")),
        _ => unknown(&format!("status {status}")),
    })
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
    match classify(reply) {
        Verdict::AlreadyKnown => None,
        Verdict::Settled(answer) => answer.failure_class(),
    }
}

fn success(body: &Body, status: RequestStatus) -> StepAnswer {
    match parse::<ReportBody>(body).and_then(ReportBody::check) {
        Ok(report) => report.into_answer(status),
        Err(problem) => breach(&problem),
    }
}

/// A 422 without a usable code is no definitive "no": nobody could act on it.
fn rejection(body: &Body) -> StepAnswer {
    match parse::<ReportBody>(body).and_then(ReportBody::check) {
        Ok(Report { reason_code: Some(code), external_reference, .. }) => {
            StepAnswer::Rejected { code, external_reference }
        }
        Ok(Report { reason_code: None, .. }) => breach("a 422 without reasonCode"),
        Err(problem) => breach(&problem),
    }
}

fn parse<T: for<'de> Deserialize<'de>>(body: &Body) -> Result<T, String> {
    match body {
        Body::Unread => Err("the body was not read".to_owned()),
        Body::Unusable(problem) => Err(problem.clone()),
        Body::Json(bytes) => parse_object(bytes),
    }
}

fn refused(detail: &str) -> StepAnswer {
    StepAnswer::Refused { detail: detail.to_owned() }
}

fn unknown(detail: &str) -> StepAnswer {
    StepAnswer::Unknown { detail: detail.to_owned(), is_contract_breach: false }
}

fn breach(detail: &str) -> StepAnswer {
    StepAnswer::Unknown { detail: detail.to_owned(), is_contract_breach: true }
}

#[cfg(test)]
mod tests;
