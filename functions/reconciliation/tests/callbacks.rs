//! Callbacks that fitted no step when they came, and settled steps that were told the opposite.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::Duration;

use jiff::SignedDuration;
use lambda_support::Deadline;
use lambda_support::config::Settings;
use lambda_support::secrets::{SecretsClient, SecretsEndpoint};
use order_domain::ids::RequestId;
use order_domain::step::answer::StepAnswer;
use order_domain::step::{AnswerSource, Jitter, StepPolicy};
use order_store::commands::{
    CallbackReceipt, OutcomeVerdict, StepAttempt, StepOutcome, StepSubject, record_step_outcomes,
};
use order_store::inbox::{self, UnreferencedCallback};
use reconciliation::{Deps, ReconciliationSummary, handler};
use serde_json::{Value, json};
use test_support::stage::Stage;
use wiremock::matchers::{method, path_regex};
use wiremock::{Mock, MockServer, ResponseTemplate};

async fn deps(stage: &Stage) -> Deps {
    let endpoint = SecretsEndpoint::from_settings(&Settings::default()).unwrap();
    let secrets = SecretsClient::new(endpoint).unwrap();
    let store = stage.db.store("oms_reconciliation").await;
    Deps::new(store, secrets).unwrap().with_clock(stage.clock())
}

async fn round(deps: &Deps) -> ReconciliationSummary {
    let mut summary = ReconciliationSummary::default();
    let deadline = Deadline::after(Duration::from_secs(20));
    handler::run_round(deps, "run", deadline, &mut summary).await.unwrap();
    summary
}

fn reference(name: &str) -> Option<String> {
    Some(name.to_owned())
}

fn completed() -> StepAnswer {
    StepAnswer::Completed { external_reference: reference("SHP-1"), result: [].into() }
}

fn receipt(stage: &Stage, id: &str) -> CallbackReceipt {
    CallbackReceipt {
        system: "LOGISTICS".to_owned(),
        message_id: id.to_owned(),
        digest: format!("{id:0>64}"),
        external_reference: reference("SHP-1"),
        received_at: stage.now(),
    }
}

/// What the callback processor keeps of a reference that nobody knows yet.
async fn keep_by_reference(stage: &Stage, id: &str) {
    let tenant = stage.tenant.clone();
    let callback =
        UnreferencedCallback { tenant, receipt: receipt(stage, id), answer: completed() };
    let tx = stage.db.store("oms_callback_processor").await.system_tx().await.unwrap();
    inbox::keep_unreferenced(tx, &[callback], stage.now()).await.unwrap();
}

async fn tell(stage: &Stage, id: &str, request: RequestId, answer: StepAnswer) -> OutcomeVerdict {
    let subject = StepSubject::Callback(Box::new(receipt(stage, id)));
    let outcome = outcome(stage, (request, subject), AnswerSource::Callback, answer);
    let tx = stage.db.store("oms_callback_processor").await.system_tx().await.unwrap();
    record_step_outcomes(tx, &stage.context("processor"), &[outcome]).await.unwrap()[0]
}

async fn answer_submit(stage: &Stage, attempt: &StepAttempt) {
    let subject = StepSubject::Lease {
        order_id: attempt.order_id,
        step_id: attempt.step_id,
        lease_epoch: attempt.lease_epoch,
    };
    let accepted = StepAnswer::Accepted { external_reference: reference("SHP-1") };
    let subject = (attempt.request_id, subject);
    let outcome = outcome(stage, subject, AnswerSource::Submit, accepted);
    let tx = stage.db.store("oms_fulfillment_step_executor").await.system_tx().await.unwrap();
    let _ = record_step_outcomes(tx, &stage.context("executor"), &[outcome]).await.unwrap();
}

fn outcome(
    stage: &Stage,
    (request_id, subject): (RequestId, StepSubject),
    source: AnswerSource,
    answer: StepAnswer,
) -> StepOutcome {
    // Far away, so that only the sweep under test has something to do.
    let response_due = SignedDuration::from_hours(48);
    StepOutcome {
        tenant: stage.tenant.clone(),
        request_id,
        subject,
        source,
        answer,
        attempts: Vec::new(),
        policy: StepPolicy { response_due, ..StepPolicy::WITHOUT_SETTINGS },
        jitter: Jitter::FULL,
    }
}

async fn message(stage: &Stage, id: &str) -> Option<String> {
    let sql = format!(
        "select verdict || case when next_match_at is null then '' else ' waits' end
             || case when answer is null then '' else ' with answer' end
         from inbox_message where message_id = '{id}'"
    );
    stage.db.text(&sql).await
}

#[tokio::test]
async fn a_callback_that_came_before_its_reference_is_matched_again_and_applied() {
    let stage = Stage::released(1).await;
    let attempt = stage.claim().await.remove(0);
    keep_by_reference(&stage, "m1").await;
    assert_eq!(message(&stage, "m1").await.as_deref(), Some("UNMATCHED waits with answer"));
    answer_submit(&stage, &attempt).await;
    let deps = deps(&stage).await;

    let too_early = round(&deps).await;
    stage.advance(SignedDuration::from_secs(31));
    let summary = round(&deps).await;
    let nothing_left = round(&deps).await;

    let matched = [too_early, summary, nothing_left].map(|x| x.matched_callbacks);
    assert_eq!(matched, [0, 1, 0]);
    assert_eq!(stage.shipping().await, ["COMPLETED"]);
    assert_eq!(message(&stage, "m1").await.as_deref(), Some("APPLIED"));
    stage.db.finish().await;
}

#[tokio::test]
async fn a_callback_that_fits_nothing_is_matched_less_and_less_often_and_then_an_orphan() {
    let stage = Stage::placed(1).await;
    keep_by_reference(&stage, "m1").await;
    let deps = deps(&stage).await;
    let tries = "select match_count::bigint from inbox_message";
    let (mut turns, mut orphans) = (Vec::new(), 0);
    for second in (0..=3_660).step_by(30) {
        let summary = round(&deps).await;
        orphans += summary.orphaned_callbacks;
        let count = stage.db.number(tries).await;
        if turns.len() < usize::try_from(count).unwrap() {
            turns.push(second);
        }
        stage.advance(SignedDuration::from_secs(30));
    }

    // 30 s and doubling from turn to turn; an hour after it came the last one.
    let doubled = [30, 90, 210, 450, 930, 1_890, 3_600];
    let is_near = |(x, y): (&i64, &i64)| (*x..=*x + 60).contains(y);
    assert_eq!(turns.len(), doubled.len(), "{turns:?}");
    assert!(doubled.iter().zip(&turns).all(is_near), "{turns:?}");
    assert_eq!(orphans, 1);
    assert_eq!(message(&stage, "m1").await.as_deref(), Some("UNMATCHED"));
    let incident = "select kind || ' ' || cause from platform_incident";
    let incident = stage.db.text(incident).await;
    assert_eq!(incident.as_deref(), Some("ORPHAN_CALLBACK system:LOGISTICS"));
    let tx = stage.db.store("oms_operator_api").await.tenant_tx(&stage.tenant).await.unwrap();
    let list = inbox::list_orphans(tx, 10).await.unwrap();
    assert_eq!((list.len(), list[0].message_id.as_str()), (1, "m1"));
    stage.db.finish().await;
}

#[tokio::test]
async fn two_runs_never_match_one_callback_at_once() {
    let stage = Stage::released(1).await;
    let attempt = stage.claim().await.remove(0);
    for id in ["m1", "m2", "m3", "m4"] {
        keep_by_reference(&stage, id).await;
    }
    answer_submit(&stage, &attempt).await;
    stage.advance(SignedDuration::from_secs(31));
    let store = stage.db.store("oms_reconciliation").await;
    let now = stage.now();
    let claim = async || {
        let tx = store.system_tx().await.unwrap();
        inbox::claim_unmatched(tx, now, 10).await.unwrap().len()
    };

    let (one, other) = tokio::join!(claim(), claim());

    assert_eq!(one + other, 4);
    stage.db.finish().await;
}

#[tokio::test]
async fn a_row_without_its_answer_is_given_up_and_holds_nobody_up() {
    let stage = Stage::released(1).await;
    let attempt = stage.claim().await.remove(0);
    keep_by_reference(&stage, "m1").await;
    keep_by_reference(&stage, "old").await;
    stage.db.execute("update inbox_message set answer = null where message_id = 'old'").await;
    answer_submit(&stage, &attempt).await;
    stage.advance(SignedDuration::from_secs(3_601));

    let summary = round(&deps(&stage).await).await;

    assert_eq!((summary.matched_callbacks, summary.orphaned_callbacks), (1, 1));
    assert_eq!(message(&stage, "m1").await.as_deref(), Some("APPLIED"));
    assert_eq!(message(&stage, "old").await.as_deref(), Some("UNMATCHED"));
    stage.db.finish().await;
}

async fn logistics(answer: ResponseTemplate, calls: u64) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path_regex("^/LOGISTICS/requests/[0-9a-f-]{36}$"))
        .respond_with(answer)
        .expect(calls)
        .mount(&server)
        .await;
    server
}

/// A step that was completed and then refused, by two callbacks.
async fn contradicted(stage: &Stage) {
    let id = stage.claim().await.remove(0).request_id;
    let refused = StepAnswer::Rejected { code: "NO_STOCK".to_owned(), external_reference: None };
    assert!(matches!(tell(stage, "m1", id, completed()).await, OutcomeVerdict::Applied(_)));
    assert_eq!(tell(stage, "m2", id, refused).await, OutcomeVerdict::Contradictory);
}

async fn evidence(stage: &Stage) -> Value {
    let sql = "select evidence::text from order_fallout_case";
    serde_json::from_str(&stage.db.text(sql).await.unwrap()).unwrap()
}

#[tokio::test]
async fn a_contradicted_system_is_asked_once_and_its_answer_is_evidence_only() {
    let stage = Stage::released(1).await;
    let done = json!({"status": "COMPLETED", "externalReference": "SHP-1", "result": {}});
    let server = logistics(ResponseTemplate::new(200).set_body_json(done), 1).await;
    stage.configure("LOGISTICS", &server.uri(), json!({})).await;
    contradicted(&stage).await;
    assert_eq!(evidence(&stage).await["query"], Value::Null);
    let deps = deps(&stage).await;

    let asked = [round(&deps).await, round(&deps).await].map(|x| x.contradictions_asked);

    assert_eq!(asked, [1, 0]);
    let evidence = evidence(&stage).await;
    assert_eq!(evidence["query"]["answer"], "COMPLETED");
    assert_eq!(evidence["recorded"]["message"]["messageId"], "m1");
    assert_eq!(evidence["told"]["message"]["messageId"], "m2");
    assert_eq!(evidence["told"]["code"], "NO_STOCK");
    assert_eq!(stage.shipping().await, ["COMPLETED"]);
    let case = "select status || ' ' || version from order_fallout_case";
    assert_eq!(stage.db.text(case).await.as_deref(), Some("OPEN 2"));
    stage.db.finish().await;
}

#[tokio::test]
async fn a_contradicted_system_that_cannot_tell_is_asked_five_times() {
    let stage = Stage::released(1).await;
    let server = logistics(ResponseTemplate::new(500), 5).await;
    stage.configure("LOGISTICS", &server.uri(), json!({})).await;
    contradicted(&stage).await;
    let deps = deps(&stage).await;

    for _ in 0..7 {
        round(&deps).await;
        stage.advance(SignedDuration::from_secs(61));
    }

    assert_eq!(evidence(&stage).await["query"]["answer"], "CANNOT_TELL");
    let open = "select count(*) from contradiction_query where answer is null";
    assert_eq!(stage.db.number(open).await, 0);
    stage.db.finish().await;
}
