//! What came back, or did not.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{ETAG, HeaderMap, HeaderName, RETRY_AFTER};
use serde_json::Value;

use super::Problem;
use crate::failure::{Cause, Failure};

/// An answer, all of it.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

/// A document with its version.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The document.
    pub(crate) body: Value,
    /// What `If-Match` takes.
    pub(crate) version: Option<u64>,
}

impl Received {
    /// The document of a success.
    pub(super) fn document(&self) -> Result<Answer, Failure> {
        let body: Value = serde_json::from_str(&self.text)
            .map_err(|error| Failure::unreadable(format!("it is no JSON: {error}")))?;
        let tag = self.header(ETAG).map(|tag| tag.trim_start_matches("W/").trim_matches('"'));
        let tag = tag.and_then(|tag| tag.parse().ok());
        let version = tag.or_else(|| body.get("version").and_then(Value::as_u64));
        Ok(Answer { body, version })
    }

    /// What the API says instead of a success.
    pub(super) fn refusal(&self) -> Cause {
        Cause::Problem(Box::new(Problem::read(self.status.as_u16(), &self.text)))
    }

    /// How long the API wants to be left alone.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        self.header(RETRY_AFTER)?.parse().ok().map(Duration::from_secs)
    }

    fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Whether the same request may end otherwise a moment later.
pub(super) fn is_worth_repeating(cause: &Cause) -> bool {
    match cause {
        Cause::NoAnswer { .. } => true,
        Cause::Problem(problem) => problem.is_passing(),
        Cause::Usage(_) | Cause::Unreadable(_) | Cause::UnknownOrder(_) | Cause::UnknownCode(_) => {
            false
        }
    }
}

/// No answer, or not all of it; what was asked for may have happened.
pub(super) fn no_answer(attempt: u32, error: &reqwest::Error) -> Cause {
    let reason = if error.is_timeout() {
        "it took too long"
    } else if error.is_connect() {
        "it cannot be reached"
    } else {
        "the connection broke"
    };
    Cause::NoAnswer { attempt, reason: reason.to_owned() }
}
