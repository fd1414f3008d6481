use std::ops::Deref;

use lambda_support::config::Settings;
use lambda_support::secrets::{SecretsClient, SecretsEndpoint};
use order_domain::actor::Actor;
use order_store::CommandContext;
use serde_json::json;
use test_support::{demo_target_systems, order_draft, tenant};
use topic_worker::testing::{self, Stage, without_work};
use wiremock::matchers::{header, method, path, path_regex};
use wiremock::{Mock, Request, ResponseTemplate};

use super::*;

const ROLE: &str = "oms_notification_send_order_update";

/// A completed order with one communication; its server also plays NOTIFICATION.
struct Fixture(testing::Fixture<Deps>);

impl Deref for Fixture {
    type Target = testing::Fixture<Deps>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Fixture {
    async fn new() -> Self {
        let draft = without_work(order_draft(&["INTERNET_ACCESS"]));
        let oms = testing::Fixture::new(MILESTONE, draft, Some(Stage::Completed)).await;
        let owner = oms.db.store("oms_owner").await;
        demo_target_systems(&owner, &tenant(), &oms.server.uri()).await;
        let secret = json!({ "SecretString": json!({ "token": "t0ken" }).to_string() });
        Mock::given(path("/secretsmanager/get"))
            .respond_with(ResponseTemplate::new(200).set_body_json(secret))
            .mount(&oms.server)
            .await;
        let settings = Settings::from_pairs([("OMS_SECRETS_ENDPOINT", oms.server.uri())]);
        let endpoint = SecretsEndpoint::from_settings(&settings).expect("a URL");
        let channel = Channel::new(
            client(Duration::from_secs(5)).unwrap(),
            SecretsClient::new(endpoint).unwrap(),
            "https://callbacks.example.com/v1".parse().unwrap(),
        );
        Self(oms.with_deps(|worker| Deps::new(worker, channel)))
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
        execute_task(&self.deps, &self.task()).await
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
        self.0.db.finish().await;
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
async fn every_call_about_a_communication_is_kept_with_its_request() {
    let oms = Fixture::new().await;
    oms.submit_answers(ResponseTemplate::new(500)).await;
    oms.query_answers(done()).await;

    let _unknown = oms.execute().await;
    oms.db.execute("update customer_notification set next_check_at = now()").await;
    let _found = oms.execute().await;

    let kept = "select string_agg(concat_ws(' ', a.kind, a.http_status, a.failure_class), ', '
                                  order by a.started_at)
        from external_request_attempt a
        join customer_notification n on n.tenant_id = a.tenant_id and n.request_id = a.request_id";
    assert_eq!(oms.db.text(kept).await.as_deref(), Some("SUBMIT 500 UNKNOWN_OUTCOME, QUERY 200"));
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

    assert!(matches!(outcome, TaskOutcome::Failure { retries: 5, .. }), "{outcome:?}");
    assert_eq!(oms.status().await, "UNKNOWN");
    let checks = oms.db.number("select check_count::bigint from customer_notification").await;
    assert_eq!((checks, oms.submits().await.len()), (1, 0));
    oms.finish().await;
}

#[tokio::test]
async fn what_nobody_can_find_out_is_an_incident_and_the_process_goes_on() {
    let oms = Fixture::new().await;
    oms.claim_and_die(SignedDuration::ZERO).await;
    oms.db.execute("update customer_notification set check_count = 11").await;
    oms.query_answers(ResponseTemplate::new(503)).await;

    let (outcome, again) = (oms.execute().await, oms.execute().await);

    assert_eq!([outcome, again], [TaskOutcome::complete(), TaskOutcome::complete()]);
    assert_eq!(oms.status().await, "FAILED");
    let sql = "select i.kind || ': ' || i.detail from platform_incident i
        join customer_notification n on n.order_id = i.order_id and n.failure_reason = i.detail";
    let expected = "NOTIFICATION_UNKNOWN: unknown after 12 checks, the last one: status 503";
    assert_eq!(oms.db.text(sql).await.as_deref(), Some(expected));
    assert_eq!(oms.submits().await.len(), 0);
    oms.finish().await;
}

#[tokio::test]
async fn without_request_ids_the_second_absence_sends_it_again_and_not_the_first() {
    let oms = Fixture::new().await;
    let without_ids = "update target_system set settings =
        jsonb_set(settings, '{capabilities,honoursRequestId}', 'false')";
    oms.db.execute(without_ids).await;
    oms.claim_and_die(SignedDuration::ZERO).await;
    oms.query_answers(ResponseTemplate::new(404)).await;
    oms.submit_answers(done()).await;

    let first = oms.execute().await;
    let sent_after_one = oms.submits().await.len();
    let an_hour_ago = "update customer_notification set next_check_at = now(),
        first_absent_at = first_absent_at - interval '1 hour'";
    oms.db.execute(an_hour_ago).await;
    let second = oms.execute().await;

    assert!(is_wait(&first), "{first:?}");
    assert_eq!((sent_after_one, oms.submits().await.len()), (0, 1));
    assert_eq!(second, TaskOutcome::complete());
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

    let summary = oms.serve(204, handle).await;

    assert_eq!((summary.fetched, summary.completed, summary.failures), (1, 1, 0));
    assert_eq!(oms.status().await, "SENT");
    oms.finish().await;
}

#[tokio::test]
async fn the_engine_hears_only_pointers_when_a_customer_is_told() {
    let oms = Fixture::new().await;
    oms.submit_answers(done()).await;
    oms.0.tells_only_pointers("complete", handle).await;
}
