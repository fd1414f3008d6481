//! What the function holds between runs.

use jiff::Timestamp;
use lambda_support::clock::{self, Clock};
use lambda_support::database;
use lambda_support::secrets::SecretsClient;
use order_domain::actor::Actor;
use order_domain::tenant::TenantId;
use order_store::{CommandContext, Store, StoreError, TenantTx};

use crate::config::Config;
use crate::policy;

/// The store and the clock.
pub struct Deps {
    pub(crate) store: Store,
    clock: Clock,
}

impl Deps {
    /// Opens the store, so that the first round is warm.
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

    pub(crate) async fn begin(&self, tenant: &TenantId) -> Result<TenantTx, StoreError> {
        self.store.tenant_tx(tenant).await
    }

    /// For what the worker does in its own name.
    pub(crate) fn context(&self, worker_id: &str) -> CommandContext {
        CommandContext::new(
            Actor::function("bulk-recovery", Some(worker_id.to_owned())),
            self.now(),
        )
    }
}

impl std::fmt::Debug for Deps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deps").field("store", &self.store).finish_non_exhaustive()
    }
}
