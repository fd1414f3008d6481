//! Problem responses (RFC 9457) with a stable `code`.
//!
//! Everything that leaves as an error leaves through [`Problem`], so that clients can act on
//! `code` and support can follow `correlationId`.
//! Internal errors have no detail: what happened is in the log, under the same correlation id.

use std::borrow::Cow;

use ::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use ::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use order_domain::ids::CorrelationId;
use serde::Serialize;

pub use code::ProblemCode;

mod code;

/// When to ask again after a technical failure.
const RETRY_AFTER_SECONDS: u32 = 5;
/// The content type of every problem.
pub const CONTENT_TYPE_PROBLEM: &str = "application/problem+json";

/// A refusal or failure as clients see it.
///
/// The correlation id and the instance are filled in by [`crate::edge::with_edge_layers`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Problem(Box<Document>);

/// Boxed, because most results that could be a problem are none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    #[serde(serialize_with = "status_as_number")]
    status: StatusCode,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<Cow<'static, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<CorrelationId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    #[serde(skip)]
    retry_after_seconds: Option<u32>,
}

/// One place in the request and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// JSON pointer into the body (RFC 6901), or the name of a parameter.
    pub pointer: String,
    /// What is wrong, without repeating the value.
    pub detail: String,
}

impl Problem {
    /// A problem of the edge.
    #[must_use]
    pub fn new(code: ProblemCode) -> Self {
        Self::business(code.status(), code.as_str(), code.title())
    }

    /// A business rejection with the code and title of its domain.
    #[must_use]
    pub fn business(status: StatusCode, code: &'static str, title: &'static str) -> Self {
        Self(Box::new(Document {
            kind: format!("urn:oms:problem:{code}"),
            title,
            status,
            code,
            detail: None,
            instance: None,
            correlation_id: None,
            errors: Vec::new(),
            retry_after_seconds: None,
        }))
    }

    /// An opaque 500; the caller has logged the error with its chain.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(ProblemCode::InternalError)
    }

    /// Something that this answer needs does not work now: the same request again will do.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::new(ProblemCode::SourceUnavailable).with_retry_after_seconds(RETRY_AFTER_SECONDS)
    }

    /// The store failed; logged here, with its causes.
    #[must_use]
    pub fn of_store(error: &order_store::StoreError) -> Self {
        tracing::error!(error = crate::log::error_chain(error), "the store failed");
        if error.is_retryable() { Self::unavailable() } else { Self::internal() }
    }

    /// Adds what is particular to this occurrence; never personal data or the request's own text.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Adds one place that is wrong.
    #[must_use]
    pub fn with_error(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        self.0.errors.push(FieldError { pointer: pointer.into(), detail: detail.into() });
        self
    }

    /// Tells the client when to send the same request again.
    #[must_use]
    pub fn with_retry_after_seconds(mut self, seconds: u32) -> Self {
        self.0.retry_after_seconds = Some(seconds);
        self
    }

    /// Says which request this answers.
    #[must_use]
    pub fn with_request(mut self, path: &str, correlation_id: CorrelationId) -> Self {
        self.0.instance = Some(path.to_owned());
        self.0.correlation_id = Some(correlation_id);
        self
    }

    /// The status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// The places that are wrong.
    #[must_use]
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    fn add_headers(&self, headers: &mut HeaderMap) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE_PROBLEM));
        if let Some(seconds) = self.0.retry_after_seconds {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        let challenge = match self.0.code {
            code if code == ProblemCode::TokenMissing.as_str() => Some("Bearer"),
            code if code == ProblemCode::TokenInvalid.as_str() => {
                Some("Bearer error=\"invalid_token\"")
            }
            code if code == ProblemCode::ScopeMissing.as_str() => {
                Some("Bearer error=\"insufficient_scope\"")
            }
            _ => None,
        };
        if let Some(challenge) = challenge {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
    }
}

impl From<ProblemCode> for Problem {
    fn from(code: ProblemCode) -> Self {
        Self::new(code)
    }
}

impl IntoResponse for Problem {
    /// Also leaves the problem in the extensions, where the edge finds it to name the request.
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (self.status(), body).into_response();
        self.add_headers(response.headers_mut());
        response.extensions_mut().insert(self);
        response
    }
}

fn status_as_number<S: serde::Serializer>(
    status: &StatusCode,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use http_body_util::BodyExt;
    use serde_json::json;

    use super::*;

    async fn rendered(problem: Problem) -> (HeaderMap, serde_json::Value) {
        let (parts, body) = problem.into_response().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        (parts.headers, serde_json::from_slice(&bytes).unwrap())
    }

    #[tokio::test]
    async fn a_problem_is_rendered_with_type_code_and_places() {
        let problem = Problem::new(ProblemCode::BodyInvalid)
            .with_detail("one field is wrong")
            .with_error("/revision", "must be a whole number");
        let (headers, body) = rendered(problem).await;

        assert_eq!(headers[CONTENT_TYPE], CONTENT_TYPE_PROBLEM);
        assert_eq!(
            body,
            json!({
                "type": "urn:oms:problem:BODY_INVALID",
                "title": "The body does not fit the schema.",
                "status": 400,
                "code": "BODY_INVALID",
                "detail": "one field is wrong",
                "errors": [{"pointer": "/revision", "detail": "must be a whole number"}],
            })
        );
    }

    #[tokio::test]
    async fn retry_after_and_challenges_are_headers() {
        let busy = Problem::new(ProblemCode::RequestInProgress).with_retry_after_seconds(2);
        assert_eq!(rendered(busy).await.0[RETRY_AFTER], "2");

        let missing = rendered(Problem::new(ProblemCode::TokenMissing)).await.0;
        assert_eq!(missing[WWW_AUTHENTICATE], "Bearer");
        let callback = rendered(Problem::new(ProblemCode::SignatureInvalid)).await.0;
        assert!(!callback.contains_key(WWW_AUTHENTICATE), "callbacks carry no bearer token");
    }

    #[test]
    fn codes_are_distinct_errors_in_screaming_snake_case() {
        let codes: BTreeSet<_> = ProblemCode::ALL.iter().map(|code| code.as_str()).collect();

        assert_eq!(codes.len(), ProblemCode::ALL.len());
        for code in ProblemCode::ALL {
            assert!(code.as_str().chars().all(|c| c.is_ascii_uppercase() || c == '_'));
            assert!(code.status().is_client_error() || code.status().is_server_error());
        }
    }

    #[test]
    fn a_business_rejection_brings_its_own_code() {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        let problem = Problem::business(status, "QUOTE_EXPIRED", "The quote has expired.");

        assert_eq!((problem.status(), problem.code()), (status, "QUOTE_EXPIRED"));
    }
}
