//! What can go wrong with a call, and what of it passes by itself.

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::Deserialize;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// A call that was not answered with success; never quotes what was sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// The request could not be written or signed.
    #[error("the request for {operation} could not be made")]
    Request {
        operation: &'static str,
        #[source]
        source: Source,
    },
    /// No complete answer: the service may or may not have done it.
    #[error("{operation} was not answered")]
    Transport {
        operation: &'static str,
        #[source]
        source: reqwest::Error,
    },
    /// All attempts together took too long: it may or may not have been done.
    #[error("{operation} was not answered in time")]
    OutOfTime { operation: &'static str },
    /// The service said no, and why.
    #[error("{operation} was refused with {code} ({status})")]
    Refused { operation: &'static str, status: StatusCode, code: String },
    /// The service said yes in words that it does not have.
    #[error("the answer to {operation} cannot be read")]
    Answer {
        operation: &'static str,
        #[source]
        source: serde_json::Error,
    },
}

/// The part of an error's body that is a code and not a sentence.
#[derive(Deserialize)]
struct Refusal {
    #[serde(rename = "__type")]
    kind: String,
}

/// Codes of what passes by itself, whatever the status.
const IN_PASSING: [&str; 13] = [
    "InternalFailure",
    "PriorRequestNotComplete",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];
const CODE_HEADER: &str = "x-amzn-errortype";

impl CallError {
    pub(super) fn request<E: Into<Source>>(operation: &'static str) -> impl FnOnce(E) -> Self {
        move |source| Self::Request { operation, source: source.into() }
    }

    pub(super) fn transport(operation: &'static str) -> impl FnOnce(reqwest::Error) -> Self {
        move |source| Self::Transport { operation, source: source.without_url() }
    }

    pub(super) fn answer(operation: &'static str) -> impl FnOnce(serde_json::Error) -> Self {
        move |source| Self::Answer { operation, source }
    }

    /// The code stands in a header or in the body, between a name space and the address of its
    /// explanation: `com.amazonaws.sqs#QueueDoesNotExist:http://…`.
    pub(super) fn refused(
        operation: &'static str,
        status: StatusCode,
        (headers, body): (&HeaderMap, &[u8]),
    ) -> Self {
        let said = headers.get(CODE_HEADER).and_then(|x| x.to_str().ok()).map(ToOwned::to_owned);
        let in_body = || serde_json::from_slice(body).map(|x: Refusal| x.kind).ok();
        let kind = said.or_else(in_body).unwrap_or_default();
        let code = kind.split(':').next().and_then(|x| x.rsplit('#').next()).unwrap_or_default();
        let code = if code.is_empty() { "no code" } else { code }.to_owned();
        Self::Refused { operation, status, code }
    }

    /// Whether the same call can succeed a moment later.
    pub(super) fn is_in_passing(&self) -> bool {
        match self {
            Self::Transport { source, .. } => !source.is_builder(),
            Self::Refused { status, code, .. } => {
                status.is_server_error()
                    || *status == StatusCode::TOO_MANY_REQUESTS
                    || IN_PASSING.contains(&code.as_str())
            }
            Self::Request { .. } | Self::OutOfTime { .. } | Self::Answer { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, code: &str) -> CallError {
        let body = format!(r#"{{"__type":"com.amazonaws.sqs#{code}","message":"no"}}"#);
        said(status, &HeaderMap::new(), &body)
    }

    fn said(status: u16, headers: &HeaderMap, body: &str) -> CallError {
        let status = StatusCode::from_u16(status).unwrap();
        CallError::refused("SendMessage", status, (headers, body.as_bytes()))
    }

    #[test]
    fn the_header_speaks_before_the_body_and_an_address_behind_the_code_is_cut_off() {
        let header = "ThrottlingException:http://internal.amazon.com/";
        let headers = HeaderMap::from_iter([(
            reqwest::header::HeaderName::from_static(CODE_HEADER),
            reqwest::header::HeaderValue::from_static(header),
        )]);

        let refused = said(400, &headers, "<html>");

        assert!(refused.is_in_passing());
        assert!(refused.to_string().contains("with ThrottlingException ("), "{refused}");
        assert!(said(404, &HeaderMap::new(), "").to_string().contains("with no code (404"));
    }

    #[test]
    fn a_refusal_is_told_by_its_code_and_not_by_its_sentence() {
        let said = refused(400, "QueueDoesNotExist").to_string();

        assert_eq!(said, "SendMessage was refused with QueueDoesNotExist (400 Bad Request)");
    }

    #[test]
    fn only_what_passes_by_itself_is_worth_a_repeat() {
        for passing in [refused(503, "ServiceUnavailable"), refused(429, ""), refused(500, "x")] {
            assert!(passing.is_in_passing(), "{passing}");
        }
        assert!(refused(400, "ThrottlingException").is_in_passing());
        for lasting in [refused(400, "QueueDoesNotExist"), refused(403, "AccessDenied")] {
            assert!(!lasting.is_in_passing(), "{lasting}");
        }
    }
}
