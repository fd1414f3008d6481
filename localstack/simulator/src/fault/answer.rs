//! Faults of an answer: instead of the work, or after it.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER, TRANSFER_ENCODING};
use http::{HeaderValue, StatusCode, Uri};

use super::Fault;
use crate::app::pause;
use crate::wire::Switch;

/// Our own answers are far below.
const MAX_OWN_BYTES: usize = 64 * 1024 * 1024;
/// A reset answer is this much longer than the true one, so that no part of it is complete.
const PADDING: usize = 4096;
/// More than the head of an answer, less than the padding.
const SENT_BEFORE_RESET: usize = 1024;
const CHUNK: usize = 64 * 1024;

/// The answer of a fault that keeps the work from being taken; none for the other kinds.
pub(crate) async fn instead(fault: &Fault, path: &Uri, switch: &Switch) -> Option<Response> {
    let answer = match fault {
        Fault::Refuse {} => {
            switch.close();
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        // Until the caller hangs up, which drops this.
        Fault::Hang {} => std::future::pending().await,
        Fault::TooManyRequests { retry_after_seconds } => {
            not_now(StatusCode::TOO_MANY_REQUESTS, *retry_after_seconds)
        }
        Fault::Unavailable { retry_after_seconds } => {
            not_now(StatusCode::SERVICE_UNAVAILABLE, *retry_after_seconds)
        }
        Fault::TechnicalRefusal { status } => {
            StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_REQUEST).into_response()
        }
        Fault::Redirect {} => {
            (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, path.path().to_owned())]).into_response()
        }
        Fault::Error500Before {} => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Fault::Error500After {}
        | Fault::AnswerLost {}
        | Fault::Reset {}
        | Fault::SlowDrip { .. }
        | Fault::InvalidJson {}
        | Fault::WrongContentType {}
        | Fault::Oversized { .. }
        | Fault::Duplicated { .. }
        | Fault::Delayed { .. }
        | Fault::Early {}
        | Fault::Missing {}
        | Fault::Contradictory { .. }
        | Fault::Malformed { .. } => return None,
    };
    Some(answer)
}

fn not_now(status: StatusCode, retry_after_seconds: Option<u32>) -> Response {
    let mut answer = status.into_response();
    if let Some(seconds) = retry_after_seconds {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}

/// What becomes of the true answer on its way out.
pub(crate) async fn after(fault: &Fault, answer: Response, switch: &Switch) -> Response {
    match fault {
        Fault::Error500After {} => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Fault::AnswerLost {} => {
            switch.close();
            answer
        }
        Fault::Reset {} => {
            switch.reset_after(SENT_BEFORE_RESET);
            changed(answer, |text| padded(text, PADDING)).await
        }
        Fault::SlowDrip { drip_ms } => dripping(answer, Duration::from_millis(*drip_ms)).await,
        Fault::InvalidJson {} => changed(answer, |text| text.slice(..text.len() / 2)).await,
        Fault::WrongContentType {} => {
            let mut answer = answer;
            answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
            answer
        }
        Fault::Oversized { bytes } => oversized(answer, *bytes).await,
        Fault::Refuse {}
        | Fault::Hang {}
        | Fault::TooManyRequests { .. }
        | Fault::Unavailable { .. }
        | Fault::TechnicalRefusal { .. }
        | Fault::Redirect {}
        | Fault::Error500Before {}
        | Fault::Duplicated { .. }
        | Fault::Delayed { .. }
        | Fault::Early {}
        | Fault::Missing {}
        | Fault::Contradictory { .. }
        | Fault::Malformed { .. } => answer,
    }
}

/// The answer apart from its body, and the body; without the lengths that belonged to it.
async fn taken_apart(answer: Response) -> (Response, Bytes) {
    let (mut parts, body) = answer.into_parts();
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.remove(TRANSFER_ENCODING);
    // Our own bodies are in memory: reading them cannot fail.
    let text = to_bytes(body, MAX_OWN_BYTES).await.unwrap_or_default();
    (Response::from_parts(parts, Body::empty()), text)
}

async fn changed(answer: Response, change: impl FnOnce(Bytes) -> Bytes) -> Response {
    let (answer, text) = taken_apart(answer).await;
    answer.map(|_| Body::from(change(text)))
}

/// Still the same JSON: blanks at its end mean nothing.
fn padded(text: Bytes, by: usize) -> Bytes {
    let mut text = text.to_vec();
    text.resize(text.len() + by, b' ');
    text.into()
}

async fn dripping(answer: Response, every: Duration) -> Response {
    let (mut answer, text) = taken_apart(answer).await;
    answer.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(text.len()));
    let drops = stream::unfold(text, move |mut left| async move {
        if left.is_empty() {
            return None;
        }
        pause(every).await;
        let drop = left.split_to(1);
        Some((Ok::<_, std::convert::Infallible>(drop), left))
    });
    answer.map(|_| Body::from_stream(drops))
}

/// In chunks without a declared length, so that the reader has to count.
async fn oversized(answer: Response, bytes: usize) -> Response {
    let (answer, text) = taken_apart(answer).await;
    let missing = bytes.saturating_sub(text.len());
    let text = padded(text, missing);
    let chunks = stream::unfold(text, |mut left| async move {
        let next = left.split_to(left.len().min(CHUNK));
        (!next.is_empty()).then_some((Ok::<_, std::convert::Infallible>(next), left))
    });
    answer.map(|_| Body::from_stream(chunks))
}
