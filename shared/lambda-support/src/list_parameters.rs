//! The parameters that every list of an API has.
//!
//! Strict: a misspelt filter that is silently ignored shows what nobody asked for.

use crate::problem::{Problem, ProblemCode};

/// Entries on a page unless said otherwise.
pub const DEFAULT_LIMIT: u16 = 50;
/// Most entries on a page.
const MAX_LIMIT: u16 = 100;
/// Longest name of a kind, a system or a code.
const MAX_NAME: usize = 100;

/// A parameter cannot be understood.
#[must_use]
pub fn invalid(name: &str, detail: &str) -> Problem {
    Problem::new(ProblemCode::ParameterInvalid).with_error(name, detail)
}

/// Refuses repeats: which of two values counts is nobody's to guess.
///
/// # Errors
/// A problem PARAMETER_INVALID.
pub fn each_once(parameters: &[(String, String)]) -> Result<(), Problem> {
    for (index, (name, _)) in parameters.iter().enumerate() {
        if parameters[..index].iter().any(|(earlier, _)| earlier == name) {
            return Err(invalid("query", "a parameter is repeated"));
        }
    }
    Ok(())
}

/// A page size.
///
/// # Errors
/// A problem PARAMETER_INVALID.
pub fn limit(text: &str) -> Result<u16, Problem> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let limit = text.parse().ok().filter(|limit| is_plain && (1..=MAX_LIMIT).contains(limit));
    limit.ok_or_else(|| invalid("limit", "a whole number from 1 to 100"))
}

/// A kind, system or code: capitals, digits and underscores, nothing that a link would escape.
///
/// # Errors
/// A problem PARAMETER_INVALID that names `name`.
pub fn code(name: &str, text: &str) -> Result<String, Problem> {
    let is_plain = |x: u8| x.is_ascii_uppercase() || x.is_ascii_digit() || x == b'_';
    let is_code = (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(is_plain);
    is_code
        .then(|| text.to_owned())
        .ok_or_else(|| invalid(name, "capitals, digits and underscores"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_capitals_digits_and_underscores() {
        assert_eq!(code("kind", "STEP_HELD_2").unwrap(), "STEP_HELD_2");
        for text in ["", "step", "STEP HELD", "A&B", &"A".repeat(101)] {
            assert_eq!(code("kind", text).unwrap_err().errors()[0].pointer, "kind", "{text:?}");
        }
    }
}
