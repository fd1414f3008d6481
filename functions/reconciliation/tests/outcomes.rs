//! Unknown outcomes on a real database: what each finding does to each waiting step, and that every
//! way ends in a settled step or with a person.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use lambda_support::Deadline;
use lambda_support::config::Settings;
use lambda_support::secrets::{SecretsClient, SecretsEndpoint};
use order_domain::step::answer::StepAnswer;
use order_domain::step::{Jitter, StepPolicy};
use order_store::commands::{StepAttempt, record_step_outcomes};
use reconciliation::{Deps, ReconciliationSummary, handler};
use serde_json::{Value, json};
use test_support::stage::Stage;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

/// After this a lease has expired, an answer is overdue, and a second absence proves something.
const LONG_ENOUGH: SignedDuration = SignedDuration::from_secs(61);

/// Answers queries by request id, and refuses to be sent anything.
#[derive(Clone, Default)]
struct Script(Arc<Mutex<HashMap<String, ResponseTemplate>>>);

impl Respond for Script {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        assert_eq!(request.method.as_str(), "GET", "reconciliation sends nothing");
        let id = request.url.path().rsplit('/').next().unwrap().to_owned();
        let known = self.0.lock().unwrap().get(&id).cloned();
        known.unwrap_or_else(|| ResponseTemplate::new(404))
    }
}

struct World {
    stage: Stage,
    script: Script,
    _server: MockServer,
}

impl World {
    async fn new(lines: usize, capabilities: (bool, bool)) -> Self {
        let stage = Stage::released(lines).await;
        let (script, server) = (Script::default(), MockServer::start().await);
        Mock::given(any()).respond_with(script.clone()).mount(&server).await;
        let capabilities = json!({"honoursRequestId": capabilities.0,
            "canBeQueried": capabilities.1, "canCancel": false});
        let changes = json!({"capabilities": capabilities});
        stage.configure("LOGISTICS", &server.uri(), changes).await;
        Self { stage, script, _server: server }
    }

    /// A function environment that has just started: it remembers nothing.
    async fn deps(&self) -> Deps {
        let endpoint = SecretsEndpoint::from_settings(&Settings::default()).unwrap();
        let secrets = SecretsClient::new(endpoint).unwrap();
        let store = self.stage.db.store("oms_reconciliation").await;
        Deps::new(store, secrets).unwrap().with_clock(self.stage.clock())
    }

    /// Time passes, and a new environment makes a round.
    async fn later(&self) -> ReconciliationSummary {
        self.stage.advance(LONG_ENOUGH);
        let mut summary = ReconciliationSummary::default();
        let deadline = Deadline::after(Duration::from_secs(20));
        handler::run_round(&self.deps().await, "run", deadline, &mut summary).await.unwrap();
        summary
    }

    async fn record(&self, attempt: &StepAttempt, answer: StepAnswer) {
        let outcome = attempt.answered(answer, StepPolicy::WITHOUT_SETTINGS, Jitter::FULL);
        let executor = self.stage.db.store("oms_fulfillment_step_executor").await;
        let tx = executor.system_tx().await.unwrap();
        let _ =
            record_step_outcomes(tx, &self.stage.context("executor"), &[outcome]).await.unwrap();
    }

    async fn status(&self, attempt: &StepAttempt) -> String {
        let sql = format!(
            "select status || ' ' || request_id from fulfillment_step where id = '{}'",
            attempt.step_id
        );
        let text = self.stage.db.text(&sql).await.unwrap();
        let (status, request_id) = text.split_once(' ').unwrap();
        assert_eq!(request_id, attempt.request_id.to_string(), "the request id never changes");
        status.to_owned()
    }

    async fn case(&self) -> Option<String> {
        self.stage.db.text("select reason_code from order_fallout_case").await
    }
}

fn found(status: &str) -> ResponseTemplate {
    let body = json!({"status": status, "externalReference": "R", "reasonCode": "NO_STOCK"});
    ResponseTemplate::new(200).set_body_json(body)
}

fn accepted() -> StepAnswer {
    StepAnswer::Accepted { external_reference: Some("R".to_owned()) }
}

fn unknown() -> StepAnswer {
    StepAnswer::Unknown { detail: "status 500".to_owned(), is_contract_breach: false }
}

#[tokio::test]
async fn the_reconciliation_matrix_has_twelve_cells_and_each_ends_as_it_must() {
    let cells: [(&str, ResponseTemplate, [&str; 2]); 6] = [
        ("found ok", found("COMPLETED"), ["COMPLETED", "COMPLETED"]),
        ("found failed", found("FAILED"), ["FAILED", "FAILED"]),
        ("found pending", found("IN_PROGRESS"), ["SUBMITTED", "SUBMITTED"]),
        // What was accepted is not sent again because it is denied; what was lost is.
        ("not found", ResponseTemplate::new(404), ["UNKNOWN", "READY"]),
        ("query down", ResponseTemplate::new(500), ["UNKNOWN", "UNKNOWN"]),
        ("inconsistent", found("DONE_TWICE"), ["UNKNOWN", "UNKNOWN"]),
    ];
    let world = World::new(12, (true, true)).await;
    let attempts = world.stage.claim().await;
    let mut expected = Vec::new();
    for (index, attempt) in attempts.iter().enumerate() {
        let (name, answer, ends) = &cells[index / 2];
        let id = attempt.request_id.to_string();
        world.script.0.lock().unwrap().insert(id, answer.clone());
        let told = if index % 2 == 0 { accepted() } else { unknown() };
        world.record(attempt, told).await;
        expected.push((attempt, format!("{name}, {}", index % 2), ends[index % 2]));
    }

    let summary = world.later().await;

    assert_eq!((summary.checked, expected.len()), (12, 12));
    for (attempt, cell, end) in &expected {
        assert_eq!(world.status(attempt).await, *end, "{cell}");
    }
    world.stage.db.finish().await;
}

#[tokio::test]
async fn a_request_that_is_lost_every_time_ends_in_a_case_when_its_attempts_are_used_up() {
    let world = World::new(1, (true, true)).await;
    for _ in 0..3 {
        world.stage.claim().await;
        let _ = world.later().await;
    }
    assert_eq!(world.stage.shipping().await, ["UNKNOWN"], "one absence proves nothing for good");
    let _ = world.later().await;

    assert_eq!(world.stage.shipping().await, ["FAILED"]);
    assert_eq!(world.case().await.as_deref(), Some("RETRIES_EXHAUSTED"));
    let evidence = world.stage.db.text("select evidence::text from order_fallout_case").await;
    let evidence: Value = serde_json::from_str(&evidence.unwrap()).unwrap();
    let calls = evidence["attempts"].as_array().unwrap();
    assert_eq!(calls.len(), 4, "the stored queries and the last one: {evidence}");
    assert!(calls.iter().all(|x| x["kind"] == "QUERY" && x["httpStatus"] == 404), "{evidence}");
    assert_eq!(evidence["attemptCount"], 3);
    world.stage.db.finish().await;
}

#[tokio::test]
async fn the_first_absence_survives_a_restart_and_is_forgotten_with_the_next_send() {
    let world = World::new(1, (false, true)).await;
    world.stage.claim().await;

    let first = world.later().await;
    let second = world.later().await;
    world.stage.claim().await;
    let after_a_send = world.later().await;

    assert_eq!((first.resent, second.resent), (0, 1));
    assert_eq!((after_a_send.resent, after_a_send.still_unknown), (0, 1));
    world.stage.db.finish().await;
}

#[tokio::test]
async fn an_accepted_request_that_is_denied_twice_is_given_to_a_person() {
    let world = World::new(1, (true, true)).await;
    let attempt = world.stage.claim().await.remove(0);
    world.record(&attempt, accepted()).await;

    let once = (world.later().await.still_unknown, world.case().await);
    let twice = (world.later().await.still_unknown, world.case().await);

    assert_eq!((once, twice), ((1, None), (1, Some("UNKNOWN_OUTCOME".to_owned()))));
    world.stage.db.finish().await;
}

#[tokio::test]
async fn a_system_that_cannot_be_asked_is_sent_the_same_id_a_bounded_number_of_times() {
    let world = World::new(1, (true, false)).await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let attempt = world.stage.claim().await.remove(0);
        ids.push(attempt.request_id);
        world.record(&attempt, accepted()).await;
        assert_eq!(world.later().await.resent, 1);
        world.stage.advance(LONG_ENOUGH);
    }
    let last = world.stage.claim().await.remove(0);
    world.record(&last, accepted()).await;

    assert_eq!(world.later().await.resent, 0);

    assert_eq!(ids, [last.request_id; 2]);
    assert_eq!(world.status(&last).await, "UNKNOWN");
    assert_eq!(world.case().await.as_deref(), Some("UNKNOWN_OUTCOME"));
    world.stage.db.finish().await;
}

#[tokio::test]
async fn a_mute_system_is_never_sent_an_unknown_request_again() {
    let world = World::new(1, (false, false)).await;
    let attempt = world.stage.claim().await.remove(0);
    world.record(&attempt, unknown()).await;

    let summary = world.later().await;

    assert_eq!((summary.resent, summary.still_unknown), (0, 1));
    assert_eq!(world.case().await.as_deref(), Some("UNKNOWN_OUTCOME"));
    world.stage.db.finish().await;
}
