//! The `Idempotency-Key` header (IETF draft): a quoted string, or a bare token of its alphabet.
//!
//! `"k-1"` and `k-1` are the same key, because many clients send UUIDs without the quotes.
//! A bare key has no quote, backslash, comma or semicolon: they would make it ambiguous whether
//! two headers were joined or a parameter was meant.

use std::str::FromStr;

use ::http::HeaderMap;
use ::http::request::Parts;
use axum::extract::FromRequestParts;

use crate::problem::{Problem, ProblemCode};

/// The name of the header.
pub const HEADER: &str = "idempotency-key";
/// The longest key; it is part of a database key.
pub const MAX_LENGTH: usize = 200;

/// The replay key of a caller: 1 to 200 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

/// Why a request has no usable key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdempotencyKeyError {
    /// There is no such header.
    #[error("the Idempotency-Key header is missing")]
    Missing,
    /// The header is there more than once.
    #[error("the Idempotency-Key header is repeated")]
    Repeated,
    /// The value is empty, too long, unterminated, or has characters outside the alphabet.
    #[error("the Idempotency-Key is not a quoted string or token of 1 to 200 visible characters")]
    Malformed,
}

impl IdempotencyKey {
    /// The key without quotes and escapes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads the one header of a request.
    ///
    /// # Errors
    ///
    /// [`IdempotencyKeyError`], one variant per rule.
    pub fn from_headers(headers: &HeaderMap) -> Result<Self, IdempotencyKeyError> {
        let mut values = headers.get_all(HEADER).iter();
        let value = values.next().ok_or(IdempotencyKeyError::Missing)?;
        if values.next().is_some() {
            return Err(IdempotencyKeyError::Repeated);
        }
        value.to_str().map_err(|_not_ascii| IdempotencyKeyError::Malformed)?.parse()
    }
}

impl FromStr for IdempotencyKey {
    type Err = IdempotencyKeyError;

    fn from_str(text: &str) -> Result<Self, IdempotencyKeyError> {
        let text = text.trim_matches([' ', '\t']);
        let key = match text.strip_prefix('"') {
            Some(rest) => unquote(rest),
            None => Some(text.to_owned()).filter(|key| !key.contains(['"', '\\', ',', ';'])),
        };
        key.filter(|key| is_valid(key)).map(Self).ok_or(IdempotencyKeyError::Malformed)
    }
}

/// The inside of a structured-field string; only `\"` and `\\` are escapes (RFC 8941 §3.3.3).
fn unquote(rest: &str) -> Option<String> {
    let mut key = String::new();
    let mut characters = rest.chars();
    loop {
        match characters.next()? {
            '"' => return characters.next().is_none().then_some(key),
            '\\' => key.push(characters.next().filter(|c| matches!(c, '"' | '\\'))?),
            character => key.push(character),
        }
    }
}

fn is_valid(key: &str) -> bool {
    (1..=MAX_LENGTH).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
}

impl From<IdempotencyKeyError> for Problem {
    fn from(error: IdempotencyKeyError) -> Self {
        let code = match error {
            IdempotencyKeyError::Missing => ProblemCode::IdempotencyKeyMissing,
            IdempotencyKeyError::Repeated | IdempotencyKeyError::Malformed => {
                ProblemCode::IdempotencyKeyMalformed
            }
        };
        Self::new(code).with_detail(error.to_string())
    }
}

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        Self::from_headers(&parts.headers).map_err(Problem::from)
    }
}

#[cfg(test)]
mod tests {
    use ::http::HeaderValue;

    use super::*;

    fn key(text: &str) -> Result<String, IdempotencyKeyError> {
        text.parse::<IdempotencyKey>().map(|key| key.as_str().to_owned())
    }

    #[test]
    fn quoted_and_bare_keys_are_the_same_key() {
        assert_eq!(key("\"8e03978e-40d5\"").as_deref(), Ok("8e03978e-40d5"));
        assert_eq!(key("8e03978e-40d5").as_deref(), Ok("8e03978e-40d5"));
        assert_eq!(key(" \"k\"\t").as_deref(), Ok("k"));
    }

    #[test]
    fn quotes_and_backslashes_are_escaped_inside_quotes() {
        assert_eq!(key(r#""a\"b\\c""#).as_deref(), Ok(r#"a"b\c"#));
    }

    #[test]
    fn length_is_bounded_at_both_ends() {
        for (length, is_ok) in [(0, false), (1, true), (200, true), (201, false), (256, false)] {
            let bare = "k".repeat(length);
            assert_eq!(key(&bare).is_ok(), is_ok, "bare {length}");
            assert_eq!(key(&format!("\"{bare}\"")).is_ok(), is_ok, "quoted {length}");
        }
    }

    #[test]
    fn unterminated_joined_and_foreign_characters_are_malformed() {
        let refused = [
            "\"",
            "\"abc",
            "abc\"",
            "\"abc\\",
            "\"a\\b\"",
            "\"a\"b\"",
            "\"a\", \"b\"",
            "a, b",
            "a,b",
            "\"a\";x=1",
            "a;x=1",
            "a b",
            "\"a b\"",
            "\"ä\"",
            "ключ",
            "a\u{7f}",
            "\"\"",
            "   ",
            "a\\b",
        ];
        for text in refused {
            assert_eq!(key(text), Err(IdempotencyKeyError::Malformed), "{text:?}");
        }
    }

    #[test]
    fn a_missing_a_repeated_and_a_binary_header_are_told_apart() {
        let mut headers = HeaderMap::new();
        assert_eq!(IdempotencyKey::from_headers(&headers), Err(IdempotencyKeyError::Missing));

        headers.append(HEADER, HeaderValue::from_bytes(b"\"k\xff\"").unwrap());
        assert_eq!(IdempotencyKey::from_headers(&headers), Err(IdempotencyKeyError::Malformed));

        headers.insert(HEADER, HeaderValue::from_static("k"));
        headers.append(HEADER, HeaderValue::from_static("k"));
        assert_eq!(IdempotencyKey::from_headers(&headers), Err(IdempotencyKeyError::Repeated));
    }

    #[test]
    fn each_error_has_its_problem_code() {
        let missing = Problem::from(IdempotencyKeyError::Missing);
        let repeated = Problem::from(IdempotencyKeyError::Repeated);

        assert_eq!(missing.code(), "IDEMPOTENCY_KEY_MISSING");
        assert_eq!(repeated.code(), "IDEMPOTENCY_KEY_MALFORMED");
    }
}
