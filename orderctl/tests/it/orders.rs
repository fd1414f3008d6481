//! Looking at orders.

use orderctl::exit::Exit;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::desk::{CASE, Desk, LINE, ORDER, TOKEN, header};

fn row(number: &str) -> Value {
    json!({
        "orderId": ORDER, "orderNumber": number, "status": "FULFILLMENT_IN_PROGRESS",
        "waitingSince": "2026-03-02T07:48:00Z",
        "waitingFor": {"targetSystem": "PROVISIONING", "stepKey": "access-link"},
    })
}

pub(crate) fn order(status: &str) -> Value {
    json!({
        "orderId": ORDER, "orderNumber": "ORD-0000000001", "status": status, "version": 5,
        "quoteId": "Q-1001", "quoteRevision": 3, "customerId": "C-1", "billingAccountId": "B-1",
        "createdAt": "2026-03-02T06:00:00Z", "validatedAt": "2026-03-02T06:00:05Z",
        "releasedAt": "2026-03-02T06:00:30Z",
        "processInstanceId": "pi-1", "processStatus": "RUNNING",
        "lines": [{
            "orderLineId": LINE, "lineNumber": 1, "status": "IN_PROGRESS", "action": "ADD", "quantity": 2,
            "productCode": "ACCESS", "stepCount": 3, "remainingStepCount": 1,
        }],
        "steps": [
            {"stepKey": "reserve-port", "status": "COMPLETED", "targetSystem": "INVENTORY",
             "attemptCount": 1, "externalReference": "INV-7"},
            {"stepKey": "access-link", "status": "SUBMITTED", "targetSystem": "PROVISIONING",
             "attemptCount": 2},
        ],
        "waitingFor": [{"targetSystem": "PROVISIONING", "steps": [{
            "stepKey": "access-link", "status": "SUBMITTED",
            "waitingSince": "2026-03-02T07:48:00Z", "nextActionAt": "2026-03-02T12:03:00Z",
        }]}],
        "falloutCases": [{
            "falloutCaseId": CASE, "severity": "MAJOR", "status": "OPEN", "reasonCode": "STEP_OVERDUE",
            "assignedGroup": "operations", "openedAt": "2026-03-02T09:00:00Z",
            "dueAt": "2026-03-02T11:00:00Z",
        }],
        "transitions": [
            {"subjectType": "ORDER", "toStatus": "CREATED", "command": "create_order_from_quote",
             "actorName": "cpq", "occurredAt": "2026-03-02T06:00:00Z"},
            {"subjectType": "ORDER", "fromStatus": "CREATED", "toStatus": "VALIDATED",
             "command": "validate_readiness", "actorName": "order-validate-readiness",
             "reason": "all checks passed", "occurredAt": "2026-03-02T06:00:05Z"},
            {"subjectType": "LINE", "subjectId": LINE, "fromStatus": "NOT_STARTED",
             "toStatus": "IN_PROGRESS", "command": "begin_step_attempt",
             "actorName": "fulfillment-step-executor", "occurredAt": "2026-03-02T07:48:00Z"},
        ],
        "events": [
            {"eventType": "OrderCreated", "orderVersion": 1, "occurredAt": "2026-03-02T06:00:00Z"},
        ],
        "actions": [
            {"action": "assign", "verdict": "APPLIED", "actorName": "ann", "reasonCode": "MINE",
             "occurredAt": "2026-03-02T10:00:00Z"},
        ],
    })
}

#[tokio::test]
async fn a_list_asks_with_the_names_of_the_api_and_shows_what_each_order_waits_for() {
    let desk = Desk::new().await;
    desk.shows("/orders", json!({"orders": [row("ORD-1")], "links": {}})).await;

    let ended = desk
        .types(
            "orders list --status fallout --stuck-longer-than 4h --attempts-at-least 3 \
             --reason-code R --failure-signature S --target-system T --overdue --owner-group G \
             --owner-user U --external-reference X --quote-id Q --text a+b --limit 7",
        )
        .await;

    assert_eq!(ended.exit, Exit::Done, "{ended:?}");
    assert_eq!(
        desk.asked().await,
        ["GET /orders?status=FALLOUT&stuckLongerThan=PT4H&attemptsAtLeast=3&reasonCode=R\
          &failureSignature=S&targetSystem=T&overdue=true&ownerGroup=G&ownerUser=U\
          &externalReference=X&quoteId=Q&text=a+b&limit=7"]
    );
    let request = &desk.requests().await[0];
    assert_eq!(header(request, "authorization"), Some(format!("Bearer {TOKEN}").as_str()));
    assert_eq!(
        ended.stdout,
        "ORDER  STATUS                   SINCE       WAITS FOR\n\
         ORD-1  FULFILLMENT_IN_PROGRESS  4 h 12 min  PROVISIONING access-link\n"
    );
}

#[tokio::test]
async fn without_options_a_list_asks_for_nothing_in_particular() {
    let desk = Desk::new().await;
    desk.shows("/orders", json!({"orders": [], "links": {"next": "/orders?cursor=b"}})).await;

    let ended = desk.types("orders list").await;

    assert_eq!(desk.asked().await, ["GET /orders"]);
    assert_eq!(ended.stderr, "there are more; --all lists them\n");
}

#[tokio::test]
async fn all_follows_the_links_and_makes_one_document_of_the_pages() {
    let desk = Desk::new().await;
    let page = |number: &str, links: Value| {
        ResponseTemplate::new(200).set_body_json(json!({"orders": [row(number)], "links": links}))
    };
    let next = |cursor: &str| json!({"next": format!("/orders?status=CREATED&cursor={cursor}")});
    desk.answers_once("GET", "/orders", page("ORD-1", next("b"))).await;
    desk.answers_once("GET", "/orders", page("ORD-2", next("c"))).await;
    desk.answers_once("GET", "/orders", page("ORD-3", json!({}))).await;

    let ended = desk.types("orders list --status CREATED --all -o json").await;

    assert_eq!(
        desk.asked().await,
        [
            "GET /orders?status=CREATED",
            "GET /orders?status=CREATED&cursor=b",
            "GET /orders?status=CREATED&cursor=c"
        ]
    );
    let printed: Value = serde_json::from_str(&ended.stdout).unwrap();
    let numbers = printed["orders"].as_array().unwrap().iter().map(|x| &x["orderNumber"]);
    assert_eq!(numbers.collect::<Vec<_>>(), ["ORD-1", "ORD-2", "ORD-3"]);
    assert_eq!(printed["orders"][0]["waitingSince"], "2026-03-02T07:48:00Z");
}

#[tokio::test]
async fn a_link_that_leads_elsewhere_or_in_a_circle_is_not_followed() {
    for link in ["//elsewhere.example.com/orders", "/orders?cursor=same"] {
        let desk = Desk::new().await;
        desk.shows("/orders", json!({"orders": [], "links": {"next": link}})).await;

        let ended = desk.types("orders list --all").await;

        assert_eq!(ended.exit, Exit::Technical, "{ended:?}");
        assert!(desk.asked().await.len() <= 2);
    }
}

#[tokio::test]
async fn an_order_is_shown_on_one_screen_of_100_columns() {
    let desk = Desk::new().await;
    desk.shows(&format!("/orders/{ORDER}"), order("FULFILLMENT_IN_PROGRESS")).await;

    let ended = desk.types(&format!("orders show {ORDER}")).await;

    assert_eq!(ended.exit, Exit::Done);
    assert!(ended.stdout.lines().all(|line| line.chars().count() <= 100), "{}", ended.stdout);
    insta::assert_snapshot!("order_shown", ended.stdout);
}

#[tokio::test]
async fn what_the_api_does_not_say_is_shown_as_nothing() {
    let desk = Desk::new().await;
    desk.shows(&format!("/orders/{ORDER}"), json!({"status": "CREATED", "steps": null})).await;

    let ended = desk.types(&format!("orders show {ORDER}")).await;

    assert_eq!(ended.exit, Exit::Done);
    assert!(ended.stdout.starts_with("-  CREATED\n"), "{}", ended.stdout);
}

#[tokio::test]
async fn json_passes_the_document_on_unchanged() {
    let desk = Desk::new().await;
    let document = json!({"status": "CREATED", "somethingNew": {"a": [1, 2]}});
    desk.shows(&format!("/orders/{ORDER}"), document.clone()).await;

    let ended = desk.types(&format!("orders show {ORDER} -o json")).await;

    assert_eq!(serde_json::from_str::<Value>(&ended.stdout).unwrap(), document);
}

#[tokio::test]
async fn an_explanation_is_text_for_people_and_fields_for_programs() {
    let desk = Desk::new().await;
    let path = format!("/orders/{ORDER}/explain");
    let text = "It waits for PROVISIONING.\u{1b}[2J\nAsk them.\n";
    desk.answers_once("GET", &path, ResponseTemplate::new(200).set_body_string(text)).await;
    desk.shows(&path, json!({"sentences": []})).await;

    let people = desk.types(&format!("orders explain {ORDER}")).await;
    let programs = desk.types(&format!("orders explain {ORDER} -o json")).await;

    assert_eq!(people.stdout, "It waits for PROVISIONING. [2J\nAsk them.\n");
    assert_eq!(serde_json::from_str::<Value>(&programs.stdout).unwrap(), json!({"sentences": []}));
    let requests = desk.requests().await;
    assert_eq!(header(&requests[0], "accept"), Some("text/plain"));
    assert_eq!(header(&requests[1], "accept"), Some("application/json"));
}

#[tokio::test]
async fn a_timeline_has_transitions_events_cases_and_actions_by_time() {
    let desk = Desk::new().await;
    desk.shows(&format!("/orders/{ORDER}"), order("FALLOUT")).await;

    let people = desk.types(&format!("orders timeline {ORDER}")).await;
    let programs = desk.types(&format!("orders timeline {ORDER} -o json")).await;

    insta::assert_snapshot!("timeline", people.stdout);
    let changes: Vec<Value> = serde_json::from_str(&programs.stdout).unwrap();
    let kinds: Vec<&str> = changes.iter().filter_map(|x| x["kind"].as_str()).collect();
    assert_eq!(kinds, ["ORDER", "EVENT", "ORDER", "LINE", "CASE", "ACTION"]);
    assert_eq!(changes[5]["at"], "2026-03-02T10:00:00Z");
}

#[tokio::test]
async fn an_order_that_is_called_by_its_number_is_looked_up_first() {
    let desk = Desk::new().await;
    let other = json!({"orderId": LINE, "orderNumber": "ORD-00000000012"});
    let ours = json!({"orderId": ORDER, "orderNumber": "ORD-0000000001"});
    desk.shows("/orders", json!({"orders": [other, ours], "links": {}})).await;
    desk.shows(&format!("/orders/{ORDER}"), order("CREATED")).await;
    desk.shows(&format!("/orders/{ORDER}/fallout-cases/{CASE}"), json!({"status": "OPEN"})).await;

    let shown = desk.types("orders show ord-0000000001").await;
    let case = desk.types(&format!("cases show ORD-0000000001 {CASE}")).await;

    assert_eq!((shown.exit, case.exit), (Exit::Done, Exit::Done));
    assert_eq!(
        desk.asked().await,
        [
            "GET /orders?text=ORD-0000000001".to_owned(),
            format!("GET /orders/{ORDER}"),
            "GET /orders?text=ORD-0000000001".to_owned(),
            format!("GET /orders/{ORDER}/fallout-cases/{CASE}"),
        ]
    );
}

#[tokio::test]
async fn a_number_that_only_begins_so_is_another_order() {
    let desk = Desk::new().await;
    desk.shows("/orders", json!({"orders": [row("ORD-12")], "links": {}})).await;

    let ended = desk.types("orders act ORD-1 fail-order --reason WHY").await;

    assert_eq!(ended.exit, Exit::NotFound);
    assert!(ended.stderr.starts_with("error: there is no order ORD-1\n"), "{}", ended.stderr);
    assert_eq!(desk.asked().await, ["GET /orders?text=ORD-1"], "nothing is acted on");
}
