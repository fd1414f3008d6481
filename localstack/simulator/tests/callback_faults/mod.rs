//! Faults of callbacks: what arrives, in which order, and what the ledger says.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use external_systems::callback::{self, ParsedCallback};
use external_systems::{SubmitRequest, TargetSystem};
use http::HeaderMap;
use order_domain::step::answer::StepAnswer;
use serde_json::{Value, json};

use crate::stage::{SECRET, Stage, request, until};

/// A stage whose INVENTORY has this fault, and a request that it has taken.
async fn submitted(fault: Value) -> (Stage, SubmitRequest) {
    let stage = Stage::open().await;
    stage.fault("INVENTORY", json!([fault])).await;
    let request = request("INVENTORY", json!({}), Some(stage.callbacks.url.clone()));
    let answer = stage.target("INVENTORY").submit(&request, None).await.answer;
    assert!(matches!(answer, StepAnswer::Accepted { .. }), "{answer:?}");
    (stage, request)
}

fn is_authentic(headers: &HeaderMap, body: &[u8]) -> bool {
    let secrets = serde_json::from_value(json!({"current": SECRET})).unwrap();
    callback::verify(headers, body, &secrets, jiff::Timestamp::now()).is_ok()
}

/// The next message, which must be authentic and follow the contract, and its id.
async fn next(stage: &Stage) -> (String, ParsedCallback) {
    let (headers, body) = stage.callbacks.next().await;
    assert!(is_authentic(&headers, &body));
    let id = headers[callback::ID_HEADER].to_str().unwrap().to_owned();
    (id, callback::parse_report("application/json", &body).unwrap())
}

/// The request once its callback counts as done, so that no further message is on its way.
async fn done(stage: &Stage) -> Value {
    until("the callback is done", async || {
        let request = stage.requests().await.remove(0);
        request["callback"]["acceptedAt"].is_string().then_some(request)
    })
    .await
}

#[tokio::test]
async fn a_duplicated_callback_has_the_same_id_each_time() {
    let (stage, request) = submitted(json!({"kind": "DUPLICATED", "copies": 2})).await;

    let received = [next(&stage).await, next(&stage).await, next(&stage).await];

    assert!(received.iter().all(|message| *message == received[0]), "{received:?}");
    assert_eq!(done(&stage).await["callback"]["attempts"], 3);
    assert_eq!(stage.hits("DUPLICATED").await, 1);
    assert_eq!(stage.ledger_counts().await, [(request.request_id.to_string(), 1)]);
    stage.close().await;
}

#[tokio::test]
async fn a_duplicated_callback_can_have_the_same_content_under_new_ids() {
    let fault = json!({"kind": "DUPLICATED", "copies": 2, "newId": true});
    let (stage, _request) = submitted(fault).await;

    let received = [next(&stage).await, next(&stage).await, next(&stage).await];

    let ids: std::collections::BTreeSet<_> = received.iter().map(|(id, _)| id).collect();
    assert_eq!(ids.len(), 3);
    assert!(received.iter().all(|(_, report)| report.digest == received[0].1.digest));
    assert_eq!(stage.hits("DUPLICATED").await, 1);
    stage.close().await;
}

#[tokio::test]
async fn a_delayed_callback_comes_that_much_after_the_outcome() {
    let (stage, _request) = submitted(json!({"kind": "DELAYED", "delayMs": 400})).await;

    let (_, report) = next(&stage).await;

    let age = jiff::Timestamp::now().as_millisecond() - report.occurred_at.as_millisecond();
    assert!(age >= 400, "{age} ms");
    assert_eq!(stage.hits("DELAYED").await, 1);
    stage.close().await;
}

#[tokio::test]
async fn an_early_callback_is_there_before_the_answer_to_the_submit() {
    let (stage, request) = submitted(json!({"kind": "EARLY"})).await;

    // The answer has come, so this one has come before it: nothing is waited for.
    let (_, body) = stage.callbacks.received_already().expect("an earlier callback");

    let report = callback::parse_report("application/json", &body).unwrap();
    assert_eq!(report.request_id, request.request_id);
    assert_eq!(stage.hits("EARLY").await, 1);
    stage.close().await;
}

#[tokio::test]
async fn a_missing_callback_is_never_sent_and_the_query_knows_the_outcome() {
    let (mut stage, request) = submitted(json!({"kind": "MISSING"})).await;
    let target = stage.target("INVENTORY");
    until("the work is done", async || {
        let answer = target.query(request.request_id, None).await.answer;
        matches!(answer, StepAnswer::Completed { .. }).then_some(())
    })
    .await;

    stage.restart().await;
    // Another request's callback comes, so one of this request would have come before it.
    stage.fault("INVENTORY", json!([])).await;
    let other = crate::stage::request("INVENTORY", json!({}), Some(stage.callbacks.url.clone()));
    let _accepted = stage.target("INVENTORY").submit(&other, None).await;

    assert_eq!(next(&stage).await.1.request_id, other.request_id);
    let missing = &stage.requests().await[0];
    assert_eq!(missing["request"]["requestId"], request.request_id.to_string());
    assert_eq!(missing["callback"]["messageId"], Value::Null);
    assert_eq!(stage.hits("MISSING").await, 1);
    assert_eq!(stage.ledger_counts().await.len(), 2);
    stage.close().await;
}

#[tokio::test]
async fn contradictory_callbacks_come_in_either_order_and_the_query_tells_which_is_true() {
    for (lie_first, rejected_at) in [(false, 1), (true, 0)] {
        let fault = json!({"kind": "CONTRADICTORY", "lieFirst": lie_first});
        let (stage, request) = submitted(fault).await;

        let received = [next(&stage).await, next(&stage).await];

        let is_rejection = |(_, report): &(String, ParsedCallback)| {
            matches!(report.answer, StepAnswer::Rejected { .. })
        };
        assert_eq!(received.iter().position(is_rejection), Some(rejected_at));
        assert_ne!(received[0].0, received[1].0, "each has an id of its own");
        let truth = stage.target("INVENTORY").query(request.request_id, None).await.answer;
        assert!(matches!(truth, StepAnswer::Completed { .. }), "{truth:?}");
        assert_eq!(stage.ledger_counts().await, [(request.request_id.to_string(), 1)]);
        assert_eq!(stage.hits("CONTRADICTORY").await, 1);
        let shown = &stage.requests().await[0]["callbackFault"];
        assert_eq!(*shown, json!({"kind": "CONTRADICTORY", "lieFirst": lie_first}));
        stage.close().await;
    }
}

#[tokio::test]
async fn a_rejection_can_be_contradicted_too_and_has_no_effect() {
    let stage = Stage::open().await;
    stage.behave("INVENTORY", json!({"outcome": "REJECTED"})).await;
    stage.fault("INVENTORY", json!([{"kind": "CONTRADICTORY"}])).await;
    let request = request("INVENTORY", json!({}), Some(stage.callbacks.url.clone()));
    let _accepted = stage.target("INVENTORY").submit(&request, None).await;

    let (truth, lie) = (next(&stage).await.1.answer, next(&stage).await.1.answer);

    assert!(matches!(truth, StepAnswer::Rejected { .. }), "{truth:?}");
    assert!(matches!(lie, StepAnswer::Completed { .. }), "{lie:?}");
    assert!(stage.ledger_counts().await.is_empty());
    stage.close().await;
}

#[tokio::test]
async fn a_malformed_callback_is_authentic_breaks_the_contract_and_comes_once() {
    for malformation in [
        "NOT_JSON",
        "WRONG_CONTENT_TYPE",
        "NO_REQUEST_ID",
        "UNKNOWN_STATUS",
        "WRONG_TYPES",
        "OVERSIZED",
        "INVALID_UTF8",
        "TRUNCATED",
    ] {
        let stage = Stage::open().await;
        stage.callbacks.refuse(1);
        let fault = json!([{"kind": "MALFORMED", "malformation": malformation}]);
        stage.fault("INVENTORY", fault).await;
        let request = request("INVENTORY", json!({}), Some(stage.callbacks.url.clone()));
        let _accepted = stage.target("INVENTORY").submit(&request, None).await;

        let (headers, body) = stage.callbacks.next().await;

        assert!(is_authentic(&headers, &body), "{malformation}");
        let content_type = headers["content-type"].to_str().unwrap();
        let broken = callback::parse_report(content_type, &body);
        assert!(broken.is_err(), "{malformation}: {broken:?}");
        assert_eq!(done(&stage).await["callback"]["attempts"], 1, "{malformation}");
        assert_eq!(stage.hits("MALFORMED").await, 1);
        stage.close().await;
    }
}

#[tokio::test]
async fn a_request_without_a_callback_is_no_hit() {
    let stage = Stage::open().await;
    stage.fault("INVENTORY", json!([{"kind": "MISSING"}])).await;
    let request = request("INVENTORY", json!({}), None);

    let answer = stage.target("INVENTORY").submit(&request, None).await.answer;

    assert!(matches!(answer, StepAnswer::Completed { .. }), "{answer:?}");
    assert_eq!(stage.hits("MISSING").await, 0);
    stage.close().await;
}
