//! A simulator with a folder of its own, a receiver of its callbacks, and clients for both.

#![expect(clippy::unwrap_used, reason = "a stage that cannot be set up fails its test")]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use external_systems::settings::TargetSystemSettings;
use external_systems::source::{SourceSystems, SourceSystemsSettings};
use external_systems::{HttpTargetSystem, SubmitRequest};
use http::{HeaderMap, StatusCode};
use order_domain::ids::{OrderId, RequestId};
use reqwest::Client;
use serde_json::{Value, json};
use simulator::{CALLBACKS_IN_FLIGHT, Options, Simulator};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Semaphore, mpsc};
use uuid::Uuid;

pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Stage {
    simulator: Simulator,
    folder: PathBuf,
    pub(crate) client: Client,
    pub(crate) callbacks: Callbacks,
}

/// Receives callbacks; refuses the next few when asked to, and lets all wait for their answer.
pub(crate) struct Callbacks {
    pub(crate) url: String,
    refusals: Arc<AtomicUsize>,
    /// One permit per answer.
    answers: Arc<Semaphore>,
    traffic: Arc<Traffic>,
    received: Mutex<mpsc::UnboundedReceiver<Received>>,
}

/// Callbacks that came and are not answered yet.
#[derive(Default)]
struct Traffic {
    now: AtomicUsize,
    most: AtomicUsize,
}

struct Received {
    headers: HeaderMap,
    body: Bytes,
    is_accepted: bool,
}

impl Stage {
    pub(crate) async fn open() -> Self {
        let folder = std::env::temp_dir().join(format!("simulator-{}", Uuid::now_v7()));
        std::fs::create_dir_all(&folder).unwrap();
        let simulator = Simulator::start(options(&folder)).await.unwrap();
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(2))
            .no_proxy()
            .build()
            .unwrap();
        let stage = Self { simulator, folder, client, callbacks: Callbacks::listen().await };
        let secret = json!({"current": SECRET, "previous": null});
        stage.write_secrets(&json!({
            "oms/webhook/acme/INVENTORY": secret, "oms/webhook/acme/BILLING": secret
        }));
        stage
    }

    pub(crate) async fn close(self) {
        self.simulator.stop().await;
        std::fs::remove_dir_all(&self.folder).unwrap();
    }

    pub(crate) async fn restart(&mut self) {
        self.restart_after(|_| {}).await;
    }

    /// Stops, changes the journal, and starts again on another port.
    pub(crate) async fn restart_after(&mut self, change: impl FnOnce(&mut Vec<u8>)) {
        // Started on a folder of its own first, because a value cannot be moved out and left empty.
        let spare = self.folder.join("spare");
        let spare = Simulator::start(options(&spare)).await.unwrap();
        std::mem::replace(&mut self.simulator, spare).stop().await;
        let path = self.folder.join("journal.jsonl");
        let mut journal = std::fs::read(&path).unwrap();
        change(&mut journal);
        std::fs::write(&path, journal).unwrap();
        let again = Simulator::start(options(&self.folder)).await.unwrap();
        std::mem::replace(&mut self.simulator, again).stop().await;
    }

    pub(crate) async fn start_another(&self) -> anyhow::Result<Simulator> {
        Simulator::start(options(&self.folder)).await
    }

    pub(crate) fn write_secrets(&self, secrets: &Value) {
        std::fs::write(self.folder.join("secrets.json"), secrets.to_string()).unwrap();
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.simulator.base_url())
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let response = self.client.get(self.url(path)).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.unwrap()
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) {
        let response = self.client.put(self.url(path)).json(body).send().await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.status());
    }

    /// `SYSTEM` or `SYSTEM/operation`.
    pub(crate) async fn behave(&self, of: &str, behaviour: Value) {
        let (system, operation) = of.split_once('/').unwrap_or((of, ""));
        let path = format!("/admin/systems/{system}/behaviour/{operation}");
        self.put(path.trim_end_matches('/'), &behaviour).await;
    }

    /// Replaces the faults of `SYSTEM` or `SYSTEM/operation`.
    pub(crate) async fn fault(&self, of: &str, plans: Value) {
        let (system, operation) = of.split_once('/').unwrap_or((of, ""));
        let path = format!("/admin/systems/{system}/faults/{operation}");
        self.put(path.trim_end_matches('/'), &plans).await;
    }

    /// Hits of all plans of a kind.
    pub(crate) async fn hits(&self, kind: &str) -> u64 {
        self.get("/admin/faults").await["hitsByKind"][kind].as_u64().unwrap()
    }

    /// A submit without the adapter.
    pub(crate) async fn submit(
        &self,
        request: &SubmitRequest,
        patience: Duration,
    ) -> reqwest::Result<reqwest::Response> {
        let post = self.client.post(self.url("/NOTIFICATION/requests")).timeout(patience);
        let key = format!("\"{}\"", request.request_id);
        post.header("idempotency-key", key).json(request).send().await
    }

    /// Request ids and counts of all effects, in their order.
    pub(crate) async fn ledger_counts(&self) -> Vec<(String, u64)> {
        let ledger = self.get("/admin/ledger").await;
        let count = |entry: &Value| {
            (entry["requestId"].as_str().unwrap().to_owned(), entry["count"].as_u64().unwrap())
        };
        ledger["effects"].as_array().unwrap().iter().map(count).collect()
    }

    pub(crate) async fn requests(&self) -> Vec<Value> {
        self.get("/admin/requests").await["requests"].as_array().unwrap().clone()
    }

    pub(crate) fn target(&self, system: &str) -> HttpTargetSystem {
        let settings = TargetSystemSettings::parse(&json!({
            "baseUrl": self.url(&format!("/{system}")), "auth": {"kind": "NONE"},
            "connectTimeoutMs": 500, "requestTimeoutMs": 10000, "mode": "ASYNC",
            "capabilities": {"honoursRequestId": true, "canBeQueried": true, "canCancel": true},
            "retryPolicy":
                {"maxAttempts": 3, "baseDelayMs": 10, "capMs": 100, "totalBudgetMs": 1000},
            "concurrencyLimit": 4, "responseDueMs": 5000, "pollIntervalMs": 200
        }))
        .unwrap();
        HttpTargetSystem::new(self.client.clone(), settings, None).unwrap()
    }

    pub(crate) fn source_settings(&self) -> SourceSystemsSettings {
        SourceSystemsSettings {
            cpq_url: self.url("/CPQ"),
            customer_url: self.url("/CUSTOMER"),
            billing_account_url: self.url("/BILLING_ACCOUNT"),
            request_timeout: PATIENCE,
        }
    }

    pub(crate) fn sources(&self) -> SourceSystems {
        SourceSystems::new(self.client.clone(), &self.source_settings()).unwrap()
    }
}

impl Callbacks {
    async fn listen() -> Self {
        let (sender, received) = mpsc::unbounded_channel();
        let refusals = Arc::new(AtomicUsize::new(0));
        let countdown = refusals.clone();
        let answers = Arc::new(Semaphore::new(Semaphore::MAX_PERMITS));
        let traffic = Arc::new(Traffic::default());
        let (gate, meter) = (answers.clone(), traffic.clone());
        let answer = async move |headers: HeaderMap, body: Bytes| {
            let now = meter.now.fetch_add(1, Ordering::SeqCst) + 1;
            meter.most.fetch_max(now, Ordering::SeqCst);
            let refuse = |left: usize| left.checked_sub(1);
            let is_accepted =
                countdown.fetch_update(Ordering::SeqCst, Ordering::SeqCst, refuse).is_err();
            let _ = sender.send(Received { headers, body, is_accepted });
            gate.acquire().await.unwrap().forget();
            meter.now.fetch_sub(1, Ordering::SeqCst);
            if is_accepted { StatusCode::ACCEPTED } else { StatusCode::SERVICE_UNAVAILABLE }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/callbacks", listener.local_addr().unwrap());
        let router = Router::new().route("/callbacks", post(answer));
        tokio::spawn(async { axum::serve(listener, router).await });
        Self { url, refusals, answers, traffic, received: Mutex::new(received) }
    }

    /// Answers nothing from now on, until [`Self::answer`].
    pub(crate) fn hold_answers(&self) {
        self.answers.forget_permits(Semaphore::MAX_PERMITS);
    }

    /// Answers one that waits, or the next one.
    pub(crate) fn answer(&self) {
        self.answers.add_permits(1);
    }

    /// The most that ever waited for their answers together.
    pub(crate) fn most_at_once(&self) -> usize {
        self.traffic.most.load(Ordering::SeqCst)
    }

    /// Refuses this many callbacks from now on.
    pub(crate) fn refuse(&self, count: usize) {
        self.refusals.store(count, Ordering::SeqCst);
    }

    async fn receive(&self) -> Received {
        let mut received = self.received.lock().await;
        tokio::time::timeout(PATIENCE, received.recv()).await.expect("a callback").unwrap()
    }

    /// The next delivery, accepted or not.
    pub(crate) async fn next(&self) -> (HeaderMap, Bytes) {
        let Received { headers, body, .. } = self.receive().await;
        (headers, body)
    }

    /// A delivery that is here already; nothing is waited for.
    pub(crate) fn received_already(&self) -> Option<(HeaderMap, Bytes)> {
        let received = self.received.try_lock().ok()?.try_recv().ok()?;
        Some((received.headers, received.body))
    }

    /// The request id of the next callback that is accepted.
    pub(crate) async fn accepted(&self) -> String {
        loop {
            let received = self.receive().await;
            if received.is_accepted {
                let report: Value = serde_json::from_slice(&received.body).unwrap();
                return report["requestId"].as_str().unwrap().to_owned();
            }
        }
    }
}

fn options(folder: &std::path::Path) -> Options {
    Options {
        listen: "127.0.0.1:0".parse().unwrap(),
        state_dir: folder.to_owned(),
        secrets_file: folder.join("secrets.json"),
        callbacks_in_flight: CALLBACKS_IN_FLIGHT,
    }
}

pub(crate) fn request(system: &str, payload: Value, callback_url: Option<String>) -> SubmitRequest {
    SubmitRequest {
        request_id: RequestId::from_uuid(Uuid::now_v7()),
        operation: if system == "NOTIFICATION" { "send-update" } else { "do-work" }.to_owned(),
        tenant_id: "acme".parse().unwrap(),
        order_id: OrderId::from_uuid(Uuid::now_v7()),
        order_line_id: None,
        step_key: "step".to_owned(),
        payload,
        callback_url,
    }
}

pub(crate) fn quote() -> Value {
    json!({
        "quoteId": "Q-1", "revision": 1, "status": "ACCEPTED", "revisionLocked": true,
        "validUntil": "2099-01-01T00:00:00Z", "acceptedAt": "2026-05-04T10:00:00Z",
        "approval": {"status": "NOT_REQUIRED"}, "customerId": "C-1", "billingAccountId": "BA-1",
        "contractTerms": {}, "currency": "EUR",
        "items": [{"itemId": "1", "productCode": "P", "action": "ADD", "quantity": 1}]
    })
}

/// Asks again and again until there is an answer; fails when patience runs out.
pub(crate) async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begun.elapsed() < PATIENCE, "waited in vain until {what}");
        tokio::task::yield_now().await;
    }
}
