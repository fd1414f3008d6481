//! What this API can refuse besides what every edge refuses.

use http::StatusCode;
use lambda_support::list_parameters::code;
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

/// A value of the body is not what the schema says; `pointer` leads to it.
pub(crate) fn misfit(pointer: &str, detail: &str) -> Problem {
    Problem::new(ProblemCode::BodyInvalid).with_error(pointer, detail)
}

/// A reason: a code of the caller's own.
pub(crate) fn check_reason_code(text: &str) -> Result<(), Problem> {
    let checked = code("/reasonCode", text);
    checked.map(drop).map_err(|_| misfit("/reasonCode", "capitals, digits and underscores"))
}
