use std::time::Duration;

use external_systems::source::SourceSystemsSettings;
use serde_json::json;
use test_support::order_draft;
use topic_worker::testing::{self, is_bpmn_error};
use wiremock::matchers::{method, path_regex};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;

type Fixture = testing::Fixture<Deps>;

/// An order, and a server that plays the three sources as well as the engine.
async fn fixture() -> Fixture {
    let draft = order_draft(&["INTERNET_ACCESS"]);
    let quote = quote(&draft.quote_id);
    let oms = testing::Fixture::new(MILESTONE, draft, None).await;
    for (at, body) in [
        ("/CPQ/quotes/.*", quote),
        ("/CUSTOMER/customers/.*", json!({"customerId": "customer-1", "status": "ACTIVE"})),
        (
            "/BILLING_ACCOUNT/billing-accounts/.*",
            json!({"billingAccountId": "account-1", "status": "READY"}),
        ),
    ] {
        answer(&oms.server, at, ResponseTemplate::new(200).set_body_json(body), 9).await;
    }
    let sources = source_systems(&oms.server.uri());
    oms.with_deps(|worker| Deps::new(worker, sources))
}

/// Two of the checks fail.
async fn let_checks_fail(oms: &Fixture) {
    let suspended = json!({"billingAccountId": "account-1", "status": "SUSPENDED"});
    let response = ResponseTemplate::new(200).set_body_json(suspended);
    answer(&oms.server, "/BILLING_ACCOUNT/.*", response, 1).await;
    answer(&oms.server, "/CUSTOMER/.*", ResponseTemplate::new(404), 1).await;
}

fn source_systems(base: &str) -> SourceSystems {
    let settings = SourceSystemsSettings {
        cpq_url: format!("{base}/CPQ"),
        customer_url: format!("{base}/CUSTOMER"),
        billing_account_url: format!("{base}/BILLING_ACCOUNT"),
        request_timeout: Duration::from_secs(5),
    };
    SourceSystems::new(client(Duration::from_secs(5)).unwrap(), &settings).unwrap()
}

/// A lower priority number wins.
async fn answer(server: &MockServer, at: &str, response: ResponseTemplate, priority: u8) {
    let mock = Mock::given(method("GET")).and(path_regex(at)).respond_with(response);
    mock.with_priority(priority).mount(server).await;
}

fn quote(quote_id: &str) -> Value {
    json!({
        "quoteId": quote_id, "revision": 1, "status": "ACCEPTED", "revisionLocked": true,
        "validUntil": "2999-01-01T00:00:00Z", "acceptedAt": "2026-05-04T10:00:00Z",
        "approval": {"status": "NOT_REQUIRED"},
        "customerId": "customer-1", "billingAccountId": "account-1",
        "contractTerms": {"contractId": "K-1", "termMonths": 12, "startsOn": "2026-07-01",
            "signedAt": "2026-05-04T10:00:00Z"},
        "currency": "EUR",
        "items": [{"itemId": "1", "productCode": "INTERNET_ACCESS", "action": "ADD", "quantity": 1}]
    })
}

#[tokio::test]
async fn a_ready_order_is_validated_once_however_often_the_task_comes() {
    let oms = fixture().await;

    let outcomes = oms.twice(execute_task).await;

    assert_eq!(outcomes, [TaskOutcome::complete(), TaskOutcome::complete()]);
    assert_eq!(oms.events("OrderValidated").await, 1);
    let status = oms.db.text("select status from product_order").await;
    assert_eq!(status.as_deref(), Some("VALIDATED"));
    oms.db.finish().await;
}

#[tokio::test]
async fn failed_checks_become_one_case_that_the_bpmn_error_names() {
    let oms = fixture().await;
    let_checks_fail(&oms).await;

    let [first, again] = oms.twice(execute_task).await;

    let case_id = oms.case_id().await;
    assert!(is_bpmn_error(&first, "ORDER_REQUIRES_MANUAL_REVIEW", &case_id), "{first:?}");
    let reasons = oms.db.text("select reasons::text from order_fallout_case").await;
    let expected = r#"["CUSTOMER_NOT_FOUND", "BILLING_ACCOUNT_NOT_READY"]"#;
    assert_eq!(reasons.as_deref(), Some(expected));
    assert_eq!(first, again);
    assert_eq!(oms.cases().await, 1);
    oms.db.finish().await;
}

#[tokio::test]
async fn a_source_that_is_down_is_a_technical_failure_and_no_failed_check() {
    let oms = fixture().await;
    let down = ResponseTemplate::new(503).insert_header("retry-after", "7");
    answer(&oms.server, "/CPQ/.*", down, 1).await;

    let outcome = execute_task(&oms.deps, &oms.task()).await;

    let TaskOutcome::Failure { message, retries, retry_timeout, .. } = outcome else { panic!() };
    assert!(message.starts_with("CPQ cannot be read"), "{message}");
    assert_eq!(retries, 4);
    assert!(retry_timeout >= Duration::from_secs(7), "Retry-After is a lower bound");
    assert_eq!(oms.cases().await, 0);
    oms.db.finish().await;
}

#[tokio::test]
async fn an_order_that_the_tenant_does_not_have_is_an_incident() {
    let oms = fixture().await;
    let task = testing::task(TOPIC, &"other".parse().unwrap(), oms.order_id);

    let outcome = execute_task(&oms.deps, &task).await;

    assert_eq!(outcome, TaskOutcome::give_up("the order not found"));
    oms.db.finish().await;
}

#[tokio::test]
async fn one_invocation_fetches_executes_and_completes() {
    let oms = fixture().await;

    let summary = oms.serve(204, handle).await;

    assert_eq!((summary.fetched, summary.completed, summary.failures), (1, 1, 0));
    assert_eq!(oms.events("OrderValidated").await, 1);
    oms.db.finish().await;
}

#[tokio::test]
async fn the_engine_hears_only_pointers_when_an_order_is_ready() {
    let oms = fixture().await;
    oms.tells_only_pointers("complete", handle).await;
}

#[tokio::test]
async fn the_engine_hears_only_pointers_when_readiness_checks_fail() {
    let oms = fixture().await;
    let_checks_fail(&oms).await;
    oms.tells_only_pointers("bpmnError", handle).await;
}
