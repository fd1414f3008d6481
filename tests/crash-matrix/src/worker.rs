//! The functions' own code with its own connections, driven by one event.
//!
//! Nothing stands in for the function: handler, store, engine client and sinks are what ships, built
//! with crash points. What they talk to is played by the test.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use callback_processor::handler as processor;
use camunda_client::{EngineClient, EngineSettings};
use fault_points::struck;
use fulfillment_step_executor::handler as executor;
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::{Context, LambdaEvent};
use lambda_support::Deadline;
use lambda_support::clock::Clock;
use lambda_support::config::Settings;
use lambda_support::external_task_loop::{self, LoopSettings};
use lambda_support::http::client;
use lambda_support::secrets::{SecretsClient, SecretsEndpoint};
use lambda_support::sqs_batch::{MessageVerdict, QueueMessage};
use message_sinks::{AwsConnection, CallbackQueue, EventBus, StepQueue};
use order_store::{DatabaseSettings, Store};
use reconciliation::ReconciliationSummary;
use secrecy::SecretString;
use serde_json::{Value, json};
use topic_worker::Worker;
use tower::ServiceExt;

use crate::job::{HttpRequest, Job, Message, Work};

/// What one run may take before it ends by itself.
const RUN: Duration = Duration::from_secs(30);
/// A lock that is extended while a test watches.
const SHORT_LOCK: Duration = Duration::from_millis(50);

/// Runs the job and says what the function's caller hears.
///
/// # Errors
/// Whatever the function would fail its invocation with.
pub async fn run(job: Job) -> anyhow::Result<Value> {
    match &job.work {
        Work::Intake(request) => intake(&job, request).await,
        Work::Relay => relay(&job).await,
        Work::Decompose => {
            let event = LambdaEvent::new(Value::Null, Context::default());
            let summary = order_decompose::handler::handle(&worker(&job).await?, event).await;
            Ok(summary
                .map(|x| json!({"completed": x.completed}))
                .map_err(anyhow::Error::from_boxed)?)
        }
        Work::DecomposeSlowly => decompose_slowly(&job).await,
        Work::Execute(messages) => {
            let base = "http://127.0.0.1:9".parse()?;
            let deps =
                fulfillment_step_executor::Deps::new(store(&job).await?, secrets(&job)?, base)?
                    .with_clock(clock(&job));
            let (messages, end) = (queued(messages), Deadline::after(RUN));
            let (_, verdicts) = executor::execute(&deps, "run", &messages, end).await;
            Ok(returned(&messages, &verdicts))
        }
        Work::Receive(request) => {
            let settings = settings(&job);
            let config = callback_intake::Config::from_settings(&settings)?;
            let queue = CallbackQueue::connect(config.queue_url.as_str())?;
            let deps = callback_intake::Deps::new(&config, queue)?;
            ask(callback_intake::routes::router(Arc::new(deps)), request).await
        }
        Work::Record(messages) => {
            let deps = callback_processor::Deps::new(store(&job).await?).with_clock(clock(&job));
            let messages = queued(messages);
            let (_, verdicts) = processor::process(&deps, "run", &messages).await;
            Ok(returned(&messages, &verdicts))
        }
        Work::ActOnMany => {
            let deps = bulk_recovery::Deps::new(store(&job).await?).with_clock(clock(&job));
            let (mut summary, end) = (bulk_recovery::BulkSummary::default(), Deadline::after(RUN));
            let mut round = Ok(true);
            while matches!(round, Ok(true)) {
                round = bulk_recovery::handler::run_round(&deps, "run", end, &mut summary).await;
            }
            let failed = round.is_err() || summary.failed > 0 || summary.unanswered > 0;
            Ok(json!({"failed": failed, "acted": summary.acted}))
        }
        Work::Reconcile => {
            let deps = reconciliation::Deps::new(store(&job).await?, secrets(&job)?)?
                .with_clock(clock(&job));
            let (mut summary, end) = (ReconciliationSummary::default(), Deadline::after(RUN));
            let round = reconciliation::handler::run_round(&deps, "run", end, &mut summary).await;
            Ok(json!({"failed": round.is_err(), "checked": summary.checked}))
        }
    }
}

async fn intake(job: &Job, request: &HttpRequest) -> anyhow::Result<Value> {
    let config = order_intake::Config::from_settings(&settings(job))?;
    let store = store(job).await?;
    let deps = order_intake::Deps::with_store(&config, store, clock(job));
    let deps = deps.map_err(anyhow::Error::from_boxed)?;
    ask(order_intake::routes::router(Arc::new(deps)), request).await
}

async fn relay(job: &Job) -> anyhow::Result<Value> {
    let aws = AwsConnection::from_environment()?;
    let text = |name| settings(job).text(name).unwrap_or_default();
    let steps = StepQueue::connect(&aws, &text("OMS_STEP_QUEUE_URL"));
    let events = EventBus::connect(&aws, &text("OMS_EVENT_BUS_NAME"));
    let deps = outbox_relay::Deps::new(store(job).await?, engine(job)?, (steps, events))
        .with_clock(clock(job));
    let round = outbox_relay::handler::run_once(&deps, "run").await;
    Ok(json!({"failed": round.is_err()}))
}

async fn decompose_slowly(job: &Job) -> anyhow::Result<Value> {
    let (worker, engine) = (worker(job).await?, engine(job)?);
    let settings = LoopSettings::new("order-decompose", order_decompose::handler::TOPIC).draining();
    let settings = LoopSettings { extend_after: SHORT_LOCK, ..settings };
    let end = Deadline::after(RUN).as_instant();
    let summary = external_task_loop::run(&engine, &settings, end, async |task| {
        let outcome = order_decompose::handler::execute_task(&worker, &task).await;
        // As long as its lock needs to be renewed.
        struck().await;
        outcome
    });
    Ok(json!({"completed": summary.await?.completed}))
}

async fn ask(router: Router, request: &HttpRequest) -> anyhow::Result<Value> {
    let mut http = Request::post(&request.path);
    for (name, value) in &request.headers {
        http = http.header(name, value);
    }
    let answer = router.oneshot(http.body(Body::from(request.body.clone()))?).await?;
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await?.to_bytes();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    Ok(json!({"status": status, "body": body}))
}

async fn store(job: &Job) -> anyhow::Result<Store> {
    let secret = job.database.clone().unwrap_or_default();
    let settings = DatabaseSettings::parse(&SecretString::from(secret))?;
    Ok(Store::connect(&settings, None, 4).await?)
}

async fn worker(job: &Job) -> anyhow::Result<Worker> {
    let worker = Worker::new(engine(job)?, store(job).await?);
    Ok(worker.with_clock(clock(job)).draining())
}

fn engine(job: &Job) -> anyhow::Result<EngineClient> {
    let http = client(outbox_relay::policy::ENGINE_CALL)?;
    let settings = EngineSettings::parse(&format!("{}/engine-rest", job.engine))?;
    Ok(EngineClient::new(http, settings))
}

fn secrets(job: &Job) -> anyhow::Result<SecretsClient> {
    let endpoint = SecretsEndpoint::from_settings(&settings(job));
    let endpoint = endpoint.ok_or_else(|| anyhow::anyhow!("no secrets endpoint"))?;
    Ok(SecretsClient::new(endpoint)?)
}

fn settings(job: &Job) -> Settings {
    Settings::from_pairs(job.settings.iter().map(|(name, value)| (name.as_str(), value.clone())))
}

fn clock(job: &Job) -> Clock {
    let ahead = SignedDuration::from_millis(job.clock_ahead_ms);
    Arc::new(move || Timestamp::now() + ahead)
}

fn queued(messages: &[Message]) -> Vec<QueueMessage> {
    let queued = |message: &Message| QueueMessage {
        message_id: message.id.clone(),
        body: message.body.clone(),
        receive_count: 1,
        trace_parent: None,
    };
    messages.iter().map(queued).collect()
}

/// The ids of the messages that the queue hands out again.
fn returned(messages: &[QueueMessage], verdicts: &[MessageVerdict]) -> Value {
    let back = |(_, verdict): &(&QueueMessage, &MessageVerdict)| **verdict != MessageVerdict::Done;
    let back = messages.iter().zip(verdicts).filter(back).map(|(message, _)| &message.message_id);
    json!({"returned": back.collect::<Vec<_>>()})
}
