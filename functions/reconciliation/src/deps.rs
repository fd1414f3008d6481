//! What the function holds between runs.

use std::sync::Mutex;

use camunda_client::EngineClient;
use jiff::Timestamp;
use lambda_support::clock::{self, Clock};
use lambda_support::database;
use lambda_support::http::ClientError;
use lambda_support::secrets::SecretsClient;
use order_domain::actor::Actor;
use order_store::{CommandContext, Store};

use crate::config::Config;
use crate::policy;
use crate::query::Queries;

/// The store, the clock, and the ways to target systems and engine.
pub struct Deps {
    pub(crate) store: Store,
    pub(crate) queries: Queries,
    pub(crate) engine: Option<EngineClient>,
    /// When everything that the engine reports was looked at last.
    pub(crate) engine_look: Mutex<Option<Timestamp>>,
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
        let engine = config.engine.client(&secrets, policy::ENGINE_CALL).await?;
        Ok(Self::new(store, secrets)?.with_engine(engine))
    }

    /// With a store that is open already.
    ///
    /// # Errors
    /// [`ClientError`]; it depends on the build, not on the environment.
    pub fn new(store: Store, secrets: SecretsClient) -> Result<Self, ClientError> {
        let queries = Queries::new(secrets)?;
        let (engine, engine_look) = (None, Mutex::default());
        Ok(Self { store, queries, engine, engine_look, clock: clock::system() })
    }

    /// With the engine whose processes are compared; without one they are left alone.
    #[must_use]
    pub fn with_engine(mut self, engine: EngineClient) -> Self {
        self.engine = Some(engine);
        self
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

    pub(crate) fn context(&self, request_id: &str) -> CommandContext {
        let worker_id = format!("reconciliation:{request_id}");
        let actor = Actor::function("reconciliation", Some(worker_id));
        CommandContext::new(actor, self.now())
    }
}

impl std::fmt::Debug for Deps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deps").field("store", &self.store).finish_non_exhaustive()
    }
}
