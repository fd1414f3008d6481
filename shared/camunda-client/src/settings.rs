//! Where the engine is and how it is spoken to.

use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;

/// Above the engine pool's own 5 s, below what a function has left (ENGINE, section 10).
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// What a long poll may take beyond the time it asked to be parked.
const LONG_POLL_ALLOWANCE: Duration = Duration::from_secs(7);

/// Address, credentials and timeouts of one engine.
#[derive(Debug, Clone)]
pub struct EngineSettings {
    pub(crate) base: Url,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) request_timeout: Duration,
    pub(crate) long_poll_allowance: Duration,
}

/// The password is never printed.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    pub(crate) username: String,
    pub(crate) password: SecretString,
}

/// The text is not the address of an engine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an http(s) address without credentials, query and fragment")]
pub struct InvalidEngineUrl;

impl EngineSettings {
    /// The engine behind an address such as `http://host:8080/engine-rest`.
    ///
    /// # Errors
    /// [`InvalidEngineUrl`] for another scheme, and for credentials, a query or a fragment in it.
    pub fn parse(url: &str) -> Result<Self, InvalidEngineUrl> {
        let base: Url = url.parse().map_err(|_| InvalidEngineUrl)?;
        let is_plain = matches!(base.scheme(), "http" | "https")
            && base.has_host()
            && base.username().is_empty()
            && base.password().is_none()
            && base.query().is_none()
            && base.fragment().is_none();
        if !is_plain {
            return Err(InvalidEngineUrl);
        }
        Ok(Self {
            base,
            credentials: None,
            request_timeout: REQUEST_TIMEOUT,
            long_poll_allowance: LONG_POLL_ALLOWANCE,
        })
    }

    /// Uses HTTP basic authentication; each worker group has its own engine user.
    #[must_use]
    pub fn with_credentials(mut self, username: impl Into<String>, password: SecretString) -> Self {
        self.credentials = Some(Credentials { username: username.into(), password });
        self
    }

    /// Replaces both timeouts, for tests that make an engine hang.
    #[must_use]
    pub const fn with_request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self.long_poll_allowance = timeout;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_with_credentials_or_another_scheme_is_refused() {
        for text in ["", "engine", "ftp://h/engine-rest", "http://u:p@h/e", "http://h/e?x=1"] {
            assert!(EngineSettings::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_password_is_not_printed() {
        let settings = EngineSettings::parse("http://localhost:8080/engine-rest")
            .expect("valid address")
            .with_credentials("demo", SecretString::from("sesame"));

        assert!(!format!("{settings:?}").contains("sesame"));
    }
}
