//! One topic function at work: the loop around it and the command inside it.

use std::time::Duration;

use camunda_client::{EngineClient, EngineError, ExternalTask, Variables};
use fault_points::{CrashPoint, SeededBug, reach};
use jiff::Timestamp;
use lambda_runtime::Context;
use lambda_support::Deadline;
use lambda_support::clock::{self, Clock};
use lambda_support::database;
use lambda_support::external_task_loop::{
    self, LoopEnd, LoopMode, LoopSettings, LoopSummary, Polling, TaskOutcome,
};
use lambda_support::termination::Termination;
use order_domain::actor::Actor;
use order_domain::ids::OrderId;
use order_store::commands::CommandOutcome;
use order_store::{CommandContext, Store, StoreError, TenantTx};

use crate::answer::answer;
use crate::config::TopicConfig;
use crate::connect::{ConnectError, ENGINE_TOTAL_TIMEOUT, secrets_client};
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
pub struct Worker {
    engine: EngineClient,
    store: Store,
    clock: Clock,
    mode: LoopMode,
    polling: Option<Polling>,
    termination: Termination,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").field("store", &self.store).finish_non_exhaustive()
    }
}

impl Worker {
    /// Connects to database and engine, and listens for SIGTERM: tasks in hand are given back.
    ///
    /// # Errors
    /// [`ConnectError`]; the platform then reports that the function did not start.
    pub async fn connect(config: &TopicConfig) -> Result<Self, ConnectError> {
        let secrets = secrets_client(&config.secrets)?;
        let store = database::connect(&secrets, &config.database, MAX_CONNECTIONS);
        let store = store.await.map_err(ConnectError::Database)?;
        let engine = config.engine.client(&secrets, ENGINE_TOTAL_TIMEOUT);
        let engine = engine.await.map_err(ConnectError::Engine)?;
        let termination = Termination::on_sigterm().map_err(ConnectError::Signal)?;
        Ok(Self { termination, ..Self::new(engine, store) })
    }

    /// A worker over connections that exist.
    #[must_use]
    pub fn new(engine: EngineClient, store: Store) -> Self {
        let (clock, mode) = (clock::system(), LoopMode::UntilDeadline);
        Self { engine, store, clock, mode, polling: None, termination: Termination::new() }
    }

    /// Takes the time from another clock; for tests.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Ends each invocation as soon as no task is left; for tests and drills.
    #[must_use]
    pub fn draining(self) -> Self {
        Self { mode: LoopMode::Drain, ..self }
    }

    /// Asks the engine once per interval instead of parking a request: for exception topics.
    #[must_use]
    pub fn asking_every(self, interval: Duration) -> Self {
        Self { polling: Some(Polling::Every(interval)), ..self }
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

    /// Serves the topic until the invocation's deadline, or until the process is told to stop; see
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
        let polling = self.polling.unwrap_or(settings.polling);
        let settings = LoopSettings { mode: self.mode, polling, ..settings };
        let end = LoopEnd::from(deadline).or_when(self.termination.signal());
        external_task_loop::run(&self.engine, &settings, end, execute).await
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
        let outcome = async {
            reach(CrashPoint::TopicAfterFetch).await?;
            if SeededBug::CompleteBeforeCommit.is_present() {
                self.complete_first(task).await;
            }
            let tx = self.store.tenant_tx(&pointers.tenant).await?;
            let outcome = command(tx, pointers.order_id, &context).await?;
            reach(CrashPoint::TopicAfterCommit).await?;
            Ok(outcome)
        };
        answer(task, milestone.bpmn_error, outcome.await)
    }

    /// Bug 9: the process goes on, whatever becomes of the command.
    async fn complete_first(&self, task: &ExternalTask) {
        let worker_id = task.worker_id.as_deref().unwrap_or_default();
        let told = self.engine.complete_task(&task.id, worker_id, &Variables::none()).await;
        tracing::debug!(?told, "completed before the command");
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
