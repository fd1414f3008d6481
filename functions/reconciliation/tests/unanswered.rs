//! Unanswered requests on a real database, with target systems that a test speaks for.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::Duration;

use jiff::SignedDuration;
use lambda_support::Deadline;
use lambda_support::config::Settings;
use lambda_support::secrets::{SecretsClient, SecretsEndpoint};
use order_domain::step::answer::StepAnswer;
use order_domain::step::{Jitter, StepPolicy};
use order_store::Store;
use order_store::commands::{StepAttempt, StepOutcome, record_step_outcomes};
use reconciliation::{Deps, ReconciliationSummary, handler};
use serde_json::{Value, json};
use test_support::stage::Stage;
use wiremock::matchers::{method, path_regex};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// After this a lease has expired and an accepted request is overdue.
const LONG_ENOUGH: SignedDuration = SignedDuration::from_secs(61);

async fn deps_of(stage: &Stage, store: Store) -> Deps {
    let endpoint = SecretsEndpoint::from_settings(&Settings::default()).unwrap();
    let secrets = SecretsClient::new(endpoint).unwrap();
    Deps::new(store, secrets).unwrap().with_clock(stage.clock())
}

async fn deps(stage: &Stage) -> Deps {
    deps_of(stage, stage.db.store("oms_reconciliation").await).await
}

async fn round(deps: &Deps) -> ReconciliationSummary {
    let mut summary = ReconciliationSummary::default();
    let deadline = Deadline::after(Duration::from_secs(20));
    handler::run_round(deps, "run", deadline, &mut summary).await.unwrap();
    summary
}

async fn logistics(status: u16, body: Value, calls: u64) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path_regex("^/LOGISTICS/requests/[0-9a-f-]{36}$"))
        .respond_with(ResponseTemplate::new(status).set_body_json(body))
        .expect(calls)
        .mount(&server)
        .await;
    server
}

/// What the executor would have recorded of its own submit.
async fn record(stage: &Stage, attempts: &[StepAttempt], answer: StepAnswer) {
    let outcome = |attempt: &StepAttempt| {
        attempt.answered(answer.clone(), StepPolicy::WITHOUT_SETTINGS, Jitter::FULL)
    };
    let batch: Vec<StepOutcome> = attempts.iter().map(outcome).collect();
    let tx = stage.db.store("oms_fulfillment_step_executor").await.system_tx().await.unwrap();
    let _ = record_step_outcomes(tx, &stage.context("executor"), &batch).await.unwrap();
}

fn done() -> Value {
    json!({"status": "COMPLETED", "externalReference": "SHP-1", "result": {"shipmentId": "SHP-1"}})
}

#[tokio::test]
async fn what_an_executor_sent_before_it_died_is_adopted() {
    let stage = Stage::released(1).await;
    let server = logistics(200, done(), 1).await;
    stage.configure("LOGISTICS", &server.uri(), json!({})).await;
    stage.claim().await;
    let deps = deps(&stage).await;

    let too_early = round(&deps).await;
    stage.advance(LONG_ENOUGH);
    let summary = round(&deps).await;

    assert_eq!(too_early.checked, 0, "the lease is still somebody's");
    assert_eq!((summary.checked, summary.adopted), (1, 1));
    assert_eq!(stage.shipping().await, ["COMPLETED"]);
    stage.db.finish().await;
}

#[tokio::test]
async fn an_overdue_answer_is_asked_for_and_adopted() {
    let stage = Stage::released(1).await;
    let server = logistics(200, json!({"status": "REJECTED", "reasonCode": "NO_STOCK"}), 1).await;
    stage.configure("LOGISTICS", &server.uri(), json!({})).await;
    let accepted = StepAnswer::Accepted { external_reference: None };
    record(&stage, &stage.claim().await, accepted).await;
    let deps = deps(&stage).await;

    let too_early = round(&deps).await;
    stage.advance(LONG_ENOUGH);
    let summary = round(&deps).await;

    assert_eq!(too_early.checked, 0);
    assert_eq!(summary.adopted, 1);
    assert_eq!(stage.shipping().await, ["FAILED"]);
    assert_eq!(stage.db.number("select count(*) from order_fallout_case").await, 1);
    stage.db.finish().await;
}

#[tokio::test]
async fn a_request_that_never_arrived_is_sent_again_under_its_id() {
    let stage = Stage::released(1).await;
    let server = logistics(404, json!({}), 1).await;
    stage.configure("LOGISTICS", &server.uri(), json!({})).await;
    let request_id = stage.claim().await[0].request_id;
    stage.advance(LONG_ENOUGH);

    let summary = round(&deps(&stage).await).await;

    assert_eq!(summary.resent, 1);
    assert_eq!(stage.shipping().await, ["READY"]);
    let again = stage.claim().await.remove(0);
    assert_eq!((again.request_id, again.attempt_count), (request_id, 2));
    let owed = "select count(*) from outbox_message where kind = 'STEP_DISPATCH'";
    assert!(stage.db.number(owed).await >= 1);
    stage.db.finish().await;
}

#[tokio::test]
async fn a_system_that_only_honours_request_ids_is_sent_the_same_id_without_a_query() {
    let stage = Stage::released(1).await;
    let server = logistics(404, json!({}), 0).await;
    let capabilities = json!({"honoursRequestId": true, "canBeQueried": false, "canCancel": false});
    stage.configure("LOGISTICS", &server.uri(), json!({"capabilities": capabilities})).await;
    stage.claim().await;
    stage.advance(LONG_ENOUGH);

    let summary = round(&deps(&stage).await).await;

    assert_eq!(summary.resent, 1);
    stage.db.finish().await;
}

#[tokio::test]
async fn a_system_without_request_ids_must_deny_a_request_twice() {
    let stage = Stage::released(1).await;
    let server = logistics(404, json!({}), 2).await;
    let capabilities = json!({"honoursRequestId": false, "canBeQueried": true, "canCancel": false});
    stage.configure("LOGISTICS", &server.uri(), json!({"capabilities": capabilities})).await;
    stage.claim().await;
    stage.advance(LONG_ENOUGH);
    let deps = deps(&stage).await;

    let first = round(&deps).await;
    stage.advance(LONG_ENOUGH);
    let second = round(&deps).await;

    assert_eq!((first.still_unknown, first.resent), (1, 0));
    assert_eq!((second.still_unknown, second.resent), (0, 1));
    stage.db.finish().await;
}

#[tokio::test]
async fn what_nobody_can_find_out_is_given_to_a_person() {
    let stage = Stage::released(1).await;
    let server = logistics(404, json!({}), 0).await;
    let capabilities =
        json!({"honoursRequestId": false, "canBeQueried": false, "canCancel": false});
    stage.configure("LOGISTICS", &server.uri(), json!({"capabilities": capabilities})).await;
    stage.claim().await;
    let deps = deps(&stage).await;

    for _ in 0..14 {
        stage.advance(LONG_ENOUGH);
        assert_eq!(round(&deps).await.resent, 0);
    }

    let reason = stage.db.text("select reason_code from order_fallout_case").await;
    assert_eq!(reason.as_deref(), Some("UNKNOWN_OUTCOME"));
    stage.db.finish().await;
}

#[tokio::test]
async fn a_ready_step_whose_dispatch_was_lost_is_dispatched_again() {
    let stage = Stage::released(1).await;
    stage.db.execute("delete from outbox_message where kind = 'STEP_DISPATCH'").await;
    let deps = deps(&stage).await;

    let too_early = round(&deps).await;
    stage.advance(LONG_ENOUGH);
    let summary = round(&deps).await;
    let again = round(&deps).await;

    assert_eq!([too_early, summary, again].map(|x| x.redispatched), [0, 1, 0]);
    stage.db.finish().await;
}

#[tokio::test]
async fn a_round_of_ten_checks_costs_the_round_trips_of_one() {
    let mut costs = Vec::new();
    for lines in [1, 10] {
        let stage = Stage::released(lines).await;
        let server = logistics(200, done(), lines as u64).await;
        stage.configure("LOGISTICS", &server.uri(), json!({})).await;
        stage.claim().await;
        stage.advance(LONG_ENOUGH);
        let store = stage.db.store("oms_reconciliation").await;
        let deps = deps_of(&stage, store.clone()).await;

        let before = store.cost();
        assert_eq!(round(&deps).await.adopted as usize, lines);
        costs.push(store.cost().round_trips - before.round_trips);
        stage.db.finish().await;
    }

    // Circuits, list, claim (2), record (2), dispatch again, callbacks, contradictions, stranded
    // orders (2).
    assert_eq!(costs, [11, 11]);
}

#[tokio::test]
async fn a_run_makes_rounds_until_its_deadline() {
    let stage = Stage::released(1).await;
    let deadline = Deadline::after(Duration::from_millis(1_200));

    let summary = handler::run(&deps(&stage).await, "run", deadline).await.unwrap();

    assert!(summary.deadline_reached);
    assert_eq!(summary.rounds, 2);
    stage.db.finish().await;
}
