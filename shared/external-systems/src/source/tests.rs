use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::http_target::tests::client;

fn sources(base: &str) -> SourceSystems {
    let settings = SourceSystemsSettings {
        cpq_url: format!("{base}/CPQ"),
        customer_url: format!("{base}/CUSTOMER"),
        billing_account_url: format!("{base}/BILLING_ACCOUNT"),
        request_timeout: Duration::from_millis(400),
    };
    SourceSystems::new(client(), &settings).unwrap()
}

async fn stub(at: &str, response: ResponseTemplate) -> (MockServer, SourceSystems) {
    let server = MockServer::start().await;
    Mock::given(method("GET")).and(path(at)).respond_with(response).mount(&server).await;
    let sources = sources(&server.uri());
    (server, sources)
}

fn json_answer(body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

#[tokio::test]
async fn a_quote_is_read_with_its_raw_content_and_digest() {
    let mut quote = crate::quote::tests::sample();
    quote["cpqInternal"] = json!({"x": [1, 2]});
    let (_server, sources) = stub("/CPQ/quotes/Q-1001/revisions/3", json_answer(&quote)).await;

    let SourceAnswer::Found(answer) = sources.quote("Q-1001", 3).await else { panic!() };

    assert_eq!(answer.document.quote_id, "Q-1001");
    assert_eq!(answer.raw, quote);
    assert_eq!(answer.digest, crate::digest::of_json(&quote));
}

#[tokio::test]
async fn another_revision_than_the_one_asked_for_is_no_answer() {
    let quote = crate::quote::tests::sample();
    let (_server, sources) = stub("/CPQ/quotes/Q-1001/revisions/4", json_answer(&quote)).await;

    let answer = sources.quote("Q-1001", 4).await;

    let SourceAnswer::Unavailable { reason, .. } = answer else { panic!("{answer:?}") };
    assert!(reason.contains("another object"));
}

#[tokio::test]
async fn customer_and_billing_account_are_read() {
    let customer = json!({"customerId": "C-1", "status": "ACTIVE", "name": "not kept"});
    let (_customers, customers) = stub("/CUSTOMER/customers/C-1", json_answer(&customer)).await;
    let account = json!({"billingAccountId": "B-1", "status": "ON_FIRE"});
    let (_accounts, accounts) =
        stub("/BILLING_ACCOUNT/billing-accounts/B-1", json_answer(&account)).await;

    let customer = customers.customer("C-1").await;
    let account = accounts.billing_account("B-1").await;

    let status = CustomerStatus::Active;
    assert_eq!(customer, SourceAnswer::Found(Customer { customer_id: "C-1".to_owned(), status }));
    let SourceAnswer::Found(account) = account else { panic!("{account:?}") };
    assert_eq!(account.status, BillingAccountStatus::Unknown);
}

#[tokio::test]
async fn what_does_not_exist_is_not_found_and_impossible_ids_are_not_asked_for() {
    let server = MockServer::start().await;
    let sources = sources(&server.uri());

    assert_eq!(sources.customer("C-1").await, SourceAnswer::NotFound);
    for id in ["", ".", "..", "a\nb", &"a".repeat(129)] {
        assert_eq!(sources.customer(id).await, SourceAnswer::NotFound, "{id:?}");
    }
    assert_eq!(server.received_requests().await.map(|requests| requests.len()), Some(1));
}

#[tokio::test]
async fn an_id_cannot_leave_its_place_in_the_path() {
    let server = MockServer::start().await;
    let sources = sources(&server.uri());

    let answer = sources.customer("../../admin?x#y").await;

    assert_eq!(answer, SourceAnswer::NotFound);
    let asked = server.received_requests().await.unwrap();
    assert_eq!(asked[0].url.path(), "/CUSTOMER/customers/..%2F..%2Fadmin%3Fx%23y");
}

#[tokio::test]
async fn everything_else_is_unavailable_and_retry_after_is_kept() {
    let busy = ResponseTemplate::new(503).insert_header("retry-after", "3");
    let (_busy, busy) = stub("/CUSTOMER/customers/C-1", busy).await;
    let html = ResponseTemplate::new(200).set_body_raw("{}", "text/html");
    let (_html, html) = stub("/CUSTOMER/customers/C-1", html).await;
    let (_empty, empty) = stub("/CUSTOMER/customers/C-1", json_answer(&json!({}))).await;
    let slow = json_answer(&json!({})).set_delay(Duration::from_secs(5));
    let (_slow, slow) = stub("/CUSTOMER/customers/C-1", slow).await;
    let unreachable = sources("http://127.0.0.1:1");

    let retry_after_ms = Some(3_000);
    let reason = "status 503".to_owned();
    assert_eq!(busy.customer("C-1").await, SourceAnswer::Unavailable { retry_after_ms, reason });
    for (sources, expected) in [
        (html, "the content type is not JSON"),
        (empty, "missing field `customerId`"),
        (slow, "timed out after sending"),
        (unreachable, "no connection"),
    ] {
        let answer = sources.customer("C-1").await;
        let SourceAnswer::Unavailable { reason, .. } = answer else { panic!("{answer:?}") };
        assert_eq!(reason, expected);
    }
}

#[test]
fn all_urls_that_cannot_be_used_are_named() {
    let settings = SourceSystemsSettings {
        cpq_url: "http://cpq.example.com".to_owned(),
        customer_url: "https://customer.example.com".to_owned(),
        billing_account_url: "nowhere".to_owned(),
        request_timeout: Duration::from_secs(1),
    };

    let problems = SourceSystems::new(client(), &settings).unwrap_err().problems;

    assert_eq!(problems.len(), 2);
    assert!(problems[0].starts_with("cpqUrl") && problems[1].starts_with("billingAccountUrl"));
}
