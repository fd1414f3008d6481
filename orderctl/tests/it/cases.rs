//! Looking at cases.

use orderctl::exit::Exit;
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::desk::{CASE, Desk, ORDER};

#[tokio::test]
async fn a_list_of_cases_asks_with_the_names_of_the_api_and_shows_what_other_commands_take() {
    let desk = Desk::new().await;
    let case = json!({
        "orderId": ORDER, "orderNumber": "ORD-0000000001", "falloutCaseId": CASE, "severity": "CRITICAL", "status": "OPEN",
        "reasonCode": "UNKNOWN_OUTCOME", "ownerGroup": "operations", "ownerUser": "ann",
        "dueAt": "2026-03-02T07:48:00Z",
    });
    desk.shows("/fallout-cases", json!({"falloutCases": [case], "links": {}})).await;

    let ended = desk
        .types(
            "cases list --owner-group G --owner-user U --reason-code R --failure-signature S \
             --severity critical --overdue --target-system T --status open --limit 5",
        )
        .await;

    assert_eq!(
        desk.asked().await,
        ["GET /fallout-cases?ownerGroup=G&ownerUser=U&reasonCode=R&failureSignature=S\
          &severity=CRITICAL&overdue=true&targetSystem=T&status=OPEN&limit=5"]
    );
    insta::assert_snapshot!("cases_listed", ended.stdout);
}

#[tokio::test]
async fn a_case_is_shown_with_its_version_and_with_everything_that_is_known() {
    let desk = Desk::new().await;
    let case = json!({
        "falloutCaseId": CASE, "status": "OPEN", "severity": "MAJOR", "reasonCode": "STEP_OVERDUE",
        "assignedGroup": "operations", "dueAt": "2026-03-02T13:00:00Z",
        "evidence": {"calls": [{"at": "2026-03-02T09:00:00Z", "class": "TIMEOUT"}], "empty": []},
        "allowedActions": ["retry-step", "escalate"],
    });
    let answer = ResponseTemplate::new(200).insert_header("ETag", "\"4\"").set_body_json(case);
    desk.answers("GET", &format!("/orders/{ORDER}/fallout-cases/{CASE}"), answer).await;

    let ended = desk.types(&format!("cases show {ORDER} {CASE}")).await;

    assert_eq!(ended.exit, Exit::Done);
    insta::assert_snapshot!("case_shown", ended.stdout);
    assert_eq!(ended.stderr, "what it means: orderctl --explain STEP_OVERDUE\n");
}

#[tokio::test]
async fn the_ways_in_which_orders_fail_are_listed_with_their_numbers() {
    let desk = Desk::new().await;
    let signature = json!({
        "failureSignature": "PROVISIONING/activate/RETRIES_EXHAUSTED", "orderCount": 218,
        "caseCount": 220, "firstOpenedAt": "2026-03-02T07:48:00Z",
    });
    desk.shows("/fallout-signatures", json!({"falloutSignatures": [signature]})).await;

    let ended = desk.types("cases signatures --target-system PROVISIONING --limit 5").await;

    assert_eq!(desk.asked().await, ["GET /fallout-signatures?targetSystem=PROVISIONING&limit=5"]);
    assert_eq!(
        ended.stdout,
        "ORDERS  CASES  SINCE       SIGNATURE\n\
         218     220    4 h 12 min  PROVISIONING/activate/RETRIES_EXHAUSTED\n"
    );
}
