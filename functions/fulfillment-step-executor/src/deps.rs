//! What the function holds between batches.

use lambda_support::clock::{self, Clock};
use lambda_support::database;
use lambda_support::http::ClientError;
use lambda_support::secrets::SecretsClient;
use lambda_support::targets::Targets;
use order_domain::actor::Actor;
use order_store::{CommandContext, Store};
use reqwest::Url;

use crate::config::Config;
use crate::policy;

/// The store, the way to target systems, and the clock.
pub struct Deps {
    pub(crate) store: Store,
    pub(crate) targets: Targets,
    pub(crate) callback_base_url: Url,
    clock: Clock,
}

impl Deps {
    /// Opens the store and the HTTP client, so that the first batch is warm.
    ///
    /// # Errors
    /// When a secret or the store cannot be reached; the platform is told.
    pub async fn connect(config: &Config) -> Result<Self, lambda_runtime::Error> {
        let secrets = SecretsClient::new(config.secrets.clone())?;
        let store = database::connect(&secrets, &config.database, policy::MAX_CONNECTIONS).await?;
        Ok(Self::new(store, secrets, config.callback_base_url.clone())?)
    }

    /// Puts parts together; tests bring a store of their own.
    ///
    /// # Errors
    /// [`ClientError`]; it depends on the build, not on the environment.
    pub fn new(
        store: Store,
        secrets: SecretsClient,
        callback_base_url: Url,
    ) -> Result<Self, ClientError> {
        let targets = Targets::new(secrets)?;
        Ok(Self { store, targets, callback_base_url, clock: clock::system() })
    }

    /// With another clock, for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    pub(crate) fn context(&self, request_id: &str, traceparent: Option<String>) -> CommandContext {
        let worker_id = format!("fulfillment-step-executor:{request_id}");
        let actor = Actor::function("fulfillment-step-executor", Some(worker_id));
        CommandContext::new(actor, (self.clock)()).with_traceparent(traceparent)
    }
}

impl std::fmt::Debug for Deps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deps").field("store", &self.store).finish_non_exhaustive()
    }
}
