use std::time::Duration;

use external_systems::source::SourceSystemsSettings;
use lambda_runtime::Context;
use order_domain::ids::OrderId;
use serde_json::json;
use test_support::{TestDatabase, order_draft, place_order, tenant};
use topic_worker::testing;
use wiremock::matchers::{method, path_regex};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;

/// An order in a database of its own, and the three sources behind one server.
struct Fixture {
    db: TestDatabase,
    sources: MockServer,
    deps: Deps,
    order_id: OrderId,
}

impl Fixture {
    async fn new() -> Self {
        let db = TestDatabase::create().await;
        let draft = order_draft(&["INTERNET_ACCESS"]);
        place_order(&db.store("oms_order_intake").await, &tenant(), &draft).await;
        let sources = MockServer::start().await;
        for (at, body) in [
            ("/CPQ/quotes/.*", quote(&draft.quote_id)),
            ("/CUSTOMER/customers/.*", json!({"customerId": "customer-1", "status": "ACTIVE"})),
            (
                "/BILLING_ACCOUNT/billing-accounts/.*",
                json!({"billingAccountId": "account-1", "status": "READY"}),
            ),
        ] {
            answer(&sources, at, ResponseTemplate::new(200).set_body_json(body), 9).await;
        }
        let store = db.store("oms_order_validate_readiness").await;
        let worker = testing::worker(&sources.uri(), store);
        let deps = Deps::new(worker, source_systems(&sources.uri()));
        Self { db, sources, deps, order_id: draft.order_id }
    }

    fn task(&self) -> ExternalTask {
        testing::task(TOPIC, &tenant(), self.order_id)
    }

    async fn events(&self) -> i64 {
        self.db
            .number("select count(*) from domain_event where event_type = 'OrderValidated'")
            .await
    }
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
    let oms = Fixture::new().await;
    let task = oms.task();

    let first = execute_task(&oms.deps, &task).await;
    let again = execute_task(&oms.deps, &task).await;

    assert_eq!([first, again], [TaskOutcome::complete(), TaskOutcome::complete()]);
    assert_eq!(oms.events().await, 1);
    let status = oms.db.text("select status from product_order").await;
    assert_eq!(status.as_deref(), Some("VALIDATED"));
    oms.db.finish().await;
}

#[tokio::test]
async fn failed_checks_become_one_case_that_the_bpmn_error_names() {
    let oms = Fixture::new().await;
    let suspended = json!({"billingAccountId": "account-1", "status": "SUSPENDED"});
    let response = ResponseTemplate::new(200).set_body_json(suspended);
    answer(&oms.sources, "/BILLING_ACCOUNT/.*", response, 1).await;
    answer(&oms.sources, "/CUSTOMER/.*", ResponseTemplate::new(404), 1).await;
    let task = oms.task();

    let first = execute_task(&oms.deps, &task).await;
    let again = execute_task(&oms.deps, &task).await;

    let case = oms.db.text("select id::text from order_fallout_case").await.expect("a case");
    let TaskOutcome::BpmnError { code, message, variables } = &first else { panic!("{first:?}") };
    assert_eq!(code, "ORDER_REQUIRES_MANUAL_REVIEW");
    assert!(message.contains("CUSTOMER_NOT_FOUND, BILLING_ACCOUNT_NOT_READY"), "{message}");
    assert_eq!(variables.text("falloutCaseId"), Some(case.as_str()));
    assert_eq!(first, again);
    assert_eq!(oms.db.number("select count(*) from order_fallout_case").await, 1);
    oms.db.finish().await;
}

#[tokio::test]
async fn a_source_that_is_down_is_a_technical_failure_and_no_failed_check() {
    let oms = Fixture::new().await;
    let down = ResponseTemplate::new(503).insert_header("retry-after", "7");
    answer(&oms.sources, "/CPQ/.*", down, 1).await;

    let outcome = execute_task(&oms.deps, &oms.task()).await;

    let TaskOutcome::Failure { message, retries, retry_timeout, .. } = outcome else { panic!() };
    assert!(message.starts_with("CPQ cannot be read"), "{message}");
    assert_eq!(retries, 4);
    assert!(retry_timeout >= Duration::from_secs(7), "Retry-After is a lower bound");
    assert_eq!(oms.db.number("select count(*) from order_fallout_case").await, 0);
    oms.db.finish().await;
}

#[tokio::test]
async fn an_order_that_the_tenant_does_not_have_is_an_incident() {
    let oms = Fixture::new().await;
    let task = testing::task(TOPIC, &"other".parse().unwrap(), oms.order_id);

    let outcome = execute_task(&oms.deps, &task).await;

    assert_eq!(outcome, TaskOutcome::give_up("the order not found"));
    oms.db.finish().await;
}

#[tokio::test]
async fn one_invocation_fetches_executes_and_completes() {
    let oms = Fixture::new().await;
    testing::offer(&oms.sources, (TOPIC, &tenant(), oms.order_id), 204).await;

    let event = LambdaEvent::new(Value::Null, Context::default());
    let summary = handle(&oms.deps, event).await.expect("the loop ends by itself");

    assert_eq!((summary.fetched, summary.completed, summary.failures), (1, 1, 0));
    assert_eq!(oms.events().await, 1);
    oms.db.finish().await;
}
