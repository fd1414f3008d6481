//! What the function holds between batches.

use jiff::Timestamp;
use lambda_support::clock::{self, Clock};
use lambda_support::database;
use lambda_support::secrets::SecretsClient;
use order_domain::actor::Actor;
use order_store::{CommandContext, Store};

use crate::config::Config;
use crate::policy;

/// The store and the clock.
pub struct Deps {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
}

impl Deps {
    /// Opens the store, so that the first batch is warm.
    ///
    /// # Errors
    /// When a secret or the store cannot be reached; the platform is told.
    pub async fn connect(config: &Config) -> Result<Self, lambda_runtime::Error> {
        let secrets = SecretsClient::new(config.secrets.clone())?;
        let store = database::connect(&secrets, &config.database, policy::MAX_CONNECTIONS).await?;
        Ok(Self::new(store))
    }

    /// With a store that is open already.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, clock: clock::system() }
    }

    /// With another clock, for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    pub(crate) fn context(&self, request_id: &str, traceparent: Option<String>) -> CommandContext {
        let worker_id = format!("callback-processor:{request_id}");
        let actor = Actor::function("callback-processor", Some(worker_id));
        CommandContext::new(actor, self.now()).with_traceparent(traceparent)
    }
}

impl std::fmt::Debug for Deps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deps").field("store", &self.store).finish_non_exhaustive()
    }
}
