//! One answer per key.

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use order_domain::actor::Actor;
use order_store::CommandContext;
use order_store::commands::{KeyClaim, claim_intake_key};
use serde_json::json;

use super::fixture::{Fixture, quote_with};
use crate::requests::FromQuote;

impl Fixture {
    /// Somebody holds the key for the usual body.
    async fn key_is_held(&self, key: &str) {
        let quote: FromQuote = serde_json::from_str(super::fixture::REFERENCE).unwrap();
        let ctx = CommandContext::new(Actor::caller("other", Vec::new()), Timestamp::now())
            .with_idempotency_key(key);
        let tx = self.store.tenant_tx(&test_support::tenant()).await.unwrap();
        let lease = SignedDuration::from_secs(60);
        let claim = claim_intake_key(tx, &ctx, &quote.fingerprint(), lease).await.unwrap();
        assert_eq!(claim, KeyClaim::Claimed { lease_epoch: 1 });
    }
}

#[tokio::test]
async fn the_same_key_and_body_get_the_same_answer_and_no_second_order() {
    let f = Fixture::new().await;

    let first = f.send(f.request("k-1")).await;
    let reformatted = "{ \"revision\": 3,\n \"quoteId\": \"Q-1001\" }";
    let again = f.send(f.request("\"k-1\"").body(reformatted)).await;

    assert_eq!((first.status, &first.body), (again.status, &again.body));
    for name in ["location", "etag", "content-type"] {
        assert_eq!(first.header(name), again.header(name));
    }
    assert_eq!(f.count("product_order").await, 1);
    f.finish().await;
}

#[tokio::test]
async fn a_colleague_with_the_same_key_and_body_gets_the_same_answer() {
    let f = Fixture::new().await;
    let colleague = f.issuer.token(|_, claims| claims["sub"] = json!("somebody-else"));

    let first = f.send(f.request("k-1")).await;
    let bearer = format!("Bearer {colleague}");
    let again = f.send(f.request("k-1").header("authorization", &bearer)).await;

    assert_eq!(first.body, again.body);
    f.finish().await;
}

#[tokio::test]
async fn the_same_key_with_another_body_is_refused_and_changes_nothing() {
    let f = Fixture::new().await;
    f.send(f.request("k-1")).await;
    let before = (f.written().await, f.kept().await);

    let other = f.send(f.request("k-1").body(r#"{"quoteId":"Q-1001","revision":4}"#)).await;

    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(other.code(), "IDEMPOTENCY_KEY_REUSED");
    assert_eq!((f.written().await, f.kept().await), before);
    f.finish().await;
}

#[tokio::test]
async fn keys_of_two_tenants_do_not_meet() {
    let f = Fixture::new().await;
    let globex = f.issuer.token(|_, claims| claims["tenant"] = json!("globex"));

    let ours = f.send(f.request("k-1")).await;
    let bearer = format!("Bearer {globex}");
    let theirs = f.send(f.request("k-1").header("authorization", &bearer)).await;

    assert_eq!((ours.status, theirs.status), (StatusCode::CREATED, StatusCode::CREATED));
    assert_ne!(ours.body["orderId"], theirs.body["orderId"]);
    f.finish().await;
}

#[tokio::test]
async fn a_key_in_use_is_answered_with_a_conflict_and_a_pause() {
    let f = Fixture::new().await;
    f.key_is_held("k-1").await;

    let answer = f.send(f.request("k-1")).await;

    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert_eq!((answer.code(), answer.header("retry-after")), ("REQUEST_IN_PROGRESS", "5"));
    assert_eq!(f.written().await, [0; 4]);
    f.finish().await;
}

#[tokio::test]
async fn a_key_whose_holder_died_is_taken_over_after_its_lease() {
    let f = Fixture::new().await;
    f.key_is_held("k-1").await;
    f.db.execute("update idempotency_record set leased_until = now() - interval '1 second'").await;

    let answer = f.send(f.request("k-1")).await;

    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    let epoch = "select lease_epoch from idempotency_record where status = 'DONE'";
    assert_eq!(f.db.number(epoch).await, 2);
    f.finish().await;
}

#[tokio::test]
async fn a_refusal_is_repeated_word_for_word_even_when_the_quote_got_better() {
    let f = Fixture::new().await;
    f.cpq_has(&quote_with("/status", json!("DRAFT"))).await;
    let first = f.send(f.request("k-1")).await;
    f.cpq_has(&super::fixture::quote()).await;

    let again = f.send(f.request("k-1")).await;
    let with_new_key = f.send(f.request("k-2")).await;

    assert_eq!(first.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!((first.status, &first.body), (again.status, &again.body));
    assert_eq!(again.header("content-type"), "application/problem+json");
    assert_eq!(with_new_key.status, StatusCode::CREATED);
    f.finish().await;
}
