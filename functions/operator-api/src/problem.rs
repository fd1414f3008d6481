//! What this API can refuse besides what every edge refuses.

use http::StatusCode;
use lambda_support::problem::{Problem, ProblemCode};

/// The tenant has no such thing; somebody else's looks the same.
pub(crate) fn not_found() -> Problem {
    Problem::new(ProblemCode::NotFound)
}

/// Somebody resolved the incident already.
pub(crate) fn already_resolved() -> Problem {
    Problem::business(
        StatusCode::CONFLICT,
        "INCIDENT_RESOLVED",
        "The incident is resolved already.",
    )
}
