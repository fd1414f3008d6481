//! The parameters that every list of an API has, and a filter's one spelling.
//!
//! Strict: a misspelt filter that is silently ignored shows what nobody asked for.

use std::fmt::Write;

use jiff::SignedDuration;

use crate::problem::{Problem, ProblemCode};

/// Entries on a page unless said otherwise.
pub const DEFAULT_LIMIT: u16 = 50;
/// Most entries on a page.
const MAX_LIMIT: u16 = 100;
/// Longest name of a kind, a system or a code.
const MAX_NAME: usize = 100;
/// Longest text that people write.
const MAX_TEXT: usize = 200;
/// Longest time that can be asked for.
const MAX_HOURS: i64 = 24 * 366;

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

/// A name or a key as people write it.
///
/// # Errors
/// A problem PARAMETER_INVALID that names `name`.
pub fn text(name: &str, value: &str) -> Result<String, Problem> {
    let is_usable =
        (1..=MAX_TEXT).contains(&value.chars().count()) && !value.chars().any(char::is_control);
    is_usable
        .then(|| value.to_owned())
        .ok_or_else(|| invalid(name, "1 to 200 characters, none of them a control character"))
}

/// Hours, minutes and seconds as ISO 8601 writes them.
///
/// # Errors
/// A problem PARAMETER_INVALID that names `name`.
pub fn duration(name: &str, value: &str) -> Result<SignedDuration, Problem> {
    let range = SignedDuration::from_secs(1)..=SignedDuration::from_hours(MAX_HOURS);
    let is_iso = value.starts_with("PT");
    let parsed = value.parse().ok().filter(|x| is_iso && range.contains(x));
    parsed.ok_or_else(|| invalid(name, "a time as ISO 8601 writes it, such as PT4H or PT90M"))
}

/// A filter that can only be set.
///
/// # Errors
/// A problem PARAMETER_INVALID that names `name`.
pub fn only_true(name: &str, value: &str) -> Result<bool, Problem> {
    (value == "true").then_some(true).ok_or_else(|| invalid(name, "true, or left out"))
}

/// A filter in one spelling: as it stands in links, and what cursors are bound to.
#[derive(Debug, Default)]
pub struct Spelling(String);

impl Spelling {
    /// Goes on with a parameter, if it is set.
    #[must_use]
    pub fn with(mut self, name: &str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            // Writing to a string cannot fail.
            let _ = write!(self.0, "&{name}={}", encoded(value));
        }
        self
    }

    /// The parameters, each preceded by `&`.
    #[must_use]
    pub fn into_text(self) -> String {
        self.0
    }
}

/// A value as a query string carries it.
#[must_use]
pub fn encoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        let is_plain = byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
        if is_plain {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
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

    #[test]
    fn a_time_is_hours_minutes_and_seconds() {
        assert_eq!(duration("d", "PT4H").unwrap(), SignedDuration::from_hours(4));
        assert_eq!(duration("d", "PT1H30M").unwrap(), SignedDuration::from_mins(90));
        for value in ["", "PT", "4h", "P1D", "PT0S", "-PT4H", "PT-4H", "240", "PT99999999H"] {
            assert_eq!(duration("d", value).unwrap_err().errors()[0].pointer, "d", "{value:?}");
        }
    }

    #[test]
    fn what_a_query_string_would_misread_is_escaped() {
        let spelling = Spelling::default().with("a", Some("B/c_D-1.~")).with("b", None);
        let escaped = spelling.with("c", Some("x&y=ä +%"));

        assert_eq!(escaped.into_text(), "&a=B/c_D-1.~&c=x%26y%3D%C3%A4%20%2B%25");
    }

    #[test]
    fn a_value_is_short_and_can_be_read() {
        assert_eq!(text("t", "O 1/ä").unwrap(), "O 1/ä");
        for value in ["", "a\u{0}b", "a\nb", &"a".repeat(201)] {
            assert_eq!(text("t", value).unwrap_err().errors()[0].pointer, "t", "{value:?}");
        }
    }
}
