//! The bearer token of a system, as its secret holds it.

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// A bearer token; its `Debug` shows nothing.
#[derive(Debug, Clone)]
pub struct BearerToken(SecretString);

/// The secret is not `{"token": "<visible ASCII>"}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the secret must be a JSON object with a text `token` of visible ASCII characters")]
pub struct InvalidBearerToken;

impl BearerToken {
    /// Reads the secret of a target system: `{"token": "…"}`.
    ///
    /// # Errors
    /// When the token is missing, empty or cannot stand in a header.
    pub fn parse(secret: &str) -> Result<Self, InvalidBearerToken> {
        let value: Value = serde_json::from_str(secret).map_err(|_| InvalidBearerToken)?;
        let token = value.get("token").and_then(Value::as_str).ok_or(InvalidBearerToken)?;
        let is_valid = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        if is_valid { Ok(Self(token.into())) } else { Err(InvalidBearerToken) }
    }

    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_and_never_printed() {
        let token = BearerToken::parse(r#"{"token":"s3cr3t"}"#).unwrap();

        assert_eq!(token.expose(), "s3cr3t");
        assert!(!format!("{token:?}").contains("s3cr3t"));
    }

    #[test]
    fn a_token_that_cannot_stand_in_a_header_is_refused() {
        for secret in [
            "",
            "{}",
            r#"{"token":""}"#,
            r#"{"token":1}"#,
            r#"{"token":"a b"}"#,
            r#"{"token":"a\n"}"#,
        ] {
            assert!(BearerToken::parse(secret).is_err(), "{secret}");
        }
    }
}
