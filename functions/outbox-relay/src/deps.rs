//! What the function holds between runs.

use camunda_client::EngineClient;
use futures_util::future::try_join;
use jiff::Timestamp;
use lambda_runtime::Error;
use lambda_support::clock::{self, Clock};
use lambda_support::secrets::SecretsClient;
use lambda_support::termination::Termination;
use message_sinks::{AwsConnection, EventBus, StepQueue};
use order_store::Store;
use workflow_delivery::WorkflowDelivery;

use crate::config::Config;
use crate::policy;

/// The store, and everybody who is owed something.
pub struct Deps {
    pub(crate) store: Store,
    pub(crate) engine: EngineClient,
    /// Where READY steps go; tests look at what it got.
    pub steps: StepQueue,
    /// Where domain events go.
    pub events: EventBus,
    clock: Clock,
    pub(crate) termination: Termination,
}

impl Deps {
    /// Opens the store and the clients, so that the first round is warm, and listens for SIGTERM; what
    /// waits for nobody is made while others are waited for (ADR 0015).
    ///
    /// # Errors
    /// When a secret or the store cannot be reached, or AWS not addressed; the platform is told.
    pub async fn connect(config: &Config) -> Result<Self, Error> {
        let secrets = SecretsClient::new(config.secrets.clone())?;
        let (login, engine) = try_join(
            async { config.database.dialed_login(&secrets).await.map_err(Error::from) },
            async { Ok(config.engine.client(&secrets, policy::ENGINE_CALL).await?) },
        )
        .await?;
        let (store, aws) = try_join(
            async { login.open(policy::MAX_CONNECTIONS).await.map_err(Error::from) },
            async { Ok(AwsConnection::from_environment()?) },
        )
        .await?;
        let steps = StepQueue::connect(&aws, config.step_queue_url.as_str());
        let sinks = (steps, EventBus::connect(&aws, &config.event_bus_name));
        let termination = Termination::on_sigterm()?;
        Ok(Self::new(store, engine, sinks).ending_with(termination))
    }

    /// With parts that are made already.
    #[must_use]
    pub fn new(store: Store, engine: EngineClient, (steps, events): (StepQueue, EventBus)) -> Self {
        let (clock, termination) = (clock::system(), Termination::new());
        Self { store, engine, steps, events, clock, termination }
    }

    /// Stops when this is told: everything that is claimed is given back.
    #[must_use]
    pub fn ending_with(mut self, termination: Termination) -> Self {
        self.termination = termination;
        self
    }

    /// With another clock, for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    pub(crate) const fn workflow(&self) -> WorkflowDelivery<'_> {
        WorkflowDelivery::new(&self.store, &self.engine, &self.clock)
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }
}

impl std::fmt::Debug for Deps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deps").field("store", &self.store).finish_non_exhaustive()
    }
}
