//! Cases of orders that stand still at an incident of the engine, on a real database.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use at_engine::running::Oms;
use jiff::SignedDuration;
use order_domain::order::OrderStatus;
use order_store::commands::{CommandOutcome, complete_order};
use reconciliation::ReconciliationSummary;
use serde_json::{Value, json};
use test_support::stage::Stage;
use wiremock::matchers::{body_partial_json, method, path};
use wiremock::{Mock, ResponseTemplate};

mod at_engine {
    pub(super) mod running;
}

const CASE: &str =
    "select concat_ws(' ', status, severity, reason_code, cause, is_blocking, engine_anchor,
    assigned_group, occurrence_count, resolution_code) from order_fallout_case
    order by opened_at desc, id desc limit 1";
const ORDER: &str = "select status from product_order";

impl Oms {
    /// A minute later, the engine has these tasks without retries, each `(instance, activity)`.
    async fn looks(&self, exhausted: &[(&str, &str)]) -> ReconciliationSummary {
        self.engine.reset().await;
        let key = format!("ORDER:acme:{}", self.stage.order_id);
        let task = |(instance, activity): &(&str, &str)| {
            json!({"id": format!("{instance}-{activity}"), "topicName": "a.topic", "businessKey": key,
                "processInstanceId": instance, "activityId": activity, "activityInstanceId": "a-1",
                "errorMessage": "Jane Doe has no account", "retries": 0,
                "createTime": "2026-01-31T12:00:00.000+0000"})
        };
        let tasks: Vec<Value> = exhausted.iter().map(task).collect();
        Mock::given(method("POST"))
            .and(path("/engine-rest/external-task"))
            .and(body_partial_json(json!({"noRetriesLeft": true})))
            .respond_with(ResponseTemplate::new(200).set_body_json(tasks))
            .with_priority(1)
            .mount(&self.engine)
            .await;
        let nothing = ResponseTemplate::new(200).set_body_json(json!([]));
        Mock::given(wiremock::matchers::any()).respond_with(nothing).mount(&self.engine).await;
        self.stage.advance(SignedDuration::from_secs(61));
        self.round().await
    }

    async fn round(&self) -> ReconciliationSummary {
        // Not the first round, which would also ask what owns a next event.
        self.round_after(5).await
    }

    async fn text(&self, sql: &str) -> String {
        self.stage.db.text(sql).await.unwrap_or_default()
    }
}

#[tokio::test]
async fn an_incident_of_the_engine_at_a_live_order_opens_one_case_that_closes_when_it_is_over() {
    let oms = Oms::over(Stage::placed(1).await).await;

    let first = oms.looks(&[("p-1", "DecomposeOrder")]).await;
    let again = oms.looks(&[("p-1", "DecomposeOrder")]).await;

    assert_eq!((first.engine_cases_opened, again.engine_cases_opened), (1, 0));
    let open = "OPEN MAJOR ENGINE_INCIDENT engine:DecomposeOrder t NONE order-operations 1";
    assert_eq!(oms.text(CASE).await, open);
    assert_eq!(oms.text(ORDER).await, "FALLOUT");
    let evidence = oms.text("select evidence::text from order_fallout_case").await;
    for pointer in ["failedExternalTask", "DecomposeOrder", "p-1", "incidentId"] {
        assert!(evidence.contains(pointer), "{evidence}");
    }
    assert!(!evidence.contains("Jane"), "never what a message quotes: {evidence}");

    let over = oms.looks(&[]).await;

    assert_eq!((over.engine_cases_opened, over.engine_cases_closed), (0, 1));
    let closed = open.replace("OPEN", "RESOLVED") + " ENGINE_INCIDENT_GONE";
    assert_eq!(oms.text(CASE).await, closed);
    assert_eq!(oms.text(ORDER).await, "CREATED");
    let owed = "select count(*) from outbox_message where lane like 'case:%'";
    assert_eq!(oms.stage.db.number(owed).await, 0, "the engine never heard of it");
    assert_eq!(oms.looks(&[]).await.engine_cases_closed, 0);
    oms.stage.db.finish().await;
}

#[tokio::test]
async fn a_new_incident_with_the_same_cause_adds_to_the_open_case_once() {
    let oms = Oms::over(Stage::placed(1).await).await;
    oms.looks(&[("p-1", "DecomposeOrder")]).await;

    oms.looks(&[("p-2", "DecomposeOrder")]).await;
    oms.looks(&[("p-2", "DecomposeOrder")]).await;

    let open = "OPEN MAJOR ENGINE_INCIDENT engine:DecomposeOrder t NONE order-operations 2";
    assert_eq!(oms.text(CASE).await, open);
    assert_eq!(oms.stage.db.number("select count(*) from order_fallout_case").await, 1);
    let named = "select evidence->'incidents'->1->>'processInstanceId' from order_fallout_case";
    assert_eq!(oms.text(named).await, "p-2");
    oms.stage.db.finish().await;
}

#[tokio::test]
async fn an_incident_at_an_order_that_has_ended_stays_engineerings_alone() {
    let oms = Oms::over(Stage::placed(1).await).await;
    let end = "update product_order set status = 'COMPLETED', completed_at = now()";
    oms.stage.db.execute(end).await;

    let summary = oms.looks(&[("p-1", "NotifyOrderCompleted")]).await;

    assert_eq!((summary.engine_reports, summary.engine_cases_opened), (1, 0));
    assert_eq!(oms.stage.db.number("select count(*) from order_fallout_case").await, 0);
    oms.stage.db.finish().await;
}

#[tokio::test]
async fn an_engine_that_is_silent_closes_no_case() {
    let oms = Oms::over(Stage::placed(1).await).await;
    oms.looks(&[("p-1", "DecomposeOrder")]).await;
    oms.engine.reset().await;
    let down = ResponseTemplate::new(503);
    Mock::given(wiremock::matchers::any()).respond_with(down).mount(&oms.engine).await;
    oms.stage.advance(SignedDuration::from_secs(61));

    let summary = oms.round().await;

    assert!(summary.engine_silent > 0);
    assert!(oms.text(CASE).await.starts_with("OPEN"));
    oms.stage.db.finish().await;
}

#[tokio::test]
async fn a_completion_that_meets_the_case_before_it_closes_is_asked_for_again_when_it_does() {
    let oms = Oms::over(Stage::released(1).await).await;
    oms.stage.fulfil().await;
    oms.looks(&[("p-1", "CompleteOrder")]).await;
    let tx = oms.stage.db.store("oms_order_complete").await;
    let tx = tx.tenant_tx(&oms.stage.tenant).await.unwrap();

    let ctx = oms.stage.context("order-complete");
    let refused = complete_order(tx, oms.stage.order_id, &ctx).await.unwrap();
    oms.looks(&[]).await;

    let CommandOutcome::Refused { code, fallout_case_id: Some(case), .. } = refused else {
        panic!("not refused with a case: {refused:?}");
    };
    assert_eq!(code, "ORDER_HAS_OPEN_BLOCKING_FALLOUT");
    assert!(oms.text(CASE).await.starts_with("RESOLVED"), "{case}");
    let owed =
        "select concat_ws(' ', payload->>'kind', payload->>'resolution', payload->>'engineAnchor')
        from outbox_message where lane like 'case:%'";
    assert_eq!(oms.text(owed).await, "USER_TASK_COMPLETE RETRY BPMN_ERROR");
    assert_ne!(oms.text(ORDER).await, OrderStatus::Fallout.as_str());
    oms.stage.db.finish().await;
}
