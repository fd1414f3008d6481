//! Deliveries on a real database, to an engine that a test speaks for.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod stage;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use stage::Stage;
use uuid::Uuid;
use wiremock::matchers::{body_partial_json, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};
use workflow_delivery::{DeliveryOutcome, QUIET};

const NO_MATCH: &str = "org.engine.MismatchingMessageCorrelationException: Cannot correlate message \
    'X': No process definition or execution matches the parameters";
const START: &str = "/engine-rest/process-definition/key/order-fulfillment/start";
const NOBODY: &str = "http://127.0.0.1:9";

fn ok(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

fn lost(answer: ResponseTemplate) -> ResponseTemplate {
    answer.set_delay(Duration::from_secs(5))
}

fn started(id: &str) -> ResponseTemplate {
    ok(json!({"id": id, "definitionId": "d:1", "ended": false, "suspended": false}))
}

async fn answer(server: &MockServer, at: &str, answer: ResponseTemplate, calls: u64) {
    let call = Mock::given(method("POST")).and(path(at));
    call.respond_with(answer).expect(calls).mount(server).await;
}

fn instance(id: &str, state: &str) -> Value {
    json!({"id": id, "processDefinitionId": "d:1", "state": state,
        "startTime": "2026-01-31T12:00:00.000+0000"})
}

async fn history(server: &MockServer, instances: Value, calls: u64) {
    answer(server, "/engine-rest/history/process-instance", ok(instances), calls).await;
}

async fn owing_plan() -> Stage {
    let payload = json!({"kind": "PLAN_COMPLETED", "fulfillmentPlanId": Uuid::nil()});
    Stage::owing(("WORKFLOW_MESSAGE", "plan:one"), payload).await
}

async fn owing_opening(case: Uuid) -> Stage {
    let payload = json!({"kind": "FALLOUT_OPENED", "falloutCaseId": case});
    Stage::owing(("WORKFLOW_MESSAGE", "case:one"), payload).await
}

async fn owing_resolution(anchor: &str) -> Stage {
    let payload = json!({"kind": "USER_TASK_COMPLETE", "falloutCaseId": Uuid::nil(),
        "resolution": "CONTINUE", "engineAnchor": anchor});
    Stage::owing(("USER_TASK_COMPLETE", "case:one"), payload).await
}

/// Claims what is owed and delivers it.
async fn delivered(stage: &Stage, url: &str) -> DeliveryOutcome {
    stage.deliver(&stage.claim().await, url).await
}

fn is_put_off(outcome: &DeliveryOutcome) -> bool {
    matches!(outcome, DeliveryOutcome::PutOff { .. })
}

#[tokio::test]
async fn a_start_whose_answer_was_lost_is_adopted_and_not_repeated() {
    let stage = Stage::placed().await;
    let server = MockServer::start().await;
    answer(&server, START, lost(started("p-1")), 1).await;
    history(&server, json!([instance("p-1", "ACTIVE")]), 1).await;
    let message = stage.claim().await;

    let lost = stage.deliver(&message, &server.uri()).await;
    stage.advance(9);
    let too_early = stage.deliver(&message, &server.uri()).await;
    stage.advance(30);
    let asked = stage.deliver(&message, &server.uri()).await;

    assert!(matches!(lost, DeliveryOutcome::PutOff { least: QUIET, .. }), "{lost:?}");
    assert!(is_put_off(&too_early), "{too_early:?}");
    assert_eq!(asked, DeliveryOutcome::Moot);
    assert_eq!(stage.running_instance().await.as_deref(), Some("p-1"));
    stage.db.finish().await;
}

#[tokio::test]
async fn a_start_that_never_arrived_is_repeated_after_asking() {
    let stage = Stage::placed().await;
    let server = MockServer::start().await;
    let first = Mock::given(path(START)).respond_with(lost(started("p-0")));
    first.up_to_n_times(1).expect(1).mount(&server).await;
    answer(&server, START, started("p-1"), 1).await;
    history(&server, json!([]), 1).await;

    let _ = delivered(&stage, &server.uri()).await;
    stage.advance(45);
    let again = delivered(&stage, &server.uri()).await;

    assert_eq!(again, DeliveryOutcome::Delivered);
    assert_eq!(stage.running_instance().await.as_deref(), Some("p-1"));
    stage.db.finish().await;
}

#[tokio::test]
async fn of_two_instances_the_oldest_is_kept() {
    let stage = Stage::placed().await;
    let server = MockServer::start().await;
    answer(&server, START, lost(started("p-1")), 1).await;
    history(&server, json!([instance("p-1", "ACTIVE"), instance("p-2", "ACTIVE")]), 1).await;
    Mock::given(method("DELETE"))
        .and(path("/engine-rest/process-instance/p-2"))
        .respond_with(ResponseTemplate::new(204))
        .expect(1)
        .mount(&server)
        .await;

    let _ = delivered(&stage, &server.uri()).await;
    stage.advance(45);

    assert_eq!(delivered(&stage, &server.uri()).await, DeliveryOutcome::Moot);
    stage.db.finish().await;
}

#[tokio::test]
async fn nothing_is_started_or_opened_after_its_time() {
    for stage in [Stage::placed().await, owing_opening(Uuid::nil()).await] {
        let server = MockServer::start().await;
        let passed = Timestamp::now() - SignedDuration::from_secs(1);

        let outcome = stage.deliver_by(&stage.claim().await, &server.uri(), passed).await;

        assert_eq!(outcome, DeliveryOutcome::too_late());
        assert!(server.received_requests().await.unwrap().is_empty());
        stage.db.finish().await;
    }
}

#[tokio::test]
async fn an_engine_that_is_down_puts_off_and_one_that_refuses_the_message_refuses() {
    let stage = owing_plan().await;
    let message = stage.claim().await;
    let server = MockServer::start().await;
    let refusal = json!({"type": "InvalidRequestException", "message": "no such variable type"});
    let refusal = ResponseTemplate::new(400).set_body_json(refusal);
    answer(&server, "/engine-rest/message", refusal, 1).await;

    let down = stage.deliver(&message, NOBODY).await;
    let refused = stage.deliver(&message, &server.uri()).await;

    assert!(is_put_off(&down), "{down:?}");
    assert!(matches!(refused, DeliveryOutcome::Refused { .. }), "{refused:?}");
    stage.db.finish().await;
}

#[tokio::test]
async fn a_completed_plan_is_told_once_to_the_instance_that_waits() {
    let stage = owing_plan().await;
    let server = MockServer::start().await;
    let taken = ok(json!([{"resultType": "Execution",
        "execution": {"id": "e", "processInstanceId": "p", "ended": false}}]));
    let plan = json!({"fulfillmentPlanId": {"value": Uuid::nil(), "type": "String"}});
    Mock::given(path("/engine-rest/message"))
        .and(body_partial_json(json!({
            "messageName": "FulfillmentPlanCompleted",
            "correlationKeys": {"tenantId": {"value": "acme"}, "orderId": {"value": stage.order_id}},
            "processVariablesLocal": plan
        })))
        .respond_with(taken)
        .expect(1)
        .mount(&server)
        .await;

    assert_eq!(delivered(&stage, &server.uri()).await, DeliveryOutcome::Delivered);
    stage.db.finish().await;
}

/// What becomes of a completed plan that no execution waits for.
async fn plan_without_match(instances: Value, waits: Option<Value>) -> DeliveryOutcome {
    let stage = owing_plan().await;
    let server = MockServer::start().await;
    let no_match = json!({"type": "RestException", "message": NO_MATCH, "code": 0});
    let no_match = ResponseTemplate::new(400).set_body_json(no_match);
    answer(&server, "/engine-rest/message", no_match, 1).await;
    history(&server, instances, 1).await;
    if let Some(waits) = waits {
        answer(&server, "/engine-rest/history/activity-instance", ok(waits), 1).await;
    }
    let outcome = delivered(&stage, &server.uri()).await;
    stage.db.finish().await;
    outcome
}

fn wait(end: Option<&str>, canceled: bool) -> Value {
    json!([{"id": "a", "activityId": "AwaitFulfillmentPlan", "activityType": "receiveTask",
        "processInstanceId": "p", "startTime": "2026-01-31T12:00:00.000+0000",
        "endTime": end, "canceled": canceled}])
}

#[tokio::test]
async fn a_message_that_nobody_waits_for_yet_stays_owed() {
    assert!(is_put_off(&plan_without_match(json!([]), None).await));

    let active = json!([instance("p", "ACTIVE")]);
    assert!(is_put_off(&plan_without_match(active.clone(), Some(json!([]))).await));

    let taken_away = wait(Some("2026-01-31T12:00:01.000+0000"), true);
    assert!(is_put_off(&plan_without_match(active, Some(taken_away)).await));
}

#[tokio::test]
async fn a_message_that_was_consumed_or_whose_process_ended_is_moot() {
    let active = json!([instance("p", "ACTIVE")]);
    let consumed = wait(Some("2026-01-31T12:00:01.000+0000"), false);
    assert_eq!(plan_without_match(active, Some(consumed)).await, DeliveryOutcome::Moot);

    let ended = json!([instance("p", "COMPLETED")]);
    assert_eq!(plan_without_match(ended, None).await, DeliveryOutcome::Moot);
}

fn task(id: &str) -> Value {
    json!({"id": id, "taskDefinitionKey": "ResolveOrderFallout", "processInstanceId": "c",
        "created": "2026-01-31T12:00:00.000+0000", "suspended": false})
}

#[tokio::test]
async fn a_lost_opening_is_asked_for_before_it_is_repeated() {
    let case = Uuid::now_v7();
    let stage = owing_opening(case).await;
    let server = MockServer::start().await;
    let scope = json!({"falloutCaseId": {"value": case, "type": "String"}});
    Mock::given(path("/engine-rest/message"))
        .and(body_partial_json(json!({"messageName": "OrderFalloutOpened",
            "processVariablesToTriggeredScope": scope})))
        .respond_with(lost(ok(json!([]))))
        .expect(1)
        .mount(&server)
        .await;
    answer(&server, "/engine-rest/task", ok(json!([task("t")])), 1).await;

    let lost = delivered(&stage, &server.uri()).await;
    stage.advance(45);
    let asked = delivered(&stage, &server.uri()).await;

    assert!(is_put_off(&lost), "{lost:?}");
    assert_eq!(asked, DeliveryOutcome::Moot);
    stage.db.finish().await;
}

#[tokio::test]
async fn every_task_of_a_case_is_completed_with_the_resolution_and_a_gone_one_is_done() {
    let stage = owing_resolution("MESSAGE").await;
    let server = MockServer::start().await;
    answer(&server, "/engine-rest/task", ok(json!([task("t1"), task("t2")])), 1).await;
    let told = json!({"variables": {"falloutResolution": {"value": "CONTINUE", "type": "String"}}});
    Mock::given(path("/engine-rest/task/t1/complete"))
        .and(body_partial_json(told))
        .respond_with(ResponseTemplate::new(204))
        .expect(1)
        .mount(&server)
        .await;
    let gone =
        json!({"type": "RestException", "message": "Cannot find task with id t2: task is null"});
    let gone = ResponseTemplate::new(500).set_body_json(gone);
    answer(&server, "/engine-rest/task/t2/complete", gone, 1).await;

    assert_eq!(delivered(&stage, &server.uri()).await, DeliveryOutcome::Delivered);
    stage.db.finish().await;
}

#[tokio::test]
async fn no_task_means_gone_after_a_message_and_not_yet_after_a_bpmn_error() {
    for (anchor, state, is_moot) in [
        ("MESSAGE", "ACTIVE", true),
        ("BPMN_ERROR", "ACTIVE", false),
        ("BPMN_ERROR", "COMPLETED", true),
    ] {
        let stage = owing_resolution(anchor).await;
        let server = MockServer::start().await;
        answer(&server, "/engine-rest/task", ok(json!([])), 1).await;
        history(&server, json!([instance("p", state)]), u64::from(anchor != "MESSAGE")).await;

        let outcome = delivered(&stage, &server.uri()).await;

        let as_expected =
            if is_moot { outcome == DeliveryOutcome::Moot } else { is_put_off(&outcome) };
        assert!(as_expected, "{anchor} {state}: {outcome:?}");
        stage.db.finish().await;
    }
}
