//! One HTTP call: from a request to what can be known about it, without any meaning yet.
//!
//! The distinction that everything rests on is made here: *provably not executed* (the connection
//! was never made) against *nobody knows* (something may have left this machine).
//! A body is read in chunks and only where its content matters, under the same time limit as the
//! rest of the call, so neither a large nor a slow one can hold a worker.

use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use jiff::Timestamp;
use reqwest::{Client, RequestBuilder, Response};

use crate::retry_after::retry_after_ms;

/// What a loss by the time limit is called.
pub(crate) const TIMED_OUT: &str = "timed out after sending";
/// Largest body that is read from another system.
pub const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// What is known about a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    /// The request could not even be built.
    NotSent { detail: String },
    /// No connection was made, so nothing was executed.
    NotConnected { detail: String },
    /// The request may have arrived; the answer did not, or not completely.
    Lost { status: Option<u16>, detail: String },
    /// A complete answer.
    Answered { status: u16, retry_after_ms: Option<u64>, body: Body },
}

/// The body of a complete answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    /// Its content does not matter for this status.
    Unread,
    /// Declared as JSON and within the size limit.
    Json(Vec<u8>),
    /// Wrong content type or too large.
    Unusable(String),
}

impl Reply {
    pub(crate) const fn status(&self) -> Option<u16> {
        match self {
            Self::NotSent { .. } | Self::NotConnected { .. } => None,
            Self::Lost { status, .. } => *status,
            Self::Answered { status, .. } => Some(*status),
        }
    }
}

/// Makes the call; bodies are read for the statuses that `reads_body` names.
pub(crate) async fn call(
    client: &Client,
    request: RequestBuilder,
    reads_body: fn(u16) -> bool,
) -> Reply {
    let request = match request.build() {
        Ok(request) => request,
        Err(_) => {
            return Reply::NotSent { detail: "the request cannot be built".to_owned() };
        }
    };
    let response = match client.execute(request).await {
        Ok(response) => response,
        Err(error) if error.is_connect() => {
            return Reply::NotConnected { detail: "no connection".to_owned() };
        }
        Err(error) => {
            return Reply::Lost { status: None, detail: lost(&error) };
        }
    };
    let status = response.status().as_u16();
    let retry_after_ms = retry_after_ms(response.headers(), Timestamp::now());
    let body = if reads_body(status) { read(response).await } else { Ok(Body::Unread) };
    match body {
        Ok(body) => Reply::Answered { status, retry_after_ms, body },
        Err(error) => Reply::Lost { status: Some(status), detail: lost(&error) },
    }
}

async fn read(mut response: Response) -> Result<Body, reqwest::Error> {
    if !is_json(response.headers()) {
        return Ok(Body::Unusable("the content type is not JSON".to_owned()));
    }
    let declared = response.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let is_declared_too_large = declared
        .and_then(|length| length.parse::<u64>().ok())
        .is_some_and(|length| length > MAX_ANSWER_BYTES as u64);
    let mut bytes = Vec::new();
    if !is_declared_too_large {
        while let Some(chunk) = response.chunk().await? {
            if bytes.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Ok(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        return Ok(Body::Json(bytes));
    }
    Ok(too_large())
}

fn too_large() -> Body {
    Body::Unusable(format!("the body is over {MAX_ANSWER_BYTES} bytes"))
}

/// `application/json` or `application/<anything>+json`, whatever its parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(is_json_type)
}

/// Whether a `Content-Type` announces JSON.
pub(crate) fn is_json_type(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Names the kind of loss; the library's own message would repeat the URL.
fn lost(error: &reqwest::Error) -> String {
    let kind = if error.is_timeout() { TIMED_OUT } else { "connection lost after sending" };
    kind.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_recognised_with_parameters_and_suffixes() {
        for yes in
            ["application/json", "Application/JSON; charset=utf-8", "application/problem+json"]
        {
            assert!(is_json_type(yes), "{yes}");
        }
        for no in ["", "text/json", "text/html", "application/jsonp", "application/xml", "json"] {
            assert!(!is_json_type(no), "{no}");
        }
    }
}
