//! Batches of authenticated callbacks on a real database.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use callback_processor::{CallbackSummary, Deps, handler};
use external_systems::callback::CallbackEnvelope;
use jiff::Timestamp;
use lambda_support::sqs_batch::{MessageVerdict, QueueMessage};
use order_domain::ids::RequestId;
use order_domain::step::answer::StepAnswer;
use order_domain::step::{Jitter, StepPolicy};
use order_store::commands::{OutcomeVerdict, StepAttempt, record_step_outcomes};
use serde_json::{Value, json};
use test_support::stage::Stage;

async fn deps(stage: &Stage) -> Deps {
    Deps::new(stage.db.store("oms_callback_processor").await).with_clock(stage.clock())
}

fn message(message_id: &str, body: &Value) -> QueueMessage {
    raw(message_id, "LOGISTICS", body.to_string().as_bytes())
}

fn raw(message_id: &str, system: &str, body: &[u8]) -> QueueMessage {
    let envelope = CallbackEnvelope {
        tenant_id: test_support::tenant(),
        system: system.to_owned(),
        message_id: message_id.to_owned(),
        received_at: Timestamp::now(),
        content_type: "application/json".to_owned(),
        body_base64: CallbackEnvelope::encode_body(body),
        traceparent: None,
    };
    QueueMessage {
        message_id: message_id.to_owned(),
        body: serde_json::to_string(&envelope).unwrap(),
        receive_count: 1,
        trace_parent: None,
    }
}

fn completed(request_id: RequestId) -> Value {
    json!({"requestId": request_id, "externalReference": "SHP-1", "status": "COMPLETED",
        "result": {"shipmentId": "SHP-1"}, "occurredAt": "2026-05-04T10:00:00Z"})
}

fn rejected(request_id: RequestId) -> Value {
    json!({"requestId": request_id, "status": "REJECTED", "reasonCode": "CREDIT_CHECK_FAILED",
        "occurredAt": "2026-05-04T10:00:00Z"})
}

async fn process(deps: &Deps, messages: &[QueueMessage]) -> CallbackSummary {
    let (summary, verdicts) = handler::process(deps, "run", messages).await;
    assert_eq!(verdicts, vec![MessageVerdict::Done; messages.len()]);
    summary
}

/// The executor's answer to its own submit.
async fn answer_submit(stage: &Stage, attempt: &StepAttempt) -> OutcomeVerdict {
    let accepted = StepAnswer::Accepted { external_reference: Some("SHP-1".to_owned()) };
    answer_with(stage, attempt, accepted, StepPolicy::WITHOUT_SETTINGS).await
}

async fn answer_with(
    stage: &Stage,
    attempt: &StepAttempt,
    answer: StepAnswer,
    policy: StepPolicy,
) -> OutcomeVerdict {
    let outcome = attempt.answered(answer, policy, Jitter::FULL);
    let tx = stage.db.store("oms_fulfillment_step_executor").await.system_tx().await.unwrap();
    record_step_outcomes(tx, &stage.context("executor"), &[outcome]).await.unwrap()[0]
}

async fn inbox(stage: &Stage) -> Vec<String> {
    let rows = stage.db.rows("select verdict from inbox_message order by message_id", &[]).await;
    rows.iter().map(|x| x.try_get("verdict").unwrap()).collect()
}

#[tokio::test]
async fn an_accepted_step_is_completed_by_its_callback() {
    let stage = Stage::released(1).await;
    let attempt = stage.claim().await.remove(0);
    let _ = answer_submit(&stage, &attempt).await;

    let summary =
        process(&deps(&stage).await, &[message("m1", &completed(attempt.request_id))]).await;

    assert_eq!(summary.applied, 1);
    assert_eq!(stage.shipping().await, ["COMPLETED"]);
    let next = stage.db.text("select status from fulfillment_step where target_system = 'BILLING'");
    assert_eq!(next.await.as_deref(), Some("READY"));
    stage.db.finish().await;
}

#[tokio::test]
async fn a_callback_before_the_submit_answer_wins_and_the_answer_is_only_recorded() {
    let stage = Stage::released(1).await;
    let attempt = stage.claim().await.remove(0);

    let summary =
        process(&deps(&stage).await, &[message("m1", &completed(attempt.request_id))]).await;
    let late = answer_submit(&stage, &attempt).await;

    assert_eq!(summary.applied, 1);
    assert!(matches!(late, OutcomeVerdict::LeaseLost | OutcomeVerdict::Late), "{late:?}");
    assert_eq!(stage.shipping().await, ["COMPLETED"]);
    stage.db.finish().await;
}

#[tokio::test]
async fn the_same_message_is_applied_once_within_a_batch_and_across_batches() {
    let stage = Stage::released(1).await;
    let attempt = stage.claim().await.remove(0);
    let one = message("m1", &completed(attempt.request_id));
    let deps = deps(&stage).await;

    let first = process(&deps, &[one.clone(), one.clone()]).await;
    let second = process(&deps, &[one]).await;

    assert_eq!((first.applied, first.duplicate), (1, 1));
    assert_eq!((second.applied, second.duplicate), (0, 1));
    assert_eq!(inbox(&stage).await, ["APPLIED"]);
    stage.db.finish().await;
}

#[tokio::test]
async fn a_contradiction_opens_a_case_and_changes_nothing() {
    let stage = Stage::released(1).await;
    let id = stage.claim().await.remove(0).request_id;
    let deps = deps(&stage).await;

    process(&deps, &[message("m1", &completed(id))]).await;
    let summary = process(&deps, &[message("m2", &rejected(id))]).await;

    assert_eq!(summary.contradictory, 1);
    assert_eq!(stage.shipping().await, ["COMPLETED"]);
    assert_eq!(stage.db.number("select count(*) from order_fallout_case").await, 1);
    stage.db.finish().await;
}

#[tokio::test]
async fn an_unknown_request_and_another_systems_request_are_unmatched() {
    let stage = Stage::released(1).await;
    let id = stage.claim().await.remove(0).request_id;
    let nobody = RequestId::from_uuid(uuid::Uuid::now_v7());
    let foreign = raw("m2", "BILLING", completed(id).to_string().as_bytes());

    let summary = process(&deps(&stage).await, &[message("m1", &completed(nobody)), foreign]).await;

    assert_eq!(summary.unmatched, 2);
    assert_eq!(inbox(&stage).await, ["UNMATCHED", "UNMATCHED"]);
    assert_eq!(stage.shipping().await, ["SUBMITTING"]);
    stage.db.finish().await;
}

#[tokio::test]
async fn malformed_callbacks_are_kept_with_an_incident_and_hold_nobody_up() {
    let stage = Stage::released(1).await;
    let id = stage.claim().await.remove(0).request_id;
    let batch = [
        raw("m1", "LOGISTICS", b"hello"),
        raw("m2", "LOGISTICS", &[0xff, 0]),
        message("m3", &completed(id)),
        message("m4", &json!({"status": "COMPLETED", "occurredAt": "2026-05-04T10:00:00Z"})),
    ];

    let summary = process(&deps(&stage).await, &batch).await;

    assert_eq!((summary.applied, summary.malformed), (1, 3));
    assert_eq!(inbox(&stage).await, ["MALFORMED", "MALFORMED", "APPLIED", "MALFORMED"]);
    assert_eq!(stage.db.number("select count(*) from platform_incident").await, 1);
    stage.db.finish().await;
}

#[tokio::test]
async fn a_callback_that_names_only_the_reference_finds_its_request() {
    let stage = Stage::released(1).await;
    let attempt = stage.claim().await.remove(0);
    let body = json!({"externalReference": "SHP-1", "status": "COMPLETED",
        "occurredAt": "2026-05-04T10:00:00Z"});
    let deps = deps(&stage).await;

    let early = process(&deps, &[message("m1", &body)]).await;
    let _ = answer_submit(&stage, &attempt).await;
    let summary = process(&deps, &[message("m1", &body)]).await;

    assert_eq!((early.unmatched, early.returned), (1, 0));
    assert_eq!(summary.applied, 1);
    assert_eq!(stage.shipping().await, ["COMPLETED"]);
    assert_eq!(inbox(&stage).await, ["APPLIED"]);
    let kept = "select count(*) from inbox_message where answer is not null";
    assert_eq!(stage.db.number(kept).await, 0, "the verdict is final");
    stage.db.finish().await;
}

#[tokio::test]
async fn a_reference_that_nobody_knows_is_kept_with_what_it_says() {
    let stage = Stage::released(1).await;
    let body = json!({"externalReference": "SHP-9", "status": "COMPLETED",
        "occurredAt": "2026-05-04T10:00:00Z"});

    let summary = process(&deps(&stage).await, &[message("m1", &body)]).await;

    assert_eq!(summary.unmatched, 1);
    assert_eq!(inbox(&stage).await, ["UNMATCHED"]);
    let waits = "select answer->>'said' from inbox_message where next_match_at is not null";
    assert_eq!(stage.db.text(waits).await.as_deref(), Some("COMPLETED"));
    stage.db.finish().await;
}

#[tokio::test]
async fn the_same_content_under_a_new_id_is_a_duplicate_within_a_batch_and_across() {
    let stage = Stage::released(1).await;
    let id = stage.claim().await.remove(0).request_id;
    let deps = deps(&stage).await;
    let copies = ["m1", "m2"].map(|name| message(name, &completed(id)));

    let first = process(&deps, &copies).await;
    let second = process(&deps, &[message("m3", &completed(id))]).await;

    assert_eq!((first.applied, first.duplicate), (1, 1));
    assert_eq!((second.duplicate, second.late), (1, 0));
    assert_eq!(inbox(&stage).await, ["APPLIED", "DUPLICATE", "DUPLICATE"]);
    stage.db.finish().await;
}

#[tokio::test]
async fn success_after_the_last_attempt_is_adopted_and_closes_the_case() {
    let stage = Stage::released(1).await;
    let attempt = stage.claim().await.remove(0);
    let exhausted = StepPolicy { max_attempts: 1, ..StepPolicy::WITHOUT_SETTINGS };
    let refused = StepAnswer::RetryLater { retry_after_ms: None, detail: "503".to_owned() };
    let _ = answer_with(&stage, &attempt, refused, exhausted).await;
    assert_eq!(stage.shipping().await, ["FAILED"]);

    let summary =
        process(&deps(&stage).await, &[message("m1", &completed(attempt.request_id))]).await;

    assert_eq!(summary.applied, 1);
    assert_eq!(stage.shipping().await, ["COMPLETED"]);
    let open = "select count(*) from order_fallout_case where status <> 'RESOLVED'";
    assert_eq!(stage.db.number(open).await, 0);
    let line = "select failed_step_count || ' ' || remaining_step_count || ' ' || status
                from order_line";
    assert_eq!(stage.db.text(line).await.as_deref(), Some("0 1 IN_PROGRESS"));
    let order = "select status from product_order";
    assert_eq!(stage.db.text(order).await.as_deref(), Some("FULFILLMENT_IN_PROGRESS"));
    stage.db.finish().await;
}

#[tokio::test]
async fn a_callback_that_could_not_be_recorded_goes_back_to_the_queue_alone() {
    let stage = Stage::released(2).await;
    let attempts = stage.claim().await;
    let messages = [("m1", &attempts[0]), ("m2", &attempts[1])]
        .map(|(id, attempt)| message(id, &completed(attempt.request_id)));
    let poison = "alter table inbox_message add constraint poison check (message_id <> 'm1')";
    stage.db.execute(poison).await;

    let (summary, verdicts) = handler::process(&deps(&stage).await, "run", &messages).await;

    assert!(matches!(verdicts[0], MessageVerdict::RetryLater { .. }), "{verdicts:?}");
    assert_eq!(verdicts[1], MessageVerdict::Done);
    assert_eq!((summary.applied, summary.returned), (1, 1));
    stage.db.finish().await;
}

#[tokio::test]
async fn a_body_that_is_no_envelope_goes_to_the_dead_letter_queue_alone() {
    let stage = Stage::released(1).await;
    let id = stage.claim().await.remove(0).request_id;
    let bad = QueueMessage { body: "{}".to_owned(), ..message("m0", &Value::Null) };

    let batch = [bad, message("m1", &completed(id))];
    let (summary, verdicts) = handler::process(&deps(&stage).await, "run", &batch).await;

    assert_eq!((summary.applied, summary.returned), (1, 1));
    assert!(matches!(verdicts[..], [MessageVerdict::RetryLater { .. }, MessageVerdict::Done]));
    stage.db.finish().await;
}

#[tokio::test]
async fn an_acceptance_by_callback_is_due_as_the_systems_settings_say() {
    let stage = Stage::released(1).await;
    stage.configure("LOGISTICS", "http://127.0.0.1:9", json!({"responseDueMs": 7_200_000})).await;
    let id = stage.claim().await.remove(0).request_id;
    let body =
        json!({"requestId": id, "status": "IN_PROGRESS", "occurredAt": "2026-05-04T10:00:00Z"});

    let summary = process(&deps(&stage).await, &[message("m1", &body)]).await;

    assert_eq!(summary.applied, 1);
    assert_eq!(stage.shipping().await, ["SUBMITTED"]);
    let due =
        "select count(*) from fulfillment_step where response_due_at > now() + interval '1 hour'";
    assert_eq!(stage.db.number(due).await, 1);
    stage.db.finish().await;
}

#[tokio::test]
async fn a_batch_of_ten_costs_the_round_trips_of_one() {
    let stage = Stage::released(11).await;
    let store = stage.db.store("oms_callback_processor").await;
    let deps = Deps::new(store.clone());
    let mut batch: Vec<QueueMessage> = stage
        .claim()
        .await
        .iter()
        .map(|x| message(&x.request_id.to_string(), &completed(x.request_id)))
        .collect();
    let one = [batch.remove(0)];
    let mut costs = Vec::new();
    for messages in [&one[..], &batch[..]] {
        let before = store.cost();
        let summary = process(&deps, messages).await;
        assert_eq!(summary.applied as usize, messages.len());
        let after = store.cost();
        costs.push((after.round_trips - before.round_trips, after.commits - before.commits));
    }

    assert_eq!(costs, [(2, 1), (2, 1)]);
    stage.db.finish().await;
}
