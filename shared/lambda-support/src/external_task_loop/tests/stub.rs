//! A stub engine: hands out batches of tasks and accepts every report, unless told otherwise.
//!
//! Tests of times run on a paused clock that only they move, see [`hold_the_clock`]: a slow machine
//! can neither miss an interval nor run into a timeout.

use std::collections::VecDeque;
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use camunda_client::{EngineClient, EngineSettings, ExternalTask};
use serde_json::{Value, json};
use tokio::time::Instant;
use wiremock::matchers::{any, path};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::external_task_loop::LoopSettings;

/// A small margin, so that tests of the deadline are quick.
pub(super) fn settings() -> LoopSettings {
    let settings = LoopSettings::new("order-decompose", "order.decompose");
    LoopSettings { margin: Duration::from_millis(100), ..settings }
}

pub(super) fn in_ms(milliseconds: u64) -> Instant {
    Instant::now() + Duration::from_millis(milliseconds)
}

/// Keeps a paused clock from running ahead while requests are under way, until it is dropped.
///
/// A paused clock jumps to the next timer whenever the test waits for a socket, and so would end
/// every request by its timeout; it does not jump while a blocking task runs.
#[must_use]
pub(super) fn hold_the_clock() -> mpsc::Sender<()> {
    let (holder, held) = mpsc::channel::<()>();
    tokio::task::spawn_blocking(move || held.recv());
    holder
}

/// A task as the engine hands it out.
pub(in super::super) fn task(id: &str, retries: Option<u32>) -> ExternalTask {
    serde_json::from_value(task_json(id, retries)).expect("the engine's shape")
}

fn task_json(id: &str, retries: Option<u32>) -> Value {
    json!({
        "id": id, "topicName": "order.decompose", "retries": retries,
        "processInstanceId": "p1", "activityId": "DecomposeOrder",
        "activityInstanceId": format!("DecomposeOrder:{id}"),
        "variables": {"tenantId": {"type": "String", "value": "acme", "valueInfo": {}}}
    })
}

pub(super) struct StubEngine {
    pub(super) client: EngineClient,
    pub(super) server: MockServer,
}

struct Batches(Mutex<VecDeque<Vec<String>>>);

impl Respond for Batches {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        let batch = self.0.lock().expect("not poisoned").pop_front().unwrap_or_default();
        let tasks: Vec<Value> = batch.iter().map(|id| task_json(id, None)).collect();
        // An empty answer takes its time, as a parked request does.
        let parked = if tasks.is_empty() { 50 } else { 0 };
        ResponseTemplate::new(200).set_body_json(tasks).set_delay(Duration::from_millis(parked))
    }
}

impl StubEngine {
    pub(super) async fn with_tasks(batches: &[&[&str]]) -> Self {
        let server = MockServer::start().await;
        let owned = |batch: &&[&str]| batch.iter().map(|id| (*id).to_owned()).collect();
        let batches = Batches(Mutex::new(batches.iter().map(owned).collect()));
        Mock::given(path("/engine-rest/external-task/fetchAndLock"))
            .respond_with(batches)
            .with_priority(5)
            .mount(&server)
            .await;
        Mock::given(any())
            .respond_with(ResponseTemplate::new(204))
            .with_priority(9)
            .mount(&server)
            .await;
        let client = client(&format!("{}/engine-rest", server.uri()));
        Self { client, server }
    }

    /// The next `times` requests about a task get this answer instead of 204.
    pub(super) async fn answer(&self, call: &str, times: u64, answer: ResponseTemplate) {
        Mock::given(path(format!("/engine-rest/external-task/{call}")))
            .respond_with(answer)
            .up_to_n_times(times)
            .with_priority(1)
            .mount(&self.server)
            .await;
    }

    /// The next request about a task is taken, and its connection breaks instead of an answer.
    pub(super) async fn cut_off(&self, call: &str) {
        let broken = |_: &Request| std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        Mock::given(path(format!("/engine-rest/external-task/{call}")))
            .respond_with_err(broken)
            .up_to_n_times(1)
            .with_priority(1)
            .mount(&self.server)
            .await;
    }

    /// Bodies of all requests whose path ends like this, in order.
    pub(super) async fn bodies(&self, suffix: &str) -> Vec<Value> {
        let requests = self.server.received_requests().await.expect("recording");
        let matching = requests.iter().filter(|request| request.url.path().ends_with(suffix));
        matching.map(|request| request.body_json().unwrap_or_default()).collect()
    }

    /// Waits until the engine has had so many requests whose path ends like this.
    pub(super) async fn has_seen(&self, suffix: &str, count: usize) {
        while self.bodies(suffix).await.len() < count {
            tokio::task::yield_now().await;
        }
    }

    /// The one request of this kind about a task.
    pub(super) async fn body_of(&self, task: &str, verb: &str) -> Value {
        let mut bodies = self.bodies(&format!("/{task}/{verb}")).await;
        assert_eq!(bodies.len(), 1, "{verb} of {task}");
        bodies.remove(0)
    }
}

/// A client as functions have it; no test waits for its timeout.
pub(super) fn client(url: &str) -> EngineClient {
    // Another test may have installed it: once per process is enough.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().build().expect("client");
    let settings = EngineSettings::parse(url).expect("address");
    EngineClient::new(http, settings)
}

/// An error in the engine's own shape.
pub(super) fn engine_error(status: u16, code: Option<i64>, message: &str) -> ResponseTemplate {
    let body = json!({"type": "RestException", "message": message, "code": code});
    ResponseTemplate::new(status).set_body_json(body)
}
