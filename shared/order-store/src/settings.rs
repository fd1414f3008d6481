//! How to reach the database: the JSON of one secret, one secret per function role.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::error::StoreError;

/// Whether the connection is encrypted and checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SslMode {
    /// TLS, and the certificate must name the host.
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

    /// Whether TLS is wanted.
    #[must_use]
    pub const fn sslmode(&self) -> SslMode {
        self.sslmode
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
            .connect_timeout(std::time::Duration::from_secs(3))
            .keepalives_idle(std::time::Duration::from_secs(20))
            .tcp_user_timeout(std::time::Duration::from_secs(10));
        config
    }
}
