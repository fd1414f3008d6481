//! Where an order is, why, and what happens next, from creation to a case.

use http::StatusCode;
use order_domain::characteristic::Characteristics;
use order_domain::step::answer::StepAnswer;
use serde_json::{Value, json};

use super::fixture::Fixture;

/// The values of one field over a list.
fn all<'a>(list: &'a Value, field: &str) -> Vec<&'a str> {
    let items = list.as_array().expect("a list").iter();
    items.filter_map(|item| item[field].as_str()).collect()
}

#[tokio::test]
async fn a_new_order_shows_its_lines_and_that_nothing_has_begun() {
    let f = Fixture::new().await;
    let order = f.order().await;

    let answer = f.get(&format!("/orders/{order}")).await;

    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers["etag"], "\"1\"");
    let body = &answer.body;
    assert_eq!((&body["status"], &body["version"]), (&json!("CREATED"), &json!(1)));
    assert_eq!(all(&body["lines"], "productCode"), ["ROUTER_RENTAL"]);
    assert_eq!(body["lines"][0]["characteristics"]["model"], "R1");
    assert_eq!(all(&body["events"], "eventType"), ["OrderCreated"]);
    assert_eq!(all(&body["transitions"], "toStatus"), ["CREATED"]);
    assert_eq!(body["links"]["order"], format!("/orders/{order}"));
    for field in ["plan", "processInstanceId", "businessKey", "lastExternalReference"] {
        assert_eq!(body.get(field), Some(&Value::Null), "{field}");
    }
    for field in ["steps", "falloutCases", "waitingFor"] {
        assert_eq!(body[field], json!([]), "{field}");
    }
    f.finish().await;
}

#[tokio::test]
async fn an_order_is_read_in_one_round_trip() {
    let f = Fixture::new().await;
    let order = f.released_order().await;
    let before = f.store.cost();

    f.get(&format!("/orders/{order}")).await;

    assert_eq!(f.store.cost().round_trips - before.round_trips, 1);
    f.finish().await;
}

#[tokio::test]
async fn a_released_order_names_its_process_its_plan_and_whom_it_waits_for() {
    let f = Fixture::new().await;
    let order = f.released_order().await;

    let body = f.get(&format!("/orders/{order}")).await.body;

    assert_eq!(body["status"], "FULFILLMENT_IN_PROGRESS");
    assert_eq!(body["businessKey"], format!("ORDER:acme:{order}"));
    assert_eq!(
        (&body["processInstanceId"], &body["processStatus"]),
        (&json!("instance-1"), &json!("RUNNING"))
    );
    assert_eq!(body["plan"]["status"], "RELEASED");
    let steps = body["steps"].as_array().unwrap();
    assert_eq!(body["plan"]["stepCount"], steps.len());
    let ready: Vec<&Value> = steps.iter().filter(|step| step["status"] == "READY").collect();
    assert!(!ready.is_empty() && ready.len() < steps.len(), "others wait inside the plan");
    for step in ready {
        assert!(step["nextAttemptAt"].is_string() && step["waitingSince"].is_string());
        assert!(
            all(&body["waitingFor"], "targetSystem")
                .contains(&step["targetSystem"].as_str().unwrap())
        );
    }
    let versions: Vec<i64> = body["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|x| x["orderVersion"].as_i64())
        .collect();
    assert_eq!(versions, (1..=body["version"].as_i64().unwrap()).collect::<Vec<_>>());
    f.finish().await;
}

#[tokio::test]
async fn a_submitted_step_shows_reference_request_and_when_it_is_asked_about() {
    let f = Fixture::new().await;
    let order = f.released_order().await;
    let attempts = f.claim_ready(order).await;
    let attempt = &attempts[0];
    let sending = f.get(&format!("/orders/{order}")).await.body;
    f.record(attempt, StepAnswer::Accepted { external_reference: Some("EXT-1".to_owned()) }).await;

    let body = f.get(&format!("/orders/{order}")).await.body;

    assert_eq!(sending["waitingFor"][0]["steps"][0]["status"], "SUBMITTING");
    let steps = body["steps"].as_array().unwrap();
    let step = steps.iter().find(|x| x["stepKey"] == json!(attempt.step_key)).unwrap();
    assert_eq!((&step["status"], &step["attemptCount"]), (&json!("SUBMITTED"), &json!(1)));
    assert_eq!(step["externalReference"], "EXT-1");
    assert_eq!(step["requestId"], attempt.request_id.to_string());
    assert!(step["nextCheckAt"].is_string() && step["waitingSince"].is_string());
    assert_eq!(step["completedAt"], Value::Null);
    let last = &body["lastExternalReference"];
    assert_eq!(
        (&last["externalReference"], &last["targetSystem"]),
        (&json!("EXT-1"), &step["targetSystem"])
    );
    let waiting = &body["waitingFor"][0];
    assert_eq!(waiting["targetSystem"], step["targetSystem"]);
    assert_eq!(waiting["steps"][0]["nextActionAt"], step["nextCheckAt"]);
    f.finish().await;
}

#[tokio::test]
async fn a_rejected_step_shows_its_case_and_is_not_waited_for() {
    let f = Fixture::new().await;
    let order = f.released_order().await;
    let attempts = f.claim_ready(order).await;
    let code = "INVENTORY_NOT_AVAILABLE".to_owned();
    f.record(&attempts[0], StepAnswer::Rejected { code, external_reference: None }).await;

    let answer = f.get(&format!("/orders/{order}")).await;

    let body = &answer.body;
    assert_eq!((&body["status"], &body["openBlockingCaseCount"]), (&json!("FALLOUT"), &json!(1)));
    let case = &body["falloutCases"][0];
    assert_eq!(
        (&case["status"], &case["reasonCode"]),
        (&json!("OPEN"), &json!("INVENTORY_NOT_AVAILABLE"))
    );
    assert_eq!(case["fulfillmentStepId"], attempts[0].step_id.to_string());
    let waited = body["waitingFor"].as_array().unwrap().iter();
    let keys: Vec<&str> = waited.flat_map(|system| all(&system["steps"], "stepKey")).collect();
    assert!(!keys.contains(&attempts[0].step_key.as_str()));
    assert_eq!(answer.headers["etag"], format!("\"{}\"", body["version"]));
    assert_eq!(f.get("/orders?status=FALLOUT").await.order_ids(), [order.to_string()]);
    f.finish().await;
}

#[tokio::test]
async fn a_completed_step_says_when_and_the_newest_reference_wins() {
    let f = Fixture::new().await;
    let order = f.released_order().await;
    for reference in ["EXT-1", "EXT-2"] {
        let attempt = f.claim_ready(order).await.remove(0);
        let external_reference = Some(reference.to_owned());
        let result = Characteristics::new();
        f.record(&attempt, StepAnswer::Completed { external_reference, result }).await;
    }

    let body = f.get(&format!("/orders/{order}")).await.body;

    let steps = body["steps"].as_array().unwrap();
    let done: Vec<&Value> = steps.iter().filter(|x| x["status"] == "COMPLETED").collect();
    assert_eq!(done.len(), 2, "{steps:?}");
    assert!(done.iter().all(|x| x["completedAt"].is_string() && x["nextCheckAt"].is_null()));
    assert_eq!(body["lastExternalReference"]["externalReference"], "EXT-2");
    f.finish().await;
}
