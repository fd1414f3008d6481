//! Malformed and unauthenticated requests: a stable code each, and no trace in the database.

use http::{HeaderValue, StatusCode};
use serde_json::json;

use super::fixture::{Fixture, Post, REFERENCE};

/// Refused at the door: nothing written, nothing kept, and the CPQ was not asked.
async fn assert_turned_away(f: &Fixture, post: Post, expected: (u16, &str), what: &str) {
    let answer = f.send(post).await;

    let (status, code) = expected;
    assert_eq!((answer.status.as_u16(), answer.code()), (status, code), "{what}: {}", answer.body);
    assert_eq!(answer.header("content-type"), "application/problem+json", "{what}");
    assert_eq!((f.written().await, f.kept().await), ([0; 4], (0, 0)), "{what}");
    assert!(f.cpq.received_requests().await.unwrap().is_empty(), "{what}");
}

#[tokio::test]
async fn requests_without_a_usable_key_are_turned_away() {
    let f = Fixture::new().await;
    let missing = f.request("k").without("idempotency-key");
    assert_turned_away(&f, missing, (400, "IDEMPOTENCY_KEY_MISSING"), "missing").await;

    let long = "k".repeat(201);
    for key in ["", "\"\"", "\"unterminated", "a b", "a,b", "a;q=1", "ключ", long.as_str()] {
        let post = f.request(key);
        assert_turned_away(&f, post, (400, "IDEMPOTENCY_KEY_MALFORMED"), key).await;
    }
    let mut twice = f.request("k");
    twice.headers.append("idempotency-key", HeaderValue::from_static("k"));
    assert_turned_away(&f, twice, (400, "IDEMPOTENCY_KEY_MALFORMED"), "twice").await;
    f.finish().await;
}

#[tokio::test]
async fn bodies_that_are_not_the_reference_of_a_quote_are_turned_away() {
    let f = Fixture::new().await;
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let deep_field = format!(r#"{{"quoteId":{}1{},"revision":3}}"#, "[".repeat(65), "]".repeat(65));
    let long_id = json!({"quoteId": "x".repeat(129), "revision": 3}).to_string();
    for (body, code) in [
        ("", "BODY_NOT_JSON"),
        ("{", "BODY_NOT_JSON"),
        ("{} {}", "BODY_NOT_JSON"),
        ("\u{feff}{}", "BODY_NOT_JSON"),
        (deep.as_str(), "BODY_NOT_JSON"),
        (deep_field.as_str(), "BODY_NOT_JSON"),
        (r#"{"quoteId":"Q\u0000","revision":3}"#, "BODY_NOT_JSON"),
        (r#"{"quoteId":"Q\ud800","revision":3}"#, "BODY_NOT_JSON"),
        (r#"{"quoteId":"Q-1","quoteId":"Q-2","revision":3}"#, "BODY_NOT_JSON"),
        (r#"{"quoteId":"Q-1","revision":1e400}"#, "BODY_NOT_JSON"),
        ("null", "BODY_INVALID"),
        ("[]", "BODY_INVALID"),
        ("{}", "BODY_INVALID"),
        (r#"{"quoteId":"Q-1"}"#, "BODY_INVALID"),
        (r#"{"quoteId":1,"revision":3}"#, "BODY_INVALID"),
        (r#"{"quoteId":"","revision":3}"#, "BODY_INVALID"),
        (r#"{"quoteId":"a\nb","revision":3}"#, "BODY_INVALID"),
        (long_id.as_str(), "BODY_INVALID"),
        (r#"{"quoteId":"Q-1","revision":0}"#, "BODY_INVALID"),
        (r#"{"quoteId":"Q-1","revision":-1}"#, "BODY_INVALID"),
        (r#"{"quoteId":"Q-1","revision":3.0}"#, "BODY_INVALID"),
        (r#"{"quoteId":"Q-1","revision":"3"}"#, "BODY_INVALID"),
        (r#"{"quoteId":"Q-1","revision":2147483648}"#, "BODY_INVALID"),
        (r#"{"quoteId":"Q-1","revision":3,"price":1}"#, "FIELD_UNKNOWN"),
    ] {
        let post = f.request("k").body(body);
        assert_turned_away(&f, post, (400, code), &body.chars().take(60).collect::<String>()).await;
    }
    f.finish().await;
}

#[tokio::test]
async fn bytes_that_are_no_text_and_bodies_that_are_too_large_are_turned_away() {
    let f = Fixture::new().await;
    let invalid = f.request("k").body(*b"{\"quoteId\":\"\xc0\xaf\",\"revision\":3}");
    assert_turned_away(&f, invalid, (400, "BODY_NOT_JSON"), "overlong UTF-8").await;

    let padded = |length: usize| format!("{REFERENCE}{}", " ".repeat(length - REFERENCE.len()));
    let large = f.request("k").body(padded(256 * 1024 + 1));
    assert_turned_away(&f, large, (413, "BODY_TOO_LARGE"), "one byte too many").await;

    let largest = f.send(f.request("k").body(padded(256 * 1024))).await;
    assert_eq!(largest.status, StatusCode::CREATED);
    f.finish().await;
}

#[tokio::test]
async fn other_content_types_are_turned_away() {
    let f = Fixture::new().await;
    let none = f.request("k").without("content-type");
    assert_turned_away(&f, none, (415, "CONTENT_TYPE_UNSUPPORTED"), "none").await;
    for content_type in [
        "text/plain",
        "application/json; charset=latin1",
        "application/x-www-form-urlencoded",
        "application/problem+json",
    ] {
        let post = f.request("k").header("content-type", content_type);
        assert_turned_away(&f, post, (415, "CONTENT_TYPE_UNSUPPORTED"), content_type).await;
    }
    f.finish().await;
}

#[tokio::test]
async fn callers_without_a_token_for_us_are_turned_away() {
    let f = Fixture::new().await;
    let anonymous = f.request("k").without("authorization");
    assert_turned_away(&f, anonymous, (401, "TOKEN_MISSING"), "no token").await;

    let expired = f.issuer.token(|_, claims| claims["exp"] = json!(1));
    let elsewhere = f.issuer.token(|_, claims| claims["aud"] = json!("another-api"));
    let stranger = f.issuer.token(|_, claims| claims["iss"] = json!("https://elsewhere"));
    let no_tenant = f.issuer.token(|_, claims| claims["tenant"] = json!(""));
    let unsigned = f.issuer.token(|header, _| header["alg"] = json!("none"));
    let stripped = unsigned.rsplit_once('.').map(|(input, _)| format!("{input}.")).unwrap();
    for token in [&expired, &elsewhere, &stranger, &no_tenant, &unsigned, &stripped, "x.y.z"] {
        let post = f.request("k").header("authorization", &format!("Bearer {token}"));
        assert_turned_away(&f, post, (401, "TOKEN_INVALID"), token).await;
    }
    f.finish().await;
}

#[tokio::test]
async fn a_token_without_the_scope_is_forbidden_before_anything_is_read() {
    let f = Fixture::new().await;
    for scope in ["", "orders:read", "orders", "orders:write-all"] {
        let token = f.issuer.token(|_, claims| claims["scope"] = json!(scope));
        let post = f.request("k").header("authorization", &format!("Bearer {token}")).body("{");
        assert_turned_away(&f, post, (403, "SCOPE_MISSING"), scope).await;
    }
    f.finish().await;
}
