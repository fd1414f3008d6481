use lambda_runtime::Context;
use lambda_support::config::Settings;
use lambda_support::secrets::{SecretsClient, SecretsEndpoint};
use order_domain::actor::Actor;
use order_domain::ids::OrderId;
use order_store::CommandContext;
use serde_json::json;
use test_support::{
    TestDatabase, demo_catalogue, demo_target_systems, order_draft, place_order, tenant,
};
use topic_worker::testing::{self, Stage, without_work};
use wiremock::matchers::{header, method, path, path_regex};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::*;

const ROLE: &str = "oms_notification_send_order_update";

/// A completed order with one communication, and one server that plays everybody else.
struct Fixture {
    db: TestDatabase,
    deps: Deps,
    order_id: OrderId,
    server: MockServer,
}

impl Fixture {
    async fn new() -> Self {
        let (db, server) = (TestDatabase::create().await, MockServer::start().await);
        let owner = db.store("oms_owner").await;
        demo_catalogue(&owner, &tenant()).await;
        demo_target_systems(&owner, &tenant(), &server.uri()).await;
        let draft = without_work(order_draft(&["INTERNET_ACCESS"]));
        let order_id = place_order(&db.store("oms_order_intake").await, &tenant(), &draft).await;
        testing::lead_to(&owner, &tenant(), order_id, Stage::Completed).await;
        let secret = json!({ "SecretString": json!({ "token": "t0ken" }).to_string() });
        Mock::given(path("/secretsmanager/get"))
            .respond_with(ResponseTemplate::new(200).set_body_json(secret))
            .mount(&server)
            .await;
        let settings = Settings::from_pairs([("OMS_SECRETS_ENDPOINT", server.uri())]);
        let endpoint = SecretsEndpoint::from_settings(&settings).expect("a URL");
        let channel = Channel::new(
            client(Duration::from_secs(5)).unwrap(),
            SecretsClient::new(endpoint).unwrap(),
            "https://callbacks.example.com/v1".parse().unwrap(),
        );
        let worker = testing::worker(&server.uri(), db.store(ROLE).await);
        Self { deps: Deps::new(worker, channel), db, order_id, server }
    }

    /// The answer to the next submit.
    async fn submit_answers(&self, response: ResponseTemplate) {
        let submit = Mock::given(method("POST")).and(path("/NOTIFICATION/requests"));
        let submit = submit.and(header("authorization", "Bearer t0ken"));
        submit.respond_with(response).up_to_n_times(1).mount(&self.server).await;
    }

    async fn query_answers(&self, response: ResponseTemplate) {
        let query = Mock::given(method("GET")).and(path_regex("^/NOTIFICATION/requests/"));
        query.respond_with(response).mount(&self.server).await;
    }

    async fn execute(&self) -> TaskOutcome {
        let task = testing::task(TOPIC, &tenant(), self.order_id);
        execute_task(&self.deps, &task).await
    }

    /// Another invocation claims the communication and dies.
    async fn claim_and_die(&self, lease: SignedDuration) {
        let ctx = CommandContext::new(Actor::function("another", None), Timestamp::now());
        let store = self.db.store(ROLE).await;
        let tx = store.tenant_tx(&tenant()).await.unwrap();
        let claimed = begin_notifications(tx, self.order_id, &ctx, lease).await.unwrap();
        assert_eq!(claimed.len(), 1);
    }

    async fn status(&self) -> String {
        self.db.text("select status from customer_notification").await.expect("one row")
    }

    async fn request_id(&self) -> String {
        let sql = "select request_id::text from customer_notification";
        self.db.text(sql).await.expect("a claimed communication")
    }

    async fn submits(&self) -> Vec<Value> {
        let requests = self.server.received_requests().await.expect("requests are recorded");
        let is_submit = |x: &&Request| x.url.path() == "/NOTIFICATION/requests";
        requests.iter().filter(is_submit).map(|x| x.body_json().expect("JSON")).collect()
    }

    async fn finish(self) {
        self.db.finish().await;
    }
}

fn done() -> ResponseTemplate {
    let body = json!({ "status": "COMPLETED", "externalReference": "N-1" });
    ResponseTemplate::new(200).set_body_json(body)
}

fn is_wait(outcome: &TaskOutcome) -> bool {
    matches!(outcome, TaskOutcome::Failure { retries: 5, .. })
}

#[tokio::test]
async fn the_customer_is_told_once_however_often_the_task_comes() {
    let oms = Fixture::new().await;
    oms.submit_answers(done()).await;

    let (first, again) = (oms.execute().await, oms.execute().await);

    assert_eq!([first, again], [TaskOutcome::complete(), TaskOutcome::complete()]);
    assert_eq!(oms.status().await, "SENT");
    let submits = oms.submits().await;
    assert_eq!(submits.len(), 1);
    assert_eq!(submits[0]["operation"], "send-order-update");
    assert_eq!(submits[0]["requestId"], oms.request_id().await);
    let payload = submits[0]["payload"].as_object().expect("an object");
    assert_eq!(payload["kind"], "ORDER_COMPLETED");
    assert_eq!(payload.keys().collect::<Vec<_>>(), ["customerId", "kind", "orderNumber"]);
    oms.finish().await;
}

#[tokio::test]
async fn a_lost_answer_is_asked_about_and_nothing_is_sent_again() {
    let oms = Fixture::new().await;
    oms.submit_answers(ResponseTemplate::new(500)).await;
    oms.query_answers(done()).await;

    let lost = oms.execute().await;
    assert!(is_wait(&lost), "{lost:?}");
    assert_eq!(oms.status().await, "UNKNOWN");
    oms.db.execute("update customer_notification set next_check_at = now()").await;
    let found = oms.execute().await;

    assert_eq!(found, TaskOutcome::complete());
    assert_eq!(oms.status().await, "SENT");
    assert_eq!(oms.submits().await.len(), 1);
    oms.finish().await;
}

#[tokio::test]
async fn after_a_crash_what_is_provably_absent_is_sent_with_the_same_request_id() {
    let oms = Fixture::new().await;
    oms.claim_and_die(SignedDuration::ZERO).await;
    let request_id = oms.request_id().await;
    oms.query_answers(ResponseTemplate::new(404)).await;
    oms.submit_answers(done()).await;

    let outcome = oms.execute().await;

    assert_eq!(outcome, TaskOutcome::complete());
    let submits = oms.submits().await;
    assert_eq!(submits.len(), 1);
    assert_eq!(submits[0]["requestId"], request_id);
    oms.finish().await;
}

#[tokio::test]
async fn while_nobody_can_tell_nothing_is_sent_and_the_retries_stay() {
    let oms = Fixture::new().await;
    oms.claim_and_die(SignedDuration::ZERO).await;
    oms.query_answers(ResponseTemplate::new(503)).await;

    let outcome = oms.execute().await;

    let TaskOutcome::Failure { retries: 5, retry_timeout, .. } = outcome else { panic!() };
    assert!(retry_timeout > Duration::from_secs(20), "the longest delay: {retry_timeout:?}");
    assert_eq!(oms.status().await, "UNKNOWN");
    assert_eq!(oms.submits().await.len(), 0);
    oms.finish().await;
}

#[tokio::test]
async fn the_task_is_not_completed_while_somebody_else_holds_the_communication() {
    let oms = Fixture::new().await;
    oms.claim_and_die(SignedDuration::from_secs(60)).await;

    let outcome = oms.execute().await;

    let TaskOutcome::Failure { retries: 5, retry_timeout, .. } = outcome else { panic!() };
    assert!(retry_timeout > Duration::from_secs(30), "until the lease ends: {retry_timeout:?}");
    assert_eq!(oms.submits().await.len(), 0);
    oms.finish().await;
}

#[tokio::test]
async fn a_definitive_refusal_is_recorded_and_the_process_goes_on() {
    let oms = Fixture::new().await;
    let body = json!({ "reasonCode": "NO_CONSENT" });
    oms.submit_answers(ResponseTemplate::new(422).set_body_json(body)).await;

    let (first, again) = (oms.execute().await, oms.execute().await);

    assert_eq!([first, again], [TaskOutcome::complete(), TaskOutcome::complete()]);
    assert_eq!(oms.status().await, "FAILED");
    assert_eq!(oms.submits().await.len(), 1);
    oms.finish().await;
}

#[tokio::test]
async fn a_system_that_is_busy_costs_one_retry_and_its_retry_after_is_kept() {
    let oms = Fixture::new().await;
    oms.submit_answers(ResponseTemplate::new(503).insert_header("retry-after", "9")).await;

    let outcome = oms.execute().await;

    let TaskOutcome::Failure { retries: 4, retry_timeout, .. } = outcome else { panic!() };
    assert!(retry_timeout >= Duration::from_secs(9), "{retry_timeout:?}");
    oms.finish().await;
}

#[tokio::test]
async fn a_tenant_without_a_notification_system_is_an_incident() {
    let oms = Fixture::new().await;
    oms.db.execute("delete from target_system where system = 'NOTIFICATION'").await;

    let outcome = oms.execute().await;

    assert_eq!(outcome, TaskOutcome::give_up("the tenant has no NOTIFICATION system"));
    oms.finish().await;
}

#[tokio::test]
async fn one_invocation_fetches_sends_and_completes() {
    let oms = Fixture::new().await;
    oms.submit_answers(done()).await;
    testing::offer(&oms.server, (TOPIC, &tenant(), oms.order_id), 204).await;

    let event = LambdaEvent::new(Value::Null, Context::default());
    let summary = handle(&oms.deps, event).await.expect("the loop ends by itself");

    assert_eq!((summary.fetched, summary.completed, summary.failures), (1, 1, 0));
    assert_eq!(oms.status().await, "SENT");
    oms.finish().await;
}
