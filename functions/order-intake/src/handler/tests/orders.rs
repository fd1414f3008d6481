//! What a new order is, and what it costs.

use http::StatusCode;
use serde_json::json;
use wiremock::ResponseTemplate;

use super::fixture::{Fixture, quote, quote_with};

#[tokio::test]
async fn an_accepted_quote_becomes_an_order_with_lines_event_and_deliveries() {
    let f = Fixture::new().await;

    let answer = f.send(f.request("k-1")).await;

    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    let order_id = answer.body["orderId"].as_str().unwrap().to_owned();
    assert_eq!(answer.header("location"), format!("../orders/{order_id}"));
    assert_eq!(answer.header("etag"), "\"1\"");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.body["links"]["order"], format!("/orders/{order_id}"));
    assert_eq!((&answer.body["status"], &answer.body["version"]), (&json!("CREATED"), &json!(1)));
    let number = answer.body["orderNumber"].as_str().unwrap();
    assert!(number.starts_with("ORD-") && number.len() == 14, "{number}");
    // One order, five lines, OrderCreated, and two deliveries: process start and event.
    assert_eq!(f.written().await, [1, 5, 1, 2]);
    let stored = f.db.text("select id::text from product_order").await;
    assert_eq!(stored.as_deref(), Some(order_id.as_str()));
    assert_eq!(f.kept().await, (1, 1));
    f.finish().await;
}

#[tokio::test]
async fn a_new_order_costs_two_round_trips_and_a_replay_one() {
    let f = Fixture::new().await;
    f.send(f.request("warm-up").body(r#"{"quoteId":"Q-0","revision":1}"#)).await;

    let before = f.store.cost();
    let created = f.send(f.request("k-1")).await;
    let between = f.store.cost();
    let replayed = f.send(f.request("k-1")).await;
    let after = f.store.cost();

    assert_eq!((created.status, replayed.status), (StatusCode::CREATED, StatusCode::CREATED));
    assert_eq!(between.round_trips - before.round_trips, 2);
    assert_eq!(after.round_trips - between.round_trips, 1);
    f.finish().await;
}

#[tokio::test]
async fn correlation_id_and_trace_context_of_the_request_are_the_orders() {
    let f = Fixture::new().await;
    let correlation_id = "01990000-0000-7000-8000-00000000c0de";
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    let post = f.request("k-1").header("x-correlation-id", correlation_id);
    let answer = f.send(post.header("traceparent", trace)).await;

    assert_eq!(answer.body["correlationId"], correlation_id);
    let stored = f.db.text("select correlation_id::text from product_order").await;
    assert_eq!(stored.as_deref(), Some(correlation_id));
    let event = f.db.text("select traceparent from domain_event").await;
    assert_eq!(event.as_deref(), Some(trace));
    f.finish().await;
}

#[tokio::test]
async fn the_snapshot_is_what_the_cpq_said_with_fields_that_nobody_knows() {
    let f = Fixture::new().await;
    let mut quote = quote();
    quote["somethingNew"] = json!({"deep": [1, "x"]});
    f.cpq_has(&quote).await;

    f.send(f.request("k-1")).await;

    let kept = f.db.text("select document->>'somethingNew' from order_quote_snapshot").await;
    assert_eq!(kept.as_deref(), Some(r#"{"deep": [1, "x"]}"#));
    f.finish().await;
}

#[tokio::test]
async fn children_listed_before_their_bundle_still_hang_below_it() {
    let f = Fixture::new().await;
    let mut quote = quote();
    quote["items"].as_array_mut().unwrap().reverse();
    f.cpq_has(&quote).await;

    assert_eq!(f.send(f.request("k-1")).await.status, StatusCode::CREATED);

    let first = f.db.text("select product_code from order_line where line_number = 1").await;
    assert_eq!(first.as_deref(), Some("MANAGED_CONNECTIVITY_BUNDLE"));
    let below = "select count(*) from order_line c join order_line p on p.id = c.parent_line_id";
    assert_eq!(f.db.number(below).await, 4);
    f.finish().await;
}

#[tokio::test]
async fn a_quote_accepted_in_time_is_ordered_however_long_ago_its_validity_ended() {
    let f = Fixture::new().await;
    f.cpq_has(&quote_with("/validUntil", json!("2026-05-04T10:00:00Z"))).await;

    assert_eq!(f.send(f.request("k-1")).await.status, StatusCode::CREATED);
    f.finish().await;
}

#[tokio::test]
async fn the_cpq_is_asked_once_for_exactly_the_revision() {
    let f = Fixture::new().await;

    f.send(f.request("k-1")).await;
    f.send(f.request("k-1")).await;

    let asked = f.cpq.received_requests().await.unwrap();
    let paths: Vec<&str> = asked.iter().map(|request| request.url.path()).collect();
    assert_eq!(paths, [super::fixture::QUOTE_PATH]);
    f.cpq_answers(ResponseTemplate::new(500)).await;
    assert_eq!(f.send(f.request("k-1")).await.status, StatusCode::CREATED, "a replay asks nobody");
    f.finish().await;
}
