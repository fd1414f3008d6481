//! Business refusals: kept under their key, audited, and nothing else is written.

use http::StatusCode;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::fixture::{Answered, Fixture, quote, quote_with};

/// Refused for good: no order, one key, one entry in the tenant's audit chain with the code.
async fn assert_refused(f: &Fixture, answer: &Answered, status: StatusCode, code: &str) {
    assert_eq!((answer.status, answer.code()), (status, code), "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.body["instance"], "/orders/from-quote");
    assert_eq!(answer.body["correlationId"], answer.header("x-correlation-id"));
    assert_eq!(f.written().await, [0; 4], "{code}");
    assert_eq!(f.kept().await, (1, 1), "{code}");
    let audited = f.db.text("select code from audit_entry where outcome = 'REFUSED'").await;
    assert_eq!(audited.as_deref(), Some(code));
}

#[tokio::test]
async fn a_quote_that_the_cpq_does_not_know_is_refused() {
    let f = Fixture::new().await;
    f.cpq_answers(ResponseTemplate::new(404)).await;

    let answer = f.send(f.request("k-1")).await;

    let status = StatusCode::UNPROCESSABLE_ENTITY;
    assert_refused(&f, &answer, status, "QUOTE_NOT_FOUND").await;
    f.finish().await;
}

#[tokio::test]
async fn quotes_that_are_no_obligation_are_refused_each_with_its_code() {
    let expired = "2026-05-04T09:59:59Z";
    for (pointer, value, code) in [
        ("/status", json!("APPROVED"), "QUOTE_NOT_ACCEPTED"),
        ("/status", json!("CANCELLED"), "QUOTE_NOT_ACCEPTED"),
        ("/status", json!("A_STATUS_OF_TOMORROW"), "QUOTE_NOT_ACCEPTED"),
        ("/revisionLocked", json!(false), "QUOTE_REVISION_NOT_LOCKED"),
        ("/validUntil", json!(expired), "QUOTE_EXPIRED"),
        ("/acceptedAt", Value::Null, "QUOTE_INVALID"),
        ("/items/1/action", json!("MODIFY"), "QUOTE_INVALID"),
    ] {
        let f = Fixture::new().await;
        f.cpq_has(&quote_with(pointer, value)).await;

        let answer = f.send(f.request("k-1")).await;

        assert_refused(&f, &answer, StatusCode::UNPROCESSABLE_ENTITY, code).await;
        f.finish().await;
    }
}

#[tokio::test]
async fn every_contradiction_of_a_quote_is_named_by_its_place() {
    let f = Fixture::new().await;
    let mut quote = quote_with("/acceptedAt", Value::Null);
    quote["items"][1]["action"] = json!("DELETE");
    quote["items"][3]["action"] = json!("NO_CHANGE");
    f.cpq_has(&quote).await;

    let answer = f.send(f.request("k-1")).await;

    let errors = answer.body["errors"].as_array().unwrap();
    let pointers: Vec<&str> = errors.iter().filter_map(|x| x["pointer"].as_str()).collect();
    assert_eq!(
        pointers,
        ["/acceptedAt", "/items/1/productInstanceId", "/items/3/productInstanceId"]
    );
    f.finish().await;
}

#[tokio::test]
async fn a_revision_that_is_an_order_already_leads_to_that_order() {
    let f = Fixture::new().await;
    let first = f.send(f.request("k-1")).await;
    let written = f.written().await;

    let second = f.send(f.request("k-2")).await;
    let again = f.send(f.request("k-2")).await;

    assert_eq!(second.status, StatusCode::CONFLICT);
    assert_eq!(second.code(), "ORDER_EXISTS_FOR_QUOTE_REVISION");
    assert_eq!(second.body["orderId"], first.body["orderId"]);
    assert_eq!(second.body["links"], first.body["links"]);
    assert_eq!((second.status, &second.body), (again.status, &again.body));
    assert_eq!(f.written().await, written);
    assert_eq!(f.kept().await, (2, 2));
    f.finish().await;
}

#[tokio::test]
async fn a_cancelled_order_frees_its_quote_revision() {
    let f = Fixture::new().await;
    f.send(f.request("k-1")).await;
    f.db.execute("update product_order set status = 'CANCELLED'").await;

    assert_eq!(f.send(f.request("k-2")).await.status, StatusCode::CREATED);
    f.finish().await;
}

#[tokio::test]
async fn a_cpq_that_does_not_answer_usably_leaves_nothing_and_frees_the_key() {
    let f = Fixture::new().await;
    let mut other = quote();
    other["revision"] = json!(4);
    let nul = quote_with("/customerId", json!("a\u{0}b"));
    let broken = ResponseTemplate::new(200).set_body_raw("{", "application/json");
    for (answer, retry_after) in [
        (ResponseTemplate::new(503).insert_header("retry-after", "17"), "17"),
        (ResponseTemplate::new(429).insert_header("retry-after", "86400"), "300"),
        (ResponseTemplate::new(500), "5"),
        (ResponseTemplate::new(401), "5"),
        (ResponseTemplate::new(302).insert_header("location", "/quotes"), "5"),
        (broken, "5"),
        (ResponseTemplate::new(200).set_body_json(&other), "5"),
        (ResponseTemplate::new(200).set_body_json(&nul), "5"),
        (ResponseTemplate::new(200).set_body_json(quote_with("/currency", json!("USD"))), "5"),
        (ResponseTemplate::new(200).set_body_string("<html>"), "5"),
    ] {
        f.cpq_answers(answer).await;

        let answer = f.send(f.request("k-1")).await;

        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.body);
        assert_eq!(
            (answer.code(), answer.header("retry-after")),
            ("SOURCE_UNAVAILABLE", retry_after)
        );
        assert_eq!((f.written().await, f.kept().await), ([0; 4], (0, 0)));
    }
    f.cpq_has(&quote()).await;
    assert_eq!(f.send(f.request("k-1")).await.status, StatusCode::CREATED, "the same key");
    f.finish().await;
}

#[tokio::test]
async fn a_store_that_fails_leaves_nothing_and_frees_the_key() {
    let f = Fixture::new().await;
    f.db.execute(
        "create function fail() returns trigger language plpgsql as
         $$ begin raise exception 'canary' using errcode = tg_argv[0]; end $$",
    )
    .await;
    for (errcode, status, code) in [
        ("40001", StatusCode::SERVICE_UNAVAILABLE, "SOURCE_UNAVAILABLE"),
        ("XX000", StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR"),
    ] {
        let create = "create trigger fail before insert on outbox_message for each row";
        f.db.execute(&format!("{create} execute function fail('{errcode}')")).await;

        let answer = f.send(f.request("k-1")).await;

        assert_eq!((answer.status, answer.code()), (status, code));
        assert!(!answer.body.to_string().contains("canary"), "{}", answer.body);
        assert_eq!((f.written().await, f.kept().await), ([0; 4], (0, 0)));
        f.db.execute("drop trigger fail on outbox_message").await;
    }
    assert_eq!(f.send(f.request("k-1")).await.status, StatusCode::CREATED, "the same key");
    f.finish().await;
}
