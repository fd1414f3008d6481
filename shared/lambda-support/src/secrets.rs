//! Secrets by id from the endpoint that runs beside the function (the AWS Parameters and Secrets
//! extension, or the local simulator, which serves the same contract).
//!
//! A secret is kept for [`TTL`]; afterwards it is fetched again, and when that fails the old one
//! stays in use, so that an outage of the endpoint does not stop a running function.
//! When the other side refuses a secret, [`SecretsClient::refetch`] looks once whether it was
//! rotated. Secrets never appear in errors, logs or `Debug` output.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;

use crate::config::Settings;
use crate::http::{ClientError, client};

mod fetch;

pub use fetch::FetchError;

/// How long a secret is used before it is fetched again.
pub const TTL: Duration = Duration::from_secs(300);
/// A refused secret is looked up again at most this often, so that strangers cannot make us ask.
pub const MIN_REFETCH_INTERVAL: Duration = Duration::from_secs(10);
/// An id that does not exist is not asked for again before this has passed.
const ABSENT_TTL: Duration = Duration::from_secs(30);
/// Ids can come from URLs, so the cache is bounded.
const MAX_ENTRIES: usize = 1_000;
const TIMEOUT: Duration = Duration::from_secs(3);
const DEFAULT_ENDPOINT: &str = "http://localhost:2773";

/// Where secrets come from; part of the config of a function.
#[derive(Debug, Clone)]
pub struct SecretsEndpoint {
    url: Url,
    session_token: Option<SecretString>,
}

impl SecretsEndpoint {
    /// Reads `OMS_SECRETS_ENDPOINT` and the platform's `AWS_SESSION_TOKEN`.
    pub fn from_settings(settings: &Settings) -> Option<Self> {
        let session_token = settings.optional_credential("AWS_SESSION_TOKEN");
        Some(Self {
            url: settings.url_or("OMS_SECRETS_ENDPOINT", DEFAULT_ENDPOINT)?,
            session_token,
        })
    }
}

/// No secret could be given; names the id, never a value.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// There is no secret with this id.
    #[error("there is no secret {id}")]
    NotFound {
        /// The id that was asked for.
        id: String,
    },
    /// The endpoint did not give it, and no earlier value is known.
    #[error("the secret {id} could not be fetched")]
    Unavailable {
        /// The id that was asked for.
        id: String,
        /// What the endpoint did.
        #[source]
        source: FetchError,
    },
    /// The secret is there, but is not the JSON that the function expects.
    #[error("the secret {id} does not have the expected fields (line {line}, column {column})")]
    Malformed {
        /// The id that was asked for.
        id: String,
        /// The line of the first error; the message of the parser would quote the secret.
        line: usize,
        /// The column of the first error.
        column: usize,
    },
}

/// What a second look after a refusal found.
#[must_use]
#[derive(Debug)]
pub enum Refetched {
    /// The secret was rotated: try once more with this one.
    Changed(SecretString),
    /// It is still the same, or was looked up a moment ago: the refusal stands.
    Unchanged,
}

/// Gives secrets by id and remembers them.
#[derive(Debug)]
pub struct SecretsClient {
    http: reqwest::Client,
    endpoint: SecretsEndpoint,
    ttl: Duration,
    min_refetch_interval: Duration,
    cache: Mutex<HashMap<String, Entry>>,
}

#[derive(Debug, Clone)]
struct Entry {
    /// `None`: the endpoint says that there is no such secret.
    value: Option<SecretString>,
    fetched_at: Instant,
}

impl SecretsClient {
    /// A client of the endpoint with an empty cache.
    ///
    /// # Errors
    ///
    /// [`ClientError`] when the HTTP client cannot be made.
    pub fn new(endpoint: SecretsEndpoint) -> Result<Self, ClientError> {
        Ok(Self {
            http: client(TIMEOUT)?,
            endpoint,
            ttl: TTL,
            min_refetch_interval: MIN_REFETCH_INTERVAL,
            cache: Mutex::default(),
        })
    }

    /// The same client with other times; for tests.
    #[must_use]
    pub fn with_times(mut self, ttl: Duration, min_refetch_interval: Duration) -> Self {
        self.ttl = ttl;
        self.min_refetch_interval = min_refetch_interval;
        self
    }

    /// The secret as text.
    ///
    /// # Errors
    ///
    /// [`SecretsError::NotFound`] or [`SecretsError::Unavailable`].
    pub async fn text(&self, id: &str) -> Result<SecretString, SecretsError> {
        let known = self.entry(id);
        if let Some(entry) = known.as_ref().filter(|entry| entry.is_fresh(self.ttl)) {
            return entry.value.clone().ok_or_else(|| SecretsError::NotFound { id: id.to_owned() });
        }
        match self.fetch_and_keep(id).await {
            Err(SecretsError::Unavailable { source, .. }) => {
                let stale = known.and_then(|entry| entry.value).ok_or_else(|| {
                    SecretsError::Unavailable { id: id.to_owned(), source: source.clone() }
                })?;
                tracing::warn!(secret.id = id, error = %source, "an older value of a secret is used");
                Ok(stale)
            }
            other => other,
        }
    }

    /// The secret as JSON fields; use [`SecretString`] for the sensitive ones.
    ///
    /// # Errors
    ///
    /// As [`SecretsClient::text`], and [`SecretsError::Malformed`].
    pub async fn json<T: DeserializeOwned>(&self, id: &str) -> Result<T, SecretsError> {
        parse_json(id, &self.text(id).await?)
    }

    /// Looks once more after the other side refused the secret.
    ///
    /// # Errors
    ///
    /// [`SecretsError::NotFound`] or [`SecretsError::Unavailable`].
    pub async fn refetch(&self, id: &str) -> Result<Refetched, SecretsError> {
        let known = self.entry(id);
        if known.as_ref().is_some_and(|it| it.fetched_at.elapsed() < self.min_refetch_interval) {
            return Ok(Refetched::Unchanged);
        }
        let fetched = self.fetch_and_keep(id).await?;
        let before = known.and_then(|entry| entry.value);
        let is_same = before.is_some_and(|it| it.expose_secret() == fetched.expose_secret());
        Ok(if is_same { Refetched::Unchanged } else { Refetched::Changed(fetched) })
    }

    async fn fetch_and_keep(&self, id: &str) -> Result<SecretString, SecretsError> {
        let fetched = fetch::secret(&self.http, &self.endpoint, id).await;
        let value =
            fetched.map_err(|source| SecretsError::Unavailable { id: id.to_owned(), source })?;
        self.keep(id, Entry { value: value.clone(), fetched_at: Instant::now() });
        value.ok_or_else(|| SecretsError::NotFound { id: id.to_owned() })
    }

    fn entry(&self, id: &str) -> Option<Entry> {
        self.locked().get(id).cloned()
    }

    fn keep(&self, id: &str, entry: Entry) {
        let mut cache = self.locked();
        if cache.len() >= MAX_ENTRIES {
            cache.retain(|_, entry| entry.value.is_some());
        }
        if cache.len() < MAX_ENTRIES || cache.contains_key(id) {
            cache.insert(id.to_owned(), entry);
        }
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        // The map is whole even if a thread panicked while it held the lock.
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn is_fresh(&self, ttl: Duration) -> bool {
        let ttl = if self.value.is_some() { ttl } else { ttl.min(ABSENT_TTL) };
        self.fetched_at.elapsed() < ttl
    }
}

/// The fields of a secret whose text is JSON.
///
/// # Errors
///
/// [`SecretsError::Malformed`] with the place but without the text.
pub fn parse_json<T: DeserializeOwned>(id: &str, secret: &SecretString) -> Result<T, SecretsError> {
    serde_json::from_str(secret.expose_secret()).map_err(|error| SecretsError::Malformed {
        id: id.to_owned(),
        line: error.line(),
        column: error.column(),
    })
}

#[cfg(test)]
mod tests;
