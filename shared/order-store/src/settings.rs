//! How to reach the database: the JSON of one secret, one secret per function role.

use std::net::SocketAddr;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::dial::{CONNECT_TIMEOUT, KEEPALIVES_IDLE, TCP_USER_TIMEOUT};
use crate::error::StoreError;

/// How long an answer is waited for. A database that is silent, and not gone, is found by nothing
/// else: the kernels at both ends go on acknowledging.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Whether the connection is encrypted and checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SslMode {
    /// TLS, and the certificate must name the host; a server that has none is refused.
    VerifyFull,
    /// No TLS: a database on the same machine.
    Disable,
}

/// Connection settings of one role.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSettings {
    host: String,
    port: u16,
    dbname: String,
    username: String,
    password: SecretString,
    sslmode: SslMode,
    #[serde(skip, default = "default_answer_timeout")]
    answer_timeout: Duration,
}

const fn default_answer_timeout() -> Duration {
    ANSWER_TIMEOUT
}

impl DatabaseSettings {
    /// Reads the secret's JSON.
    ///
    /// # Errors
    /// [`StoreError::Settings`] without the secret's content.
    pub fn parse(secret: &SecretString) -> Result<Self, StoreError> {
        serde_json::from_str(secret.expose_secret()).map_err(|error| {
            StoreError::Settings(format!(
                "the database secret is not usable JSON ({:?} at column {})",
                error.classify(),
                error.column()
            ))
        })
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// Whether TLS is wanted.
    #[must_use]
    pub const fn sslmode(&self) -> SslMode {
        self.sslmode
    }

    /// How long one answer, a login included, is waited for.
    #[must_use]
    pub const fn answer_timeout(&self) -> Duration {
        self.answer_timeout
    }

    /// Replaces the limit, for tests that silence a database.
    #[must_use]
    pub const fn with_answer_timeout(mut self, limit: Duration) -> Self {
        self.answer_timeout = limit;
        self
    }

    /// The same database by another way, for tests that put something in between.
    #[must_use]
    pub fn reached_at(mut self, address: SocketAddr) -> Self {
        self.host = address.ip().to_string();
        self.port = address.port();
        self
    }

    /// The driver's configuration: bounded connects, keepalives, and a bound on dead peers.
    pub(crate) fn to_config(&self) -> tokio_postgres::Config {
        let mut config = tokio_postgres::Config::new();
        config
            .host(&self.host)
            .port(self.port)
            .dbname(&self.dbname)
            .user(&self.username)
            .password(self.password.expose_secret())
            .application_name("oms")
            .connect_timeout(CONNECT_TIMEOUT)
            .keepalives_idle(KEEPALIVES_IDLE)
            .tcp_user_timeout(TCP_USER_TIMEOUT)
            .ssl_mode(match self.sslmode {
                SslMode::VerifyFull => tokio_postgres::config::SslMode::Require,
                SslMode::Disable => tokio_postgres::config::SslMode::Disable,
            });
        config
    }
}
