//! Bodies of requests: one strict JSON document, or a problem that says where it is wrong.
//!
//! Unknown fields are refused by the type (`#[serde(deny_unknown_fields)]`), everything that any
//! type would have to refuse is refused here: content type, size, depth, repeated keys, NUL
//! characters, lone surrogates, numbers out of range.

use ::http::header::CONTENT_TYPE;
use ::http::{HeaderMap, Request};
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::FromRequest;
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

use crate::problem::{Problem, ProblemCode};

mod strict;

/// The largest body in bytes.
pub const MAX_BYTES: usize = 256 * 1024;
/// The deepest nesting of arrays and objects.
pub const MAX_DEPTH: usize = 64;

/// An axum extractor: the body as a `T`, or the problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request<Body>, _state: &S) -> Result<Self, Problem> {
        up_to(MAX_BYTES, request).await.map(Self)
    }
}

/// The body of a request as a `T`, for an operation that takes more or less than [`MAX_BYTES`].
///
/// # Errors
///
/// The problems of [`parse`], BODY_TOO_LARGE and CONTENT_TYPE_UNSUPPORTED.
pub async fn up_to<T: DeserializeOwned>(
    max_bytes: usize,
    request: Request<Body>,
) -> Result<T, Problem> {
    let (parts, body) = request.into_parts();
    check_content_type(&parts.headers)?;
    document(&read(body, max_bytes).await?)
}

/// Reads at most `max_bytes` of a body.
///
/// # Errors
///
/// A problem BODY_TOO_LARGE when there is more.
pub async fn read(body: Body, max_bytes: usize) -> Result<Bytes, Problem> {
    // The other reason for an error, a connection that ends early, cannot occur under Lambda.
    to_bytes(body, max_bytes).await.map_err(|_too_large| {
        Problem::new(ProblemCode::BodyTooLarge)
            .with_detail(format!("at most {max_bytes} bytes are accepted"))
    })
}

/// Accepts `application/json` without a charset or with `utf-8`.
///
/// # Errors
///
/// A problem CONTENT_TYPE_UNSUPPORTED otherwise, also when the header is missing or repeated.
pub fn check_content_type(headers: &HeaderMap) -> Result<(), Problem> {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let accepted = match (values.next().map(|value| value.to_str()), values.next()) {
        (Some(Ok(value)), None) => is_json_in_utf8(value),
        _ => false,
    };
    if accepted {
        Ok(())
    } else {
        Err(Problem::new(ProblemCode::ContentTypeUnsupported)
            .with_detail("send application/json in UTF-8"))
    }
}

fn is_json_in_utf8(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    essence.eq_ignore_ascii_case("application/json")
        && parts.all(|parameter| {
            let value = parameter.split_once('=').filter(|(name, _)| is_charset(name));
            value.is_some_and(|(_, value)| value.trim_matches('"').eq_ignore_ascii_case("utf-8"))
        })
}

fn is_charset(name: &str) -> bool {
    name.eq_ignore_ascii_case("charset")
}

/// Reads a document into `T`, with the place of the first error as a JSON pointer.
///
/// # Errors
///
/// A problem BODY_NOT_JSON, FIELD_UNKNOWN or BODY_INVALID.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if bytes.len() > MAX_BYTES {
        return Err(Problem::new(ProblemCode::BodyTooLarge));
    }
    document(bytes)
}

fn document<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let value = strict::value(bytes, MAX_DEPTH).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Problem::new(ProblemCode::BodyNotJson)
            .with_detail(format!("refused at line {line} column {column}"))
    })?;
    serde_path_to_error::deserialize(value).map_err(|error| misfit(error.path(), error.inner()))
}

fn misfit(path: &Path, error: &serde_json::Error) -> Problem {
    let message = error.to_string();
    // The text of serde has values of the request; only names of our own schema may leave.
    if message.starts_with("unknown field") {
        return Problem::new(ProblemCode::FieldUnknown)
            .with_error(pointer(path), "the schema has no such field");
    }
    let detail = match message.strip_prefix("missing field ") {
        Some(field) => format!("the field {field} is missing"),
        None => "the value does not fit the schema".to_owned(),
    };
    Problem::new(ProblemCode::BodyInvalid).with_error(pointer(path), detail)
}

/// A path as a JSON pointer (RFC 6901); the document itself is the empty pointer.
fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        let token = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => key.replace('~', "~0").replace('/', "~1"),
            Segment::Enum { .. } | Segment::Unknown => continue,
        };
        pointer.push('/');
        pointer.push_str(&token);
    }
    pointer
}

#[cfg(test)]
mod tests;
