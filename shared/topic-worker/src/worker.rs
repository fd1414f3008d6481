//! One topic function at work: the loop around it and the command inside it.

use std::time::Duration;

use camunda_client::{EngineClient, EngineError, ExternalTask};
use jiff::Timestamp;
use lambda_runtime::Context;
use lambda_support::Deadline;
use lambda_support::database;
use lambda_support::external_task_loop::{self, LoopMode, LoopSettings, LoopSummary, TaskOutcome};
use order_domain::actor::Actor;
use order_domain::ids::OrderId;
use order_store::commands::CommandOutcome;
use order_store::{CommandContext, Store, StoreError, TenantTx};

use crate::answer::{answer, technical};
use crate::config::TopicConfig;
use crate::connect::{ConnectError, engine_client, secrets_client};
use crate::pointers::{OrderPointers, idempotency_key};

/// One connection is enough: a command takes two round trips, an engine call several times that.
const MAX_CONNECTIONS: usize = 1;

/// What tells one topic function from the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Milestone {
    /// The function: first part of its worker ids, and the actor of its commands.
    pub function: &'static str,
    /// The capability it serves.
    pub topic: &'static str,
    /// The command in its idempotency keys.
    pub command: &'static str,
    /// The code that the model catches; `None` where the model knows no business "no".
    pub bpmn_error: Option<&'static str>,
}

/// What every topic function holds between invocations.
#[derive(Debug)]
pub struct Worker {
    engine: EngineClient,
    store: Store,
    clock: fn() -> Timestamp,
    mode: LoopMode,
}

impl Worker {
    /// Connects to database and engine.
    ///
    /// # Errors
    /// [`ConnectError`]; the platform then reports that the function did not start.
    pub async fn connect(config: &TopicConfig) -> Result<Self, ConnectError> {
        let secrets = secrets_client(&config.secrets)?;
        let store = database::connect(&secrets, &config.database, MAX_CONNECTIONS);
        let store = store.await.map_err(ConnectError::Database)?;
        let login = config.engine_secret_id.as_deref();
        let engine = engine_client(&secrets, config.engine.clone(), login).await?;
        Ok(Self::new(engine, store))
    }

    /// A worker over connections that exist.
    #[must_use]
    pub fn new(engine: EngineClient, store: Store) -> Self {
        Self { engine, store, clock: Timestamp::now, mode: LoopMode::UntilDeadline }
    }

    /// Takes the time from another clock; for tests.
    #[must_use]
    pub fn with_clock(self, clock: fn() -> Timestamp) -> Self {
        Self { clock, ..self }
    }

    /// Ends each invocation as soon as no task is left; for tests and drills.
    #[must_use]
    pub fn draining(self) -> Self {
        Self { mode: LoopMode::Drain, ..self }
    }

    /// The store, for what a function reads besides its command.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The time of now, by the worker's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Serves the topic until the invocation's deadline; see
    /// [`external_task_loop::run`].
    ///
    /// # Errors
    /// The engine's answer to a fetch, when it is permanent or no fetch succeeded.
    pub async fn run<F: Future<Output = TaskOutcome>>(
        &self,
        milestone: &Milestone,
        context: &Context,
        execute: impl Fn(ExternalTask) -> F,
    ) -> Result<LoopSummary, EngineError> {
        let deadline = Deadline::from_context(context, Duration::ZERO).as_instant();
        let settings = LoopSettings::new(milestone.function, milestone.topic);
        let settings = LoopSettings { mode: self.mode, ..settings };
        external_task_loop::run(&self.engine, &settings, deadline, execute).await
    }

    /// Executes a task by its one command, in one transaction.
    pub async fn execute(
        &self,
        milestone: &Milestone,
        task: &ExternalTask,
        command: impl AsyncFnOnce(
            TenantTx,
            OrderId,
            &CommandContext,
        ) -> Result<CommandOutcome, StoreError>,
    ) -> TaskOutcome {
        let pointers = match self.pointers(milestone, task) {
            Ok(pointers) => pointers,
            Err(incident) => return incident,
        };
        let context = self.context(milestone, task, &pointers);
        match self.store.tenant_tx(&pointers.tenant).await {
            Ok(tx) => {
                let outcome = command(tx, pointers.order_id, &context).await;
                answer(task, milestone.bpmn_error, outcome)
            }
            Err(error) => technical(task, &error),
        }
    }

    /// The pointers of a task.
    ///
    /// # Errors
    /// The outcome for a task that is not ours: an incident.
    pub fn pointers(
        &self,
        milestone: &Milestone,
        task: &ExternalTask,
    ) -> Result<OrderPointers, TaskOutcome> {
        OrderPointers::parse(task, milestone.topic).map_err(|foreign| {
            tracing::error!(error = %foreign, "task is not ours to execute");
            TaskOutcome::give_up(foreign.to_string())
        })
    }

    /// What the command of a task is told: who asks, under which key, at what time.
    #[must_use]
    pub fn context(
        &self,
        milestone: &Milestone,
        task: &ExternalTask,
        pointers: &OrderPointers,
    ) -> CommandContext {
        let actor = Actor::function(milestone.function, task.worker_id.clone());
        let key = idempotency_key(milestone.command, pointers.order_id, task);
        CommandContext::new(actor, self.now()).with_idempotency_key(key)
    }
}
