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

/// The code of a document that is no catalogue.
pub(crate) const CATALOGUE_INVALID: &str = "CATALOGUE_INVALID";

/// The document is no catalogue; the places follow.
pub(crate) fn invalid_catalogue() -> Problem {
    let title = "The document is not a valid catalogue.";
    Problem::business(StatusCode::UNPROCESSABLE_ENTITY, CATALOGUE_INVALID, title)
}

/// A value of the body is not what the schema says; `pointer` leads to it.
pub(crate) fn misfit(pointer: &str, detail: &str) -> Problem {
    Problem::new(ProblemCode::BodyInvalid).with_error(pointer, detail)
}

/// What a person may write beside a reason: enough for a page, too little for a file.
const MAX_NOTE: usize = 2_000;

/// A note of at most 2000 characters.
pub(crate) fn check_note(note: Option<&str>) -> Result<(), Problem> {
    let is_short = note.is_none_or(|note| note.chars().count() <= MAX_NOTE);
    is_short.then_some(()).ok_or_else(|| misfit("/note", "at most 2000 characters"))
}

/// A name of somebody or something, as a body gives it at `pointer`.
pub(crate) fn check_name(pointer: &str, name: Option<&str>) -> Result<(), Problem> {
    let is_name = |x: &str| (1..=100).contains(&x.chars().count()) && !x.contains('\0');
    let is_fit = name.is_none_or(is_name);
    is_fit.then_some(()).ok_or_else(|| misfit(pointer, "1 to 100 characters"))
}

/// A reason: a code of the caller's own.
pub(crate) fn check_reason_code(text: &str) -> Result<(), Problem> {
    let checked = code("/reasonCode", text);
    checked.map(drop).map_err(|_| misfit("/reasonCode", "capitals, digits and underscores"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_has_at_most_2000_characters_and_a_reason_is_a_code() {
        assert!(check_note(None).is_ok());
        assert!(check_note(Some(&"ä".repeat(MAX_NOTE))).is_ok());
        let refused = [check_note(Some(&"a".repeat(MAX_NOTE + 1))), check_reason_code("no code")];

        let pointers = refused.map(|x| x.expect_err("refused").errors()[0].pointer.clone());
        assert_eq!(pointers, ["/note", "/reasonCode"]);
    }
}
