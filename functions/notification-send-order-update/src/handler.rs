//! One task of `notification.send-order-update`: everything owed to the customer is sent (§23).
//!
//! Trigger: a schedule starts a loop that serves the topic until its deadline; each task at least
//! once. Running one twice is safe: each communication is claimed with its request id before the
//! call, and one that may have been sent is asked about before anything is sent again.
//!
//! The task is completed only when no communication of the order is open any more. A communication
//! that was refused for good is not open: the order is completed already, and nobody waits for it.

use std::time::Duration;

use camunda_client::ExternalTask;
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::{Error, LambdaEvent};
use lambda_support::external_task_loop::{LoopSummary, TaskOutcome, retry_after};
use lambda_support::http::client;
use order_store::commands::{RecordOutcome, begin_notifications, record_notification};
use order_store::{StoreError, order_reference};
use serde_json::Value;
use topic_worker::{ConnectError, Milestone, OrderPointers, Worker, secrets_client, technical};

use crate::config::Config;
use crate::delivery::{Channel, Next};

/// The capability that the process asks for.
pub const TOPIC: &str = "notification.send-order-update";

const MILESTONE: Milestone = Milestone {
    function: "notification-send-order-update",
    topic: TOPIC,
    command: "SEND_ORDER_UPDATE",
    bpmn_error: None,
};
/// Longer than a query and a submit take together; afterwards a crashed claim is free again.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// Above every system's own limit, which is at most 120 s.
const HTTP_TOTAL_TIMEOUT: Duration = Duration::from_secs(125);

/// What the function holds between invocations.
#[derive(Debug)]
pub struct Deps {
    worker: Worker,
    channel: Channel,
}

impl Deps {
    /// Connects to database and engine.
    ///
    /// # Errors
    /// [`ConnectError`]; the platform then reports that the function did not start.
    pub async fn connect(config: &Config) -> Result<Self, ConnectError> {
        let http = client(HTTP_TOTAL_TIMEOUT).map_err(ConnectError::Http)?;
        let secrets = secrets_client(&config.topic.secrets)?;
        let channel = Channel::new(http, secrets, config.callback_base_url.clone());
        Ok(Self::new(Worker::connect(&config.topic).await?, channel))
    }

    /// Puts together what exists.
    #[must_use]
    pub const fn new(worker: Worker, channel: Channel) -> Self {
        Self { worker, channel }
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

/// Sends what is owed for the order of a task.
pub async fn execute_task(deps: &Deps, task: &ExternalTask) -> TaskOutcome {
    let pointers = match deps.worker.pointers(&MILESTONE, task) {
        Ok(pointers) => pointers,
        Err(incident) => return incident,
    };
    let outcome = async {
        match send_due(deps, task, &pointers).await? {
            Next::Done | Next::Check => complete_or_wait(deps, task, &pointers).await,
            Next::Retry { reason, not_before } => Ok(retry(task, reason, not_before)),
            Next::Mend { reason } => Ok(TaskOutcome::give_up(reason)),
        }
    };
    outcome.await.unwrap_or_else(|error| technical(task, &error))
}

/// Claims, delivers and records each due communication; answers the most pressing next thing.
async fn send_due(
    deps: &Deps,
    task: &ExternalTask,
    pointers: &OrderPointers,
) -> Result<Next, StoreError> {
    let store = deps.worker.store();
    let ctx = deps.worker.context(&MILESTONE, task, pointers);
    let tx = store.tenant_tx(&pointers.tenant).await?;
    let mut most_pressing = Next::Done;
    for attempt in begin_notifications(tx, pointers.order_id, &ctx, LEASE).await? {
        let delivered = deps.channel.deliver(pointers, &attempt, || deps.worker.now()).await;
        let ctx = deps.worker.context(&MILESTONE, task, pointers);
        let tx = store.tenant_tx(&pointers.tenant).await?;
        let claim = (attempt.id, attempt.lease_epoch);
        let told = (&delivered.result, delivered.attempts.as_slice());
        match record_notification(tx, &ctx, claim, told).await? {
            RecordOutcome::Recorded => most_pressing = most_pressing.max(delivered.next),
            // Whoever claimed it after us asks first; whether it is open is read below.
            RecordOutcome::LeaseLost => {
                tracing::warn!(notification.id = %attempt.id, "the claim ran out during the call");
            }
        }
    }
    Ok(most_pressing)
}

/// An empty claim proves nothing: a communication may be leased, or its check not due yet.
async fn complete_or_wait(
    deps: &Deps,
    task: &ExternalTask,
    pointers: &OrderPointers,
) -> Result<TaskOutcome, StoreError> {
    let tx = deps.worker.store().tenant_tx(&pointers.tenant).await?;
    let due = order_reference::next_open_communication(tx, pointers.order_id).await?;
    Ok(match due {
        None => TaskOutcome::complete(),
        Some(due) => {
            let message = "it is not known yet whether the customer was told";
            TaskOutcome::wait(task, message, until(due, deps.worker.now()))
        }
    })
}

fn until(due: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(due.duration_since(now)).unwrap_or(Duration::ZERO)
}

fn retry(task: &ExternalTask, message: String, not_before: Option<Duration>) -> TaskOutcome {
    let (retries, retry_timeout) = retry_after(task);
    TaskOutcome::Failure {
        message,
        details: String::new(),
        retries,
        retry_timeout: retry_timeout.max(not_before.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests;
