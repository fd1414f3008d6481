//! One task of `order.validate-readiness`: the sources are asked, the nine checks recorded (§7).
//!
//! Trigger: a schedule starts a loop that serves the topic until its deadline; each task at least
//! once. Running one twice is safe: the sources are only read, and the command is one transaction
//! with the key of this run of the activity, so a repeat answers what the first run answered.

use camunda_client::ExternalTask;
use external_systems::source::SourceSystems;
use lambda_runtime::{Error, LambdaEvent};
use lambda_support::external_task_loop::{LoopSummary, TaskOutcome, retry_after};
use lambda_support::http::client;
use order_domain::readiness::ReadinessFindings;
use order_store::{StoreError, commands, order_reference};
use serde_json::Value;
use topic_worker::{ConnectError, Milestone, Worker, technical};

use crate::config::{Config, SOURCE_TIMEOUT};
use crate::findings::findings;
use crate::sources::{self, Unavailable};

/// The capability that the process asks for.
pub const TOPIC: &str = "order.validate-readiness";

const MILESTONE: Milestone = Milestone {
    function: "order-validate-readiness",
    topic: TOPIC,
    command: "VALIDATE_READINESS",
    bpmn_error: Some("ORDER_REQUIRES_MANUAL_REVIEW"),
};

/// What the function holds between invocations.
#[derive(Debug)]
pub struct Deps {
    worker: Worker,
    sources: SourceSystems,
}

impl Deps {
    /// Connects to database and engine; the sources are only read when a task comes.
    ///
    /// # Errors
    /// [`ConnectError`]; the platform then reports that the function did not start.
    pub async fn connect(config: &Config) -> Result<Self, ConnectError> {
        let http = client(SOURCE_TIMEOUT).map_err(ConnectError::Http)?;
        let sources = SourceSystems::new(http, &config.sources())
            .map_err(|error| ConnectError::Settings(error.to_string()))?;
        Ok(Self::new(Worker::connect(&config.topic).await?, sources))
    }

    /// Puts together what exists.
    #[must_use]
    pub const fn new(worker: Worker, sources: SourceSystems) -> Self {
        Self { worker, sources }
    }
}

/// Serves the topic until the invocation's deadline.
///
/// # Errors
/// The engine's answer to a fetch, when it is permanent or no fetch succeeded.
pub async fn handle(deps: &Deps, event: LambdaEvent<Value>) -> Result<LoopSummary, Error> {
    let execute = |task| async move { execute_task(deps, &task).await };
    Ok(deps.worker.run(&MILESTONE, &event.context, execute).await?)
}

/// Checks the order of a task and records what was found, or asks again when a source is down.
pub async fn execute_task(deps: &Deps, task: &ExternalTask) -> TaskOutcome {
    match ask(deps, task).await {
        Ok(findings) => {
            let record = async |tx, order_id, ctx: &_| {
                commands::validate_readiness(tx, order_id, ctx, findings).await
            };
            deps.worker.execute(&MILESTONE, task, record).await
        }
        Err(outcome) => outcome,
    }
}

/// No transaction is open while the sources are asked.
async fn ask(deps: &Deps, task: &ExternalTask) -> Result<ReadinessFindings, TaskOutcome> {
    let pointers = deps.worker.pointers(&MILESTONE, task)?;
    let failed = |error: StoreError| technical(task, &error);
    let tx = deps.worker.store().tenant_tx(&pointers.tenant).await.map_err(failed)?;
    let order = order_reference::find(tx, pointers.order_id)
        .await
        .and_then(|found| found.ok_or(StoreError::NotFound { what: "the order" }))
        .map_err(failed)?;
    let answers = sources::ask(&deps.sources, &order)
        .await
        .map_err(|unavailable| source_unavailable(task, unavailable))?;
    Ok(findings(&answers, &order, deps.worker.now()))
}

fn source_unavailable(task: &ExternalTask, unavailable: Unavailable) -> TaskOutcome {
    tracing::warn!(reason = unavailable.message, "readiness cannot be checked now");
    let (retries, retry_timeout) = retry_after(task);
    TaskOutcome::Failure {
        message: unavailable.message,
        details: String::new(),
        retries,
        retry_timeout: retry_timeout.max(unavailable.retry_after),
    }
}

#[cfg(test)]
mod tests;
