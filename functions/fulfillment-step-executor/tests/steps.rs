//! Batches of steps on a real database, with target systems that a test speaks for.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fulfillment_step_executor::{Deps, ExecutorSummary, handler};
use lambda_support::Deadline;
use lambda_support::config::Settings;
use lambda_support::secrets::{SecretsClient, SecretsEndpoint};
use lambda_support::sqs_batch::{MessageVerdict, QueueMessage};
use order_domain::ids::FulfillmentStepId;
use serde_json::{Value, json};
use test_support::stage::Stage;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wiremock::matchers::{header_exists, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

async fn deps(stage: &Stage) -> Deps {
    let endpoint = SecretsEndpoint::from_settings(&Settings::default()).unwrap();
    let secrets = SecretsClient::new(endpoint).unwrap();
    let store = stage.db.store("oms_fulfillment_step_executor").await;
    let base = "http://127.0.0.1:9/v1".parse().unwrap();
    Deps::new(store, secrets, base).unwrap().with_clock(stage.clock())
}

fn message(stage: &Stage, step: FulfillmentStepId) -> QueueMessage {
    let body = json!({ "tenantId": stage.tenant, "orderId": stage.order_id,
        "fulfillmentStepId": step, "correlationId": stage.order_id.as_uuid() });
    QueueMessage {
        message_id: step.to_string(),
        body: body.to_string(),
        receive_count: 1,
        trace_parent: TRACE.parse().ok(),
    }
}

async fn messages(stage: &Stage) -> Vec<QueueMessage> {
    stage.ready_steps().await.into_iter().map(|step| message(stage, step)).collect()
}

async fn execute(deps: &Deps, messages: &[QueueMessage]) -> ExecutorSummary {
    let deadline = Deadline::after(Duration::from_secs(30));
    let (summary, verdicts) = handler::execute(deps, "run", messages, deadline).await;
    assert_eq!(verdicts, vec![MessageVerdict::Done; messages.len()]);
    summary
}

async fn logistics(answer: ResponseTemplate, calls: u64) -> MockServer {
    let server = MockServer::start().await;
    let submit = Mock::given(method("POST")).and(path("/LOGISTICS/requests"));
    submit
        .and(header_exists("idempotency-key"))
        .respond_with(answer)
        .expect(calls)
        .mount(&server)
        .await;
    server
}

fn answer(status: u16, body: Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(body)
}

#[tokio::test]
async fn a_finished_step_releases_and_dispatches_its_dependents() {
    let stage = Stage::released(1).await;
    let server = logistics(answer(200, json!({"externalReference": "SHP-1"})), 1).await;
    stage.configure("LOGISTICS", &server.uri(), json!({})).await;

    let summary = execute(&deps(&stage).await, &messages(&stage).await).await;

    assert_eq!((summary.begun, summary.completed), (1, 1));
    let next = stage.db.text("select status from fulfillment_step where target_system = 'BILLING'");
    assert_eq!(next.await.as_deref(), Some("READY"));
    let owed = "select count(*) from outbox_message m join fulfillment_step s
        on m.lane = 'step:' || s.id where s.target_system = 'BILLING'";
    assert_eq!(stage.db.number(owed).await, 1);
    stage.db.finish().await;
}

#[tokio::test]
async fn a_submit_carries_request_id_callback_url_and_trace() {
    let stage = Stage::released(1).await;
    let server = logistics(answer(202, json!({"externalReference": "SHP-1"})), 1).await;
    stage.configure("LOGISTICS", &server.uri(), json!({})).await;

    let summary = execute(&deps(&stage).await, &messages(&stage).await).await;

    assert_eq!(summary.submitted, 1);
    let request_id = stage.request_id().await.to_string();
    let sent = server.received_requests().await.unwrap().remove(0);
    assert_eq!(sent.headers["idempotency-key"], format!("\"{request_id}\"").as_str());
    assert_eq!(sent.headers["traceparent"], TRACE);
    let body: Value = sent.body_json().unwrap();
    assert_eq!(body["requestId"], request_id.as_str());
    assert_eq!(body["callbackUrl"], "http://127.0.0.1:9/v1/callbacks/acme/LOGISTICS");
    stage.db.finish().await;
}

#[tokio::test]
async fn a_message_that_comes_twice_is_sent_once() {
    let stage = Stage::released(1).await;
    let server = logistics(answer(202, json!({})), 1).await;
    stage.configure("LOGISTICS", &server.uri(), json!({})).await;
    let one = messages(&stage).await.remove(0);
    let deps = deps(&stage).await;

    let first = execute(&deps, &[one.clone(), one.clone()]).await;
    let second = execute(&deps, &[one]).await;

    assert_eq!((first.begun, first.not_ready), (1, 1));
    assert_eq!((second.begun, second.not_ready), (0, 1));
    stage.db.finish().await;
}

#[tokio::test]
async fn a_batch_of_ten_costs_the_round_trips_of_one() {
    let stage = Stage::released(11).await;
    let server = logistics(answer(202, json!({})), 11).await;
    stage.configure("LOGISTICS", &server.uri(), json!({})).await;
    let mut all = messages(&stage).await;
    let one = [all.remove(0)];
    let endpoint = SecretsEndpoint::from_settings(&Settings::default()).unwrap();
    let secrets = SecretsClient::new(endpoint).unwrap();
    let store = stage.db.store("oms_fulfillment_step_executor").await;
    let deps = Deps::new(store.clone(), secrets, "http://127.0.0.1:9".parse().unwrap()).unwrap();
    let mut costs = Vec::new();
    for batch in [&one[..], &all[..]] {
        let before = store.cost();
        let summary = execute(&deps, batch).await;
        assert_eq!(summary.submitted as usize, batch.len());
        let after = store.cost();
        costs.push((after.round_trips - before.round_trips, after.commits - before.commits));
    }

    // Claim: lock and load, write. Record: lock and load, write.
    assert_eq!(costs, [(4, 2), (4, 2)]);
    stage.db.finish().await;
}

#[tokio::test]
async fn a_slow_system_leaves_a_recorded_unknown_outcome() {
    let stage = Stage::released(1).await;
    let slow = answer(200, json!({})).set_delay(Duration::from_secs(30));
    let server = logistics(slow, 1).await;
    stage.configure("LOGISTICS", &server.uri(), json!({"requestTimeoutMs": 60_000})).await;
    let deadline = Deadline::after(Duration::from_millis(7_300));
    let deps = deps(&stage).await;

    let (summary, _) = handler::execute(&deps, "run", &messages(&stage).await, deadline).await;

    assert!(!deadline.has_passed(), "recorded in good time");
    assert_eq!((summary.otherwise, summary.unrecorded), (1, 0));
    assert_eq!(stage.shipping().await, ["UNKNOWN"]);
    stage.db.finish().await;
}

#[tokio::test]
async fn a_step_whose_turn_did_not_come_was_not_attempted() {
    let stage = Stage::released(2).await;
    let slow = answer(200, json!({})).set_delay(Duration::from_secs(30));
    let server = logistics(slow, 1).await;
    let one_at_a_time = json!({"requestTimeoutMs": 60_000, "concurrencyLimit": 1});
    stage.configure("LOGISTICS", &server.uri(), one_at_a_time).await;
    let deadline = Deadline::after(Duration::from_millis(7_300));
    let deps = deps(&stage).await;

    let (summary, _) = handler::execute(&deps, "run", &messages(&stage).await, deadline).await;

    assert_eq!((summary.begun, summary.otherwise, summary.unrecorded), (2, 2, 0));
    let attempts =
        "select string_agg(status || ' ' || attempt_count || ' ' || (first_sent_at is null),
        ', ' order by status) from fulfillment_step where target_system = 'LOGISTICS'";
    let expected = "READY 0 true, UNKNOWN 1 false";
    assert_eq!(stage.db.text(attempts).await.as_deref(), Some(expected));
    stage.db.finish().await;
}

#[tokio::test]
async fn a_step_without_settings_is_held_by_an_incident() {
    let stage = Stage::released(1).await;

    let summary = execute(&deps(&stage).await, &messages(&stage).await).await;

    assert_eq!(summary.otherwise, 1);
    let held = "select count(*) from fulfillment_step s join platform_incident i
        on i.id = s.held_by_incident_id where s.status = 'READY'";
    assert_eq!(stage.db.number(held).await, 1);
    stage.db.finish().await;
}

#[tokio::test]
async fn a_refused_connection_is_tried_again_with_the_same_request() {
    let stage = Stage::released(1).await;
    stage.configure("LOGISTICS", "http://127.0.0.1:9", json!({})).await;
    let batch = messages(&stage).await;
    let deps = deps(&stage).await;

    execute(&deps, &batch).await;
    let first = stage.request_id().await;
    stage.advance(jiff::SignedDuration::from_secs(5));
    let again = execute(&deps, &batch).await;

    assert_eq!(again.begun, 1);
    assert_eq!(stage.request_id().await, first);
    stage.db.finish().await;
}

#[tokio::test]
async fn a_body_that_is_no_dispatch_is_done_and_its_neighbours_are_executed() {
    let stage = Stage::released(1).await;
    let server = logistics(answer(200, json!({})), 1).await;
    stage.configure("LOGISTICS", &server.uri(), json!({})).await;
    let mut batch = messages(&stage).await;
    batch.insert(0, QueueMessage { body: "{\"tenantId\":1}".to_owned(), ..batch[0].clone() });

    let summary = execute(&deps(&stage).await, &batch).await;

    assert_eq!((summary.unparseable, summary.completed), (1, 1));
    stage.db.finish().await;
}

#[tokio::test]
async fn nothing_is_claimed_when_too_little_time_is_left() {
    let stage = Stage::released(1).await;
    let deadline = Deadline::after(Duration::from_secs(3));
    let deps = deps(&stage).await;

    let (_, verdicts) = handler::execute(&deps, "run", &messages(&stage).await, deadline).await;

    assert!(matches!(verdicts[..], [MessageVerdict::RetryLater { .. }]));
    assert_eq!(stage.shipping().await, ["READY"]);
    stage.db.finish().await;
}

/// Serves `calls` connections, one request each, and says how many it had at most at one time.
async fn serve_crowd(listener: TcpListener, calls: usize) -> usize {
    let counts: Arc<Mutex<(usize, usize)>> = Arc::default();
    let mut serving = tokio::task::JoinSet::new();
    for _ in 0..calls {
        let (mut socket, _) = listener.accept().await.unwrap();
        let counts = Arc::clone(&counts);
        serving.spawn(async move {
            let mut bytes = vec![0; 64 * 1024];
            assert!(socket.read(&mut bytes).await.unwrap() > 0);
            {
                let mut counts = counts.lock().unwrap();
                counts.0 += 1;
                counts.1 = counts.1.max(counts.0);
            }
            // Whoever else may call is given every chance to.
            for _ in 0..1_000 {
                tokio::task::yield_now().await;
            }
            counts.lock().unwrap().0 -= 1;
            let answer = "HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\n\
                          connection: close\r\ncontent-length: 2\r\n\r\n{}";
            socket.write_all(answer.as_bytes()).await.unwrap();
        });
    }
    while serving.join_next().await.is_some() {}
    counts.lock().unwrap().1
}

#[tokio::test]
async fn a_system_has_no_more_calls_at_a_time_than_it_takes() {
    for (limit, expected) in [(2, 1..=2), (20, 3..=6)] {
        let stage = Stage::released(6).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        stage.configure("LOGISTICS", &url, json!({"concurrencyLimit": limit})).await;
        let served = tokio::spawn(serve_crowd(listener, 6));

        let summary = execute(&deps(&stage).await, &messages(&stage).await).await;

        assert_eq!(summary.begun, 6);
        let most = served.await.unwrap();
        assert!(expected.contains(&most), "{most} calls at a time where {limit} are allowed");
        stage.db.finish().await;
    }
}
