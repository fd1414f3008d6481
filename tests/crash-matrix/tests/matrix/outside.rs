//! What a function talks to beside its database: an engine with the facts that count, and AWS.
//!
//! The engine knows instances, one wait, and one external task with its lock, and answers as the
//! real one does where a function must tell answers apart; the real one has its own tests.

use std::sync::{Arc, Mutex, MutexGuard};

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{delete, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const DATE: &str = "2026-01-31T12:00:00.000+0000";

/// What happened outside.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// Ids of the instances that are alive.
    pub(crate) instances: Vec<String>,
    started: usize,
    /// Messages that a wait took.
    pub(crate) messages_taken: u32,
    /// An instance has come to its wait and nobody took it there.
    pub(crate) is_awaited: bool,
    /// The one external task.
    pub(crate) task: Option<Task>,
    pub(crate) completions: u32,
    pub(crate) extensions: u32,
    pub(crate) queued: Vec<String>,
    pub(crate) published: Vec<Value>,
}

#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) as_fetched: Value,
    worker: Option<String>,
    is_locked: bool,
}

type Shared = Arc<Mutex<Facts>>;
type Answer = (StatusCode, Json<Value>);

pub(crate) struct Outside {
    pub(crate) url: String,
    facts: Shared,
    server: JoinHandle<()>,
}

impl Outside {
    pub(crate) async fn open() -> Self {
        let facts = Shared::default();
        let task = "/engine-rest/external-task";
        let router = Router::new()
            .route("/engine-rest/process-definition/key/{key}/start", post(start))
            .route("/engine-rest/history/process-instance", post(instances))
            .route("/engine-rest/history/activity-instance", post(activities))
            .route("/engine-rest/process-instance/{id}", delete(remove))
            .route("/engine-rest/message", post(message))
            .route(&format!("{task}/fetchAndLock"), post(fetch))
            .route(&format!("{task}/{{id}}/{{call}}"), post(report))
            .fallback(aws)
            .with_state(Arc::clone(&facts));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, facts, server }
    }

    pub(crate) fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap()
    }

    /// The engine offers a task until somebody completes it.
    pub(crate) fn offer(&self, as_fetched: Value) {
        self.facts().task = Some(Task { as_fetched, worker: None, is_locked: false });
    }

    /// Locks have run out: whoever asks first gets the task.
    pub(crate) fn unlock(&self) {
        if let Some(task) = &mut self.facts().task {
            task.is_locked = false;
        }
    }

    /// What a function's environment says about AWS.
    pub(crate) fn aws(&self) -> Vec<(String, String)> {
        [
            ("AWS_ENDPOINT_URL", self.url.as_str()),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("OMS_STEP_QUEUE_URL", &format!("{}/1/steps", self.url)),
            ("OMS_CALLBACK_QUEUE_URL", &format!("{}/1/callbacks", self.url)),
            ("OMS_EVENT_BUS_NAME", "bus"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn start(State(facts): State<Shared>) -> Answer {
    let mut facts = facts.lock().unwrap();
    facts.started += 1;
    let id = format!("p-{}", facts.started);
    facts.instances.push(id.clone());
    ok(json!({"id": id, "definitionId": "d:1", "ended": false, "suspended": false}))
}

async fn instances(State(facts): State<Shared>) -> Answer {
    let facts = facts.lock().unwrap();
    let instance = |id: &String| {
        json!({"id": id, "processDefinitionId": "d:1", "state": "ACTIVE",
        "startTime": DATE})
    };
    ok(facts.instances.iter().map(instance).collect())
}

async fn remove(State(facts): State<Shared>, Path(id): Path<String>) -> Answer {
    facts.lock().unwrap().instances.retain(|instance| *instance != id);
    (StatusCode::NO_CONTENT, Json(Value::Null))
}

async fn activities(State(facts): State<Shared>) -> Answer {
    let is_left = facts.lock().unwrap().messages_taken > 0;
    ok(json!([{"id": "wait:1", "activityId": "AwaitFulfillmentPlan", "activityType": "receiveTask",
        "processInstanceId": "p-1", "startTime": DATE, "endTime": is_left.then_some(DATE),
        "canceled": false}]))
}

async fn message(State(facts): State<Shared>) -> Answer {
    let mut facts = facts.lock().unwrap();
    if !std::mem::take(&mut facts.is_awaited) {
        let text = "Cannot correlate message 'FulfillmentPlanCompleted': \
            No process definition or execution matches the parameters";
        return refused(StatusCode::BAD_REQUEST, text);
    }
    facts.messages_taken += 1;
    ok(json!([{"resultType": "Execution",
        "execution": {"id": "e-1", "processInstanceId": "p-1", "ended": false}}]))
}

async fn fetch(State(facts): State<Shared>, Json(body): Json<Value>) -> Answer {
    let mut facts = facts.lock().unwrap();
    let Some(task) = facts.task.as_mut().filter(|task| !task.is_locked) else {
        return ok(json!([]));
    };
    let worker = body["workerId"].as_str().unwrap();
    (task.worker, task.is_locked) = (Some(worker.to_owned()), true);
    let mut fetched = task.as_fetched.clone();
    fetched["workerId"] = json!(worker);
    ok(json!([fetched]))
}

async fn report(
    State(facts): State<Shared>,
    Path((_id, call)): Path<(String, String)>,
    body: Option<Json<Value>>,
) -> Answer {
    let mut facts = facts.lock().unwrap();
    let Some(task) = facts.task.as_mut() else {
        return refused(StatusCode::NOT_FOUND, "External task with id task does not exist");
    };
    let worker = body.as_ref().and_then(|body| body["workerId"].as_str());
    if call != "unlock" && worker != task.worker.as_deref() {
        let text = "External Task task cannot be completed by worker. It is locked by worker.";
        return refused(StatusCode::BAD_REQUEST, text);
    }
    match call.as_str() {
        "complete" => (facts.task, facts.completions) = (None, facts.completions + 1),
        "extendLock" => facts.extensions += 1,
        "failure" | "unlock" => task.is_locked = false,
        other => panic!("nobody should call {other}"),
    }
    (StatusCode::NO_CONTENT, Json(Value::Null))
}

async fn aws(State(facts): State<Shared>, headers: HeaderMap, body: Bytes) -> Answer {
    let body: Value = serde_json::from_slice(&body).unwrap();
    let mut facts = facts.lock().unwrap();
    let entries = body["Entries"].as_array().cloned().unwrap_or_default();
    match headers["x-amz-target"].to_str().unwrap() {
        "AmazonSQS.SendMessage" => {
            facts.queued.push(body["MessageBody"].as_str().unwrap().to_owned());
            ok(json!({"MessageId": "1"}))
        }
        "AmazonSQS.SendMessageBatch" => {
            let bodies = entries.iter().map(|x| x["MessageBody"].as_str().unwrap().to_owned());
            facts.queued.extend(bodies);
            let taken = entries.iter().map(|x| {
                json!({"Id": x["Id"], "MessageId": "1",
                "MD5OfMessageBody": ""})
            });
            ok(json!({"Successful": taken.collect::<Vec<_>>(), "Failed": []}))
        }
        "AWSEvents.PutEvents" => {
            let details = entries.iter().map(|x| x["Detail"].as_str().unwrap());
            facts.published.extend(details.map(|x| serde_json::from_str::<Value>(x).unwrap()));
            let taken: Vec<Value> = entries.iter().map(|_| json!({"EventId": "e"})).collect();
            ok(json!({"FailedEntryCount": 0, "Entries": taken}))
        }
        other => panic!("nobody should call {other}"),
    }
}

const fn ok(body: Value) -> Answer {
    (StatusCode::OK, Json(body))
}

fn refused(status: StatusCode, message: &str) -> Answer {
    (status, Json(json!({"type": "RestException", "message": message, "code": null})))
}
