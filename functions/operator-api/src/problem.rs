//! What this API can refuse besides what every edge refuses.

use http::StatusCode;
use lambda_support::error_chain;
use lambda_support::problem::{Problem, ProblemCode};
use order_store::StoreError;

use crate::cursor::CursorKeyError;

/// When to ask again after a technical failure.
const RETRY_AFTER_SECONDS: u32 = 5;

/// The cursor was not made by this API for this tenant and filter.
pub(crate) fn cursor_invalid() -> Problem {
    Problem::business(StatusCode::BAD_REQUEST, "CURSOR_INVALID", "The cursor is not valid here.")
        .with_detail("start again without a cursor, and keep the filter while paging")
        .with_error("cursor", "not a cursor of this list")
}

/// A parameter cannot be understood.
pub(crate) fn parameter_invalid(name: &str, detail: &str) -> Problem {
    Problem::new(ProblemCode::ParameterInvalid).with_error(name, detail)
}

/// The tenant has no such order; somebody else's looks the same.
pub(crate) fn not_found() -> Problem {
    Problem::new(ProblemCode::NotFound)
}

/// The database did not answer.
pub(crate) fn store_failed(error: &StoreError) -> Problem {
    tracing::error!(error = error_chain(error), "the store failed");
    if error.is_retryable() { unavailable() } else { Problem::internal() }
}

/// Cursors cannot be signed or read now.
pub(crate) fn no_cursor_key(error: &CursorKeyError) -> Problem {
    tracing::error!(error = error_chain(error), "no key for cursors");
    unavailable()
}

fn unavailable() -> Problem {
    Problem::new(ProblemCode::SourceUnavailable).with_retry_after_seconds(RETRY_AFTER_SECONDS)
}
