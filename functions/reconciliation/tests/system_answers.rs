//! Fifteen ways to answer a submit × four kinds of steps: executor and reconciliation together
//! against a system that a test speaks for, on raw sockets. Whatever it does, one request id has at
//! most one effect, and the step ends as the system's ledger says.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use lambda_support::Deadline;
use lambda_support::config::Settings;
use lambda_support::secrets::{SecretsClient, SecretsEndpoint};
use lambda_support::sqs_batch::QueueMessage;
use order_domain::characteristic::Characteristics;
use order_domain::step::answer::StepAnswer;
use order_domain::step::{Jitter, StepPolicy};
use order_store::commands::{StepOutcome, record_step_outcomes};
use reconciliation::ReconciliationSummary;
use serde_json::{Value, json};
use test_support::stage::Stage;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// After this every retry, check and answer is due.
const LONG_ENOUGH: SignedDuration = SignedDuration::from_secs(61);

/// What the first submit of a request meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Done,
    Accepted,
    Known,
    Rejected,
    Throttled,
    Unavailable,
    BadRequest,
    FaultBeforeEffect,
    FaultAfterEffect,
    SilenceBeforeEffect,
    SilenceAfterEffect,
    ResetInBody,
    DripPastTheLimit,
    AnswerLost,
    InvalidJson,
}

/// Mode, whether it has an effect, the step after the submit, after reconciliation, and in the end.
const MODES: [(Mode, bool, [&str; 3]); 15] = [
    (Mode::Done, true, ["COMPLETED", "COMPLETED", "COMPLETED"]),
    (Mode::Accepted, true, ["SUBMITTED", "COMPLETED", "COMPLETED"]),
    (Mode::Known, true, ["COMPLETED", "COMPLETED", "COMPLETED"]),
    (Mode::Rejected, false, ["FAILED", "FAILED", "FAILED"]),
    (Mode::Throttled, false, ["READY", "READY", "COMPLETED"]),
    (Mode::Unavailable, false, ["READY", "READY", "COMPLETED"]),
    (Mode::BadRequest, false, ["READY held", "READY held", "READY held"]),
    (Mode::FaultBeforeEffect, false, ["UNKNOWN", "READY", "COMPLETED"]),
    (Mode::FaultAfterEffect, true, ["UNKNOWN", "COMPLETED", "COMPLETED"]),
    (Mode::SilenceBeforeEffect, false, ["UNKNOWN", "READY", "COMPLETED"]),
    (Mode::SilenceAfterEffect, true, ["UNKNOWN", "COMPLETED", "COMPLETED"]),
    (Mode::ResetInBody, true, ["UNKNOWN", "COMPLETED", "COMPLETED"]),
    (Mode::DripPastTheLimit, true, ["UNKNOWN", "COMPLETED", "COMPLETED"]),
    (Mode::AnswerLost, true, ["UNKNOWN", "COMPLETED", "COMPLETED"]),
    (Mode::InvalidJson, true, ["UNKNOWN", "COMPLETED", "COMPLETED"]),
];

/// A system that honours request ids and answers the first submit of each line as it is told.
#[derive(Default)]
struct Ledger {
    modes: HashMap<String, usize>,
    sends: HashMap<String, u32>,
    effects: HashMap<String, u32>,
}

type Shared = Arc<Mutex<Ledger>>;

/// Bytes to answer, and whether the connection stays open behind them.
type Reply = (Vec<u8>, bool);

fn reply(status: u16, body: &Value) -> Reply {
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    (head.into_bytes(), false)
}

fn submit(ledger: &mut Ledger, body: &Value) -> Reply {
    let id = body["requestId"].as_str().unwrap().to_owned();
    let sends = ledger.sends.entry(id.clone()).or_default();
    *sends += 1;
    let is_repeat = *sends > 1;
    let done = json!({"externalReference": id});
    if is_repeat {
        ledger.effects.entry(id).or_insert(1);
        return reply(200, &done);
    }
    let (mode, has_effect, _) = MODES[ledger.modes[body["orderLineId"].as_str().unwrap()]];
    if has_effect {
        *ledger.effects.entry(id).or_default() += 1;
    }
    let part = b"HTTP/1.1 200 X\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{";
    match mode {
        Mode::Done => reply(200, &done),
        Mode::Accepted => reply(202, &done),
        Mode::Known => reply(409, &json!({})),
        Mode::Rejected => reply(422, &json!({"reasonCode": "NO_STOCK"})),
        Mode::Throttled => reply(429, &json!({})),
        Mode::Unavailable => reply(503, &json!({})),
        Mode::BadRequest => reply(400, &json!({})),
        Mode::FaultBeforeEffect | Mode::FaultAfterEffect => reply(500, &json!({})),
        Mode::SilenceBeforeEffect | Mode::SilenceAfterEffect => (Vec::new(), true),
        Mode::ResetInBody => (part.to_vec(), false),
        Mode::DripPastTheLimit => (part.to_vec(), true),
        Mode::AnswerLost => (Vec::new(), false),
        Mode::InvalidJson => reply(200, &json!("no object")),
    }
}

fn answer(ledger: &mut Ledger, head: &str, body: &[u8]) -> Reply {
    if head.starts_with("POST") {
        return submit(ledger, &serde_json::from_slice(body).unwrap());
    }
    let path = head.split(' ').nth(1).unwrap();
    let id = path.rsplit('/').next().unwrap();
    match ledger.effects.contains_key(id) {
        true => reply(200, &json!({"status": "COMPLETED", "externalReference": id})),
        false => reply(404, &json!({})),
    }
}

async fn serve_one(mut socket: TcpStream, ledger: Shared) {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|x| x == b"\r\n\r\n") {
            break at + 4;
        }
        if socket.read_buf(&mut bytes).await.unwrap() == 0 {
            return;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let length = head
        .lines()
        .find_map(|x| x.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())
        .unwrap_or(0);
    while bytes.len() < head_end + length {
        assert!(socket.read_buf(&mut bytes).await.unwrap() > 0);
    }
    let (bytes, stays_open) = answer(&mut ledger.lock().unwrap(), &head, &bytes[head_end..]);
    let _ = socket.write_all(&bytes).await;
    if stays_open {
        std::future::pending::<()>().await;
    }
}

async fn serve(ledger: Shared) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(serve_one(socket, Arc::clone(&ledger)));
        }
    });
    url
}

struct World {
    stage: Stage,
    system: &'static str,
    ledger: Shared,
}

impl World {
    /// An order with a line per mode, whose steps at `system` are READY.
    async fn new(system: &'static str, mode: &str) -> Self {
        let stage = Stage::released(MODES.len()).await;
        let ledger = Shared::default();
        let url = serve(Arc::clone(&ledger)).await;
        let changes = json!({"mode": mode, "requestTimeoutMs": 300});
        stage.configure(system, &url, changes).await;
        if system == "BILLING" {
            ship(&stage).await;
        }
        // Each answer is looked at alone: beside so many good ones they open no circuit.
        let well = "insert into target_system_circuit (tenant_id, system, status, window_started_at,
                success_count, updated_at)
            select tenant_id, system, 'CLOSED', now() + interval '1 day', 1000, now() from target_system";
        stage.db.execute(well).await;
        let world = Self { stage, system, ledger };
        let lines = world.column("order_line_id::text").await;
        assert_eq!(lines.len(), MODES.len());
        let modes = lines.into_iter().enumerate().map(|(mode, line)| (line, mode)).collect();
        world.ledger.lock().unwrap().modes = modes;
        world
    }

    /// One value per step of the system, in the order of the modes.
    async fn column(&self, what: &str) -> Vec<String> {
        let sql = format!(
            "select coalesce({what}, '') as x from fulfillment_step
             where target_system = '{}' order by id",
            self.system
        );
        let rows = self.stage.db.rows(&sql, &[]).await;
        rows.iter().map(|row| row.try_get("x").unwrap()).collect()
    }

    async fn statuses(&self) -> Vec<String> {
        let held = "case when held_by_incident_id is null then '' else ' held' end";
        self.column(&format!("status || {held}")).await
    }

    async fn execute(&self) {
        let (secrets, base) = (secrets(), "http://127.0.0.1:9/v1".parse().unwrap());
        let store = self.stage.db.store("oms_fulfillment_step_executor").await;
        let deps = fulfillment_step_executor::Deps::new(store, secrets, base).unwrap();
        let deps = deps.with_clock(self.stage.clock());
        let messages: Vec<QueueMessage> =
            self.stage.ready_steps().await.into_iter().map(|x| self.message(x.as_uuid())).collect();
        let deadline = Deadline::after(Duration::from_secs(30));
        let handled =
            fulfillment_step_executor::handler::execute(&deps, "run", &messages, deadline).await;
        assert_eq!(handled.1.len(), messages.len());
    }

    fn message(&self, step: uuid::Uuid) -> QueueMessage {
        let body = json!({ "tenantId": self.stage.tenant, "orderId": self.stage.order_id,
            "fulfillmentStepId": step, "correlationId": self.stage.order_id.as_uuid() });
        let (message_id, body) = (step.to_string(), body.to_string());
        QueueMessage { message_id, body, receive_count: 1, trace_parent: None }
    }

    async fn reconcile(&self) {
        let store = self.stage.db.store("oms_reconciliation").await;
        let deps = reconciliation::Deps::new(store, secrets()).unwrap();
        let deps = deps.with_clock(self.stage.clock());
        let mut summary = ReconciliationSummary::default();
        let deadline = Deadline::after(Duration::from_secs(20));
        reconciliation::handler::run_round(&deps, "run", deadline, &mut summary).await.unwrap();
    }
}

fn secrets() -> SecretsClient {
    SecretsClient::new(SecretsEndpoint::from_settings(&Settings::default()).unwrap()).unwrap()
}

/// What billing waits for is done.
async fn ship(stage: &Stage) {
    let outcome = |x: order_store::commands::StepAttempt| {
        x.answered(
            StepAnswer::Completed { external_reference: None, result: Characteristics::default() },
            StepPolicy::WITHOUT_SETTINGS,
            Jitter::FULL,
        )
    };
    let batch: Vec<StepOutcome> = stage.claim().await.into_iter().map(outcome).collect();
    let tx = stage.db.store("oms_fulfillment_step_executor").await.system_tx().await.unwrap();
    let _ = record_step_outcomes(tx, &stage.context("executor"), &batch).await.unwrap();
}

#[tokio::test]
async fn sixty_ways_to_be_answered_have_one_effect_each_at_most_and_end_as_the_ledger_says() {
    let mut cells = 0;
    for (system, mode) in
        [("LOGISTICS", "SYNC"), ("LOGISTICS", "ASYNC"), ("LOGISTICS", "POLL"), ("BILLING", "SYNC")]
    {
        let world = World::new(system, mode).await;

        world.execute().await;
        let (submitted, sent) = (world.statuses().await, world.column("request_id::text").await);
        world.stage.advance(LONG_ENOUGH);
        world.reconcile().await;
        let reconciled = world.statuses().await;
        world.stage.advance(LONG_ENOUGH);
        world.execute().await;
        let (ended, kept) = (world.statuses().await, world.column("request_id::text").await);

        let effects_of = world.ledger.lock().unwrap().effects.clone();
        for (index, (name, _, expected)) in MODES.iter().enumerate() {
            let told = [&submitted[index], &reconciled[index], &ended[index]];
            assert_eq!(told, *expected, "{system} {mode} {name:?}");
            assert_eq!(sent[index], kept[index], "{name:?}: the request id never changes");
            let effects = effects_of.get(&sent[index]).copied().unwrap_or(0);
            let is_done = ended[index] == "COMPLETED";
            assert_eq!(effects, u32::from(is_done), "{system} {mode} {name:?}: effects");
            cells += 1;
        }
        world.stage.db.finish().await;
    }
    assert_eq!(cells, 60);
}
