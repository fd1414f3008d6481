//! What the function holds between requests.

use std::sync::Arc;

use external_systems::source::{SourceSystems, SourceSystemsSettings};
use lambda_runtime::Error;
use lambda_support::clock::{self, Clock};
use lambda_support::database;
use lambda_support::http::client;
use lambda_support::jwt::TokenVerifier;
use lambda_support::secrets::SecretsClient;
use order_store::Store;

use crate::config::Config;
use crate::policy::{CPQ_TIMEOUT, MAX_CONNECTIONS};

/// The store, the CPQ, and whose tokens are believed.
pub struct Deps {
    pub(crate) store: Store,
    pub(crate) sources: SourceSystems,
    pub(crate) verifier: Arc<TokenVerifier>,
    /// Tells the time; tests may set it.
    pub(crate) clock: Clock,
}

impl Deps {
    /// Connects to the database.
    ///
    /// # Errors
    /// Whatever is missing, for the platform's log.
    pub async fn connect(config: &Config) -> Result<Self, Error> {
        let secrets = SecretsClient::new(config.secrets.clone())?;
        let store = database::connect(&secrets, &config.database, MAX_CONNECTIONS).await?;
        Self::with_store(config, store, clock::system())
    }

    /// With a store that is connected already, for tests.
    ///
    /// # Errors
    /// The HTTP client cannot be made, or the CPQ's URL is neither https nor local.
    pub fn with_store(config: &Config, store: Store, clock: Clock) -> Result<Self, Error> {
        // The other two sources belong to readiness; this function never asks them.
        let settings = SourceSystemsSettings {
            cpq_url: config.cpq_url.to_string(),
            customer_url: config.cpq_url.to_string(),
            billing_account_url: config.cpq_url.to_string(),
            request_timeout: CPQ_TIMEOUT,
        };
        let sources = SourceSystems::new(client(CPQ_TIMEOUT)?, &settings)?;
        Ok(Self { store, sources, verifier: Arc::clone(&config.verifier), clock })
    }
}

impl std::fmt::Debug for Deps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deps").field("store", &self.store).finish_non_exhaustive()
    }
}
