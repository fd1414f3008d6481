//! Deliveries on a real database, to an engine that a test speaks for.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod engine_faults;
mod relay;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use order_store::outbox::Delivery;
use relay::Relay;
use serde_json::{Value, json};
use test_support::pointers;
use uuid::Uuid;
use wiremock::matchers::{body_partial_json, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate, Times};
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

async fn answer(server: &MockServer, at: &str, answer: ResponseTemplate, calls: impl Into<Times>) {
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

async fn owing_plan() -> Relay {
    let payload = json!({"kind": "PLAN_COMPLETED", "fulfillmentPlanId": Uuid::nil()});
    Relay::owing(("WORKFLOW_MESSAGE", "plan:one"), payload).await
}

async fn owing_opening(case: Uuid) -> Relay {
    let payload = json!({"kind": "FALLOUT_OPENED", "falloutCaseId": case});
    Relay::owing(("WORKFLOW_MESSAGE", "case:one"), payload).await
}

async fn owing_resolution(anchor: &str) -> Relay {
    let payload = json!({"kind": "USER_TASK_COMPLETE", "falloutCaseId": Uuid::nil(),
        "resolution": "CONTINUE", "engineAnchor": anchor});
    Relay::owing(("USER_TASK_COMPLETE", "case:one"), payload).await
}

fn is_put_off(outcome: &DeliveryOutcome) -> bool {
    matches!(outcome, DeliveryOutcome::PutOff { .. })
}

#[tokio::test]
async fn a_start_whose_answer_was_lost_is_adopted_and_not_repeated() {
    let relay = Relay::owing_the_start().await;
    let server = MockServer::start().await;
    answer(&server, START, lost(started("p-1")), 1).await;
    history(&server, json!([instance("p-1", "ACTIVE")]), 1).await;
    let message = relay.claim().await;

    let lost = relay.deliver(&message, &server).await;
    relay.advance(9);
    let too_early = relay.deliver(&message, &server).await;
    relay.advance(30);
    let asked = relay.deliver(&message, &server).await;

    assert!(matches!(lost, DeliveryOutcome::PutOff { least: QUIET, .. }), "{lost:?}");
    assert!(is_put_off(&too_early), "{too_early:?}");
    assert_eq!(asked, DeliveryOutcome::Moot);
    assert_eq!(relay.running_instance().await.as_deref(), Some("p-1"));
    relay.finish().await;
}

#[tokio::test]
async fn a_start_that_never_arrived_is_repeated_after_asking() {
    let relay = Relay::owing_the_start().await;
    let server = MockServer::start().await;
    let first = Mock::given(path(START)).respond_with(lost(started("p-0")));
    first.up_to_n_times(1).expect(1).mount(&server).await;
    answer(&server, START, started("p-1"), 1).await;
    history(&server, json!([]), 1).await;

    let _ = relay.deliver_due(&server).await;
    relay.advance(45);
    let again = relay.deliver_due(&server).await;

    assert_eq!(again, DeliveryOutcome::Delivered);
    assert_eq!(relay.running_instance().await.as_deref(), Some("p-1"));
    relay.finish().await;
}

#[tokio::test]
async fn of_two_instances_the_oldest_is_kept() {
    let relay = Relay::owing_the_start().await;
    let server = MockServer::start().await;
    answer(&server, START, lost(started("p-1")), 1).await;
    history(&server, json!([instance("p-1", "ACTIVE"), instance("p-2", "ACTIVE")]), 1).await;
    Mock::given(method("DELETE"))
        .and(path("/engine-rest/process-instance/p-2"))
        .respond_with(ResponseTemplate::new(204))
        .expect(1)
        .mount(&server)
        .await;

    let _ = relay.deliver_due(&server).await;
    relay.advance(45);

    assert_eq!(relay.deliver_due(&server).await, DeliveryOutcome::Moot);
    let incident = "select count(*) from platform_incident
        where kind = 'DUPLICATE_PROCESS_INSTANCE' and cause = 'instance:p-2'";
    assert_eq!(relay.stage.db.number(incident).await, 1);
    relay.finish().await;
}

#[tokio::test]
async fn nothing_is_started_or_opened_after_its_time() {
    for relay in [Relay::owing_the_start().await, owing_opening(Uuid::nil()).await] {
        let server = MockServer::start().await;
        let passed = Timestamp::now() - SignedDuration::from_secs(1);

        let outcome = relay.deliver_by(&relay.claim().await, &server.uri(), passed).await;

        assert_eq!(outcome, DeliveryOutcome::too_late());
        assert!(server.received_requests().await.unwrap().is_empty());
        relay.finish().await;
    }
}

#[tokio::test]
async fn an_engine_that_is_down_puts_off_and_one_that_refuses_the_message_refuses() {
    let relay = owing_plan().await;
    let message = relay.claim().await;
    let server = MockServer::start().await;
    let refusal = json!({"type": "InvalidRequestException", "message": "no such variable type"});
    let refusal = ResponseTemplate::new(400).set_body_json(refusal);
    answer(&server, "/engine-rest/message", refusal, 1).await;

    let down = relay.deliver_by(&message, NOBODY, relay.in_ten_seconds()).await;
    let refused = relay.deliver(&message, &server).await;

    assert!(is_put_off(&down), "{down:?}");
    assert!(matches!(refused, DeliveryOutcome::Refused { .. }), "{refused:?}");
    relay.finish().await;
}

#[tokio::test]
async fn a_completed_plan_is_told_once_to_the_instance_that_waits() {
    let relay = owing_plan().await;
    let server = MockServer::start().await;
    let taken = ok(json!([{"resultType": "Execution",
        "execution": {"id": "e", "processInstanceId": "p", "ended": false}}]));
    let plan = json!({"fulfillmentPlanId": {"value": Uuid::nil(), "type": "String"}});
    Mock::given(path("/engine-rest/message"))
        .and(body_partial_json(json!({
            "messageName": "FulfillmentPlanCompleted",
            "correlationKeys": {"tenantId": {"value": "acme"}, "orderId": {"value": relay.stage.order_id}},
            "processVariablesLocal": plan
        })))
        .respond_with(taken)
        .expect(1)
        .mount(&server)
        .await;

    assert_eq!(relay.deliver_due(&server).await, DeliveryOutcome::Delivered);
    relay.finish().await;
}

/// What becomes of a completed plan that no execution waits for.
async fn plan_without_match(instances: Value, waits: Option<Value>) -> DeliveryOutcome {
    let relay = owing_plan().await;
    let server = MockServer::start().await;
    let no_match = json!({"type": "RestException", "message": NO_MATCH, "code": 0});
    let no_match = ResponseTemplate::new(400).set_body_json(no_match);
    answer(&server, "/engine-rest/message", no_match, 1).await;
    history(&server, instances, 1).await;
    if let Some(waits) = waits {
        answer(&server, "/engine-rest/history/activity-instance", ok(waits), 1).await;
    }
    let outcome = relay.deliver_due(&server).await;
    relay.finish().await;
    outcome
}

fn run_of_wait(end: Option<&str>, canceled: bool) -> Value {
    json!({"id": "a", "activityId": "AwaitFulfillmentPlan", "activityType": "receiveTask",
        "processInstanceId": "p", "startTime": "2026-01-31T12:00:00.000+0000",
        "endTime": end, "canceled": canceled})
}

fn wait(end: Option<&str>, canceled: bool) -> Value {
    json!([run_of_wait(end, canceled)])
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
async fn a_message_for_a_wait_that_is_open_again_stays_owed_while_the_instance_is_suspended() {
    let suspended = json!([instance("p", "SUSPENDED")]);
    let consumed = run_of_wait(Some("2026-01-31T12:00:01.000+0000"), false);

    let at_it_again = json!([consumed, run_of_wait(None, false)]);
    assert!(is_put_off(&plan_without_match(suspended.clone(), Some(at_it_again)).await));

    let taken_away_again =
        json!([consumed, run_of_wait(Some("2026-01-31T12:00:02.000+0000"), true)]);
    let moot = plan_without_match(suspended, Some(taken_away_again)).await;
    assert_eq!(moot, DeliveryOutcome::Moot);
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
    let relay = owing_opening(case).await;
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

    let lost = relay.deliver_due(&server).await;
    relay.advance(45);
    let asked = relay.deliver_due(&server).await;

    assert!(is_put_off(&lost), "{lost:?}");
    assert_eq!(asked, DeliveryOutcome::Moot);
    relay.finish().await;
}

#[tokio::test]
async fn every_task_of_a_case_is_completed_with_the_resolution_and_a_gone_one_is_done() {
    let relay = owing_resolution("MESSAGE").await;
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

    assert_eq!(relay.deliver_due(&server).await, DeliveryOutcome::Delivered);
    relay.finish().await;
}

#[tokio::test]
async fn no_task_means_gone_after_a_message_and_not_yet_after_a_bpmn_error() {
    for (anchor, state, is_moot) in [
        ("MESSAGE", "ACTIVE", true),
        ("BPMN_ERROR", "ACTIVE", false),
        ("BPMN_ERROR", "COMPLETED", true),
    ] {
        let relay = owing_resolution(anchor).await;
        let server = MockServer::start().await;
        answer(&server, "/engine-rest/task", ok(json!([])), 1).await;
        history(&server, json!([instance("p", state)]), u64::from(anchor != "MESSAGE")).await;

        let outcome = relay.deliver_due(&server).await;

        let as_expected =
            if is_moot { outcome == DeliveryOutcome::Moot } else { is_put_off(&outcome) };
        assert!(as_expected, "{anchor} {state}: {outcome:?}");
        relay.finish().await;
    }
}

#[tokio::test]
async fn every_living_instance_of_an_order_that_was_given_up_is_deleted_and_none_is_no_error() {
    let instances = json!([
        instance("p-0", "EXTERNALLY_TERMINATED"),
        instance("p-1", "ACTIVE"),
        instance("p-2", "SUSPENDED")
    ]);
    for (known, deleted, expected) in [
        (instances, vec!["p-1", "p-2"], DeliveryOutcome::Delivered),
        (json!([]), Vec::new(), DeliveryOutcome::Moot),
    ] {
        let payload = json!({"kind": "PROCESS_DELETE", "reasonCode": "CUSTOMER_GONE"});
        let relay = Relay::owing(("PROCESS_DELETE", "start:one"), payload).await;
        let server = MockServer::start().await;
        history(&server, known, 1).await;
        for id in deleted {
            Mock::given(method("DELETE"))
                .and(path(format!("/engine-rest/process-instance/{id}")))
                .respond_with(ResponseTemplate::new(204))
                .expect(1)
                .mount(&server)
                .await;
        }

        assert_eq!(relay.deliver_due(&server).await, expected);
        relay.finish().await;
    }
}

/// How a delivery tells the engine; a new kind does not compile until it is named here.
const fn told_by(delivery: &Delivery) -> Option<&'static str> {
    match delivery {
        Delivery::WorkflowStart { .. } => Some("start"),
        Delivery::PlanCompleted { .. } | Delivery::FalloutOpened { .. } => Some("message"),
        Delivery::UserTaskComplete { .. } => Some("resolve"),
        Delivery::ProcessDelete { .. }
        | Delivery::StepDispatch(_)
        | Delivery::DomainEvent { .. } => None,
    }
}

/// Delivers what is owed to an engine that takes it; what it hears, `deliver` looks at.
async fn tells_only_pointers(relay: Relay) {
    let server = MockServer::start().await;
    answer(&server, START, started("p-1"), 0..=1).await;
    let taken = ok(json!([{"execution": {"id": "e", "processInstanceId": "p"}}]));
    answer(&server, "/engine-rest/message", taken, 0..=1).await;
    answer(&server, "/engine-rest/task", ok(json!([task("t")])), 0..=1).await;
    let done = ResponseTemplate::new(204);
    answer(&server, "/engine-rest/task/t/complete", done, 0..=1).await;
    let message = relay.claim().await;

    assert_eq!(relay.deliver(&message, &server).await, DeliveryOutcome::Delivered);

    let calls: Vec<_> = pointers::told(&server).await.into_iter().map(|x| x.call).collect();
    assert_eq!(calls, Vec::from_iter(told_by(&message.delivery)));
    relay.finish().await;
}

#[tokio::test]
async fn the_engine_hears_only_pointers_when_a_process_is_started() {
    tells_only_pointers(Relay::owing_the_start().await).await;
}

#[tokio::test]
async fn the_engine_hears_only_pointers_when_a_lost_process_is_put_back() {
    let point = json!({"milestone": "BILLING", "falloutCaseId": Uuid::now_v7()});
    let payload = json!({"kind": "WORKFLOW_START", "orderVersion": 7,
        "correlationId": Uuid::now_v7(), "resumeAt": point});
    tells_only_pointers(Relay::owing(("WORKFLOW_START", "start:one"), payload).await).await;
}

#[tokio::test]
async fn the_engine_hears_only_pointers_when_a_plan_is_completed() {
    tells_only_pointers(owing_plan().await).await;
}

#[tokio::test]
async fn the_engine_hears_only_pointers_when_a_case_is_opened() {
    tells_only_pointers(owing_opening(Uuid::now_v7()).await).await;
}

#[tokio::test]
async fn the_engine_hears_only_pointers_when_a_case_is_resolved() {
    tells_only_pointers(owing_resolution("MESSAGE").await).await;
}

/// The order's process is recorded as `p-1`, and nobody looks at it for an hour.
async fn recorded(relay: &Relay, status: &str) {
    let instance = if status == "RUNNING" { "'p-1'" } else { "null" };
    let order_id = relay.stage.order_id;
    let sql = format!(
        "insert into workflow_correlation (tenant_id, id, subject_type, subject_id, process_key,
             process_instance_id, business_key, workflow_run_id, status, started_at, next_check_at)
         values ('acme', gen_random_uuid(), 'ORDER', '{order_id}', 'order-fulfillment', {instance}, 'k',
             gen_random_uuid(), '{status}', now() - interval '1 minute', now() + interval '1 hour')"
    );
    relay.stage.db.execute(&sql).await;
}

async fn is_due(relay: &Relay) -> bool {
    let sql = "select count(*) from workflow_correlation where next_check_at < now() + interval '1 minute'";
    relay.stage.db.number(sql).await == 1
}

#[tokio::test]
async fn a_message_for_a_lost_process_stays_owed_and_reconciliation_looks_at_once() {
    let no_match = json!({"type": "RestException", "message": NO_MATCH, "code": 0});
    for (status, known, is_moot, looks) in [
        ("RUNNING", json!([]), false, true),
        ("RUNNING", json!([instance("p-1", "EXTERNALLY_TERMINATED")]), true, true),
        ("STARTING", json!([instance("p-0", "COMPLETED")]), false, false),
        ("LOST", json!([]), false, false),
    ] {
        let relay = owing_plan().await;
        recorded(&relay, status).await;
        let server = MockServer::start().await;
        let refused = ResponseTemplate::new(400).set_body_json(&no_match);
        answer(&server, "/engine-rest/message", refused, 1).await;
        history(&server, known, 1).await;

        let outcome = relay.deliver_due(&server).await;

        assert_eq!(outcome == DeliveryOutcome::Moot, is_moot, "{status}: {outcome:?}");
        assert_eq!(is_due(&relay).await, looks, "{status}");
        relay.finish().await;
    }
}

#[tokio::test]
async fn a_process_is_put_back_at_its_milestone_and_an_ended_instance_is_not_adopted() {
    let case = Uuid::now_v7();
    let payload = json!({"kind": "WORKFLOW_START", "orderVersion": 3, "correlationId": Uuid::nil(),
        "resumeAt": {"milestone": "BILLING", "falloutCaseId": case}});
    let relay = Relay::owing(("WORKFLOW_START", "start:one"), payload).await;
    recorded(&relay, "STARTING").await;
    let server = MockServer::start().await;
    history(&server, json!([instance("p-0", "EXTERNALLY_TERMINATED")]), 1).await;
    let at_billing = json!({
        "startInstructions": [
            {"type": "startBeforeActivity", "activityId": "ResolveBillingFallout"}],
        "variables": {"falloutCaseId": {"value": case}, "falloutCode": {"value": "BILLING_REJECTED"}},
    });
    Mock::given(path(START))
        .and(body_partial_json(at_billing))
        .respond_with(started("p-1"))
        .expect(1)
        .mount(&server)
        .await;

    assert_eq!(relay.deliver_due(&server).await, DeliveryOutcome::Delivered);
    assert_eq!(relay.running_instance().await.as_deref(), Some("p-1"));
    relay.finish().await;
}

#[test]
fn a_start_that_an_older_release_wrote_is_still_read() {
    let payload =
        json!({"kind": "WORKFLOW_START", "orderVersion": 1, "correlationId": Uuid::nil()});

    let read: Delivery = serde_json::from_value(payload.clone()).unwrap();

    assert!(matches!(&read, Delivery::WorkflowStart { resume_at: None, .. }));
    assert_eq!(serde_json::to_value(&read).unwrap(), payload, "and an older release reads ours");
}
