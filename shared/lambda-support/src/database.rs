//! From settings to the database: secret, TLS, pool.
//!
//! A function connects while it starts, as the role of its own secret, so that the first event
//! finds a warm connection and a wrong secret is reported by the platform and not by an order.

use std::path::PathBuf;

use futures_util::future::join3;
use order_store::{DatabaseAddress, DatabaseSettings, Dialed, SslMode, Store, StoreError};

use crate::config::Settings;
use crate::secrets::{SecretsClient, SecretsError};
use crate::tls::{TlsError, rustls_config};

/// Setting of where the database is.
const ADDRESS: &str = "OMS_DATABASE_ADDRESS";

/// Where a function finds the login of its database role.
#[derive(Debug, Clone)]
pub struct DatabaseConfig {
    secret_id: String,
    ca_path: Option<PathBuf>,
    address: Option<DatabaseAddress>,
}

/// What a connection is opened with.
#[derive(Debug)]
pub struct DatabaseLogin {
    /// Host, database, role and password.
    pub settings: DatabaseSettings,
    /// `None` where the secret says that TLS is off.
    pub tls: Option<rustls::ClientConfig>,
    /// A connection that was opened while the secret was read.
    pub dialed: Option<Dialed>,
}

/// The database cannot be used; says why without quoting the secret.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The secret is missing or unreachable.
    #[error("the database secret cannot be read")]
    Secret(#[source] SecretsError),
    /// The bundle of certificate authorities cannot be read.
    #[error("the bundle of certificate authorities cannot be read")]
    Bundle(#[source] std::io::Error),
    /// The bundle holds no usable certificates.
    #[error("the bundle of certificate authorities cannot be used")]
    Tls(#[source] TlsError),
    /// The secret is not a login, or the database refuses it or cannot be reached.
    #[error("the database cannot be used")]
    Store(#[source] StoreError),
}

impl DatabaseConfig {
    /// Reads `OMS_DATABASE_SECRET_ID`; `OMS_DATABASE_CA_PATH` where the database has its own
    /// authority; and `OMS_DATABASE_ADDRESS`, `host:port`, where it is known beforehand.
    pub fn from_settings(settings: &Settings) -> Option<Self> {
        let secret_id = settings.text("OMS_DATABASE_SECRET_ID");
        let ca_path = settings.optional_text("OMS_DATABASE_CA_PATH").map(PathBuf::from);
        let known = settings.optional_text(ADDRESS);
        let address = known.as_deref().and_then(DatabaseAddress::parse);
        if known.is_some() && address.is_none() {
            settings.note(ADDRESS, "must be host:port");
        }
        Some(Self { secret_id: secret_id?, ca_path, address })
    }

    /// Reads the secret, and the bundle where the secret wants TLS.
    ///
    /// # Errors
    /// [`DatabaseError`]; nothing was asked of the database.
    pub async fn login(&self, secrets: &SecretsClient) -> Result<DatabaseLogin, DatabaseError> {
        let secret = secrets.text(&self.secret_id).await.map_err(DatabaseError::Secret)?;
        let settings = DatabaseSettings::parse(&secret).map_err(DatabaseError::Store)?;
        let tls = match settings.sslmode() {
            SslMode::Disable => None,
            SslMode::VerifyFull => Some(self.tls()?),
        };
        Ok(DatabaseLogin { settings, tls, dialed: None })
    }

    /// The same, and dials at the same time where the address is known: for who opens the store next.
    /// What was dialed is used only if the secret names the same address.
    ///
    /// # Errors
    /// As [`DatabaseConfig::login`].
    pub async fn dialed_login(
        &self,
        secrets: &SecretsClient,
    ) -> Result<DatabaseLogin, DatabaseError> {
        let early = async { Store::count_processors_early() };
        // In this order: what takes longest first, and what nobody answers last.
        let (dialed, login, ()) = join3(self.dial(), self.login(secrets), early).await;
        Ok(DatabaseLogin { dialed, ..login? })
    }

    async fn dial(&self) -> Option<Dialed> {
        let dialed = self.address.clone()?.dial().await;
        if dialed.is_none() {
            tracing::warn!("nobody answers at OMS_DATABASE_ADDRESS");
        }
        dialed
    }

    fn tls(&self) -> Result<rustls::ClientConfig, DatabaseError> {
        let bundle = self.ca_path.as_deref().map(std::fs::read).transpose();
        rustls_config(bundle.map_err(DatabaseError::Bundle)?.as_deref()).map_err(DatabaseError::Tls)
    }
}

impl DatabaseLogin {
    /// Opens the store with at most so many connections, the first one now.
    ///
    /// # Errors
    /// [`DatabaseError::Store`].
    pub async fn open(self, max_connections: usize) -> Result<Store, DatabaseError> {
        let Self { settings, tls, dialed } = self;
        let store = Store::connect_on(dialed, &settings, tls, max_connections).await;
        store.map_err(DatabaseError::Store)
    }
}

/// Opens the store as the role of the secret, with at most so many connections.
///
/// # Errors
/// [`DatabaseError`]; the platform is told that the function did not start.
pub async fn connect(
    secrets: &SecretsClient,
    config: &DatabaseConfig,
    max_connections: usize,
) -> Result<Store, DatabaseError> {
    config.dialed_login(secrets).await?.open(max_connections).await
}

#[cfg(test)]
mod tests;
