//! Who may ask, and what strangers are told.

use http::StatusCode;
use serde_json::json;
use test_support::tenant;

use super::fixture::Fixture;

#[tokio::test]
async fn another_tenants_order_looks_like_one_that_does_not_exist() {
    let f = Fixture::new().await;
    let order = f.order().await;
    let unknown = "01990000-0000-7000-8000-000000000000";

    let own = f.get(&format!("/orders/{order}")).await;
    let others = f.get_for("globex", &format!("/orders/{order}")).await;
    let nobodys = f.get(&format!("/orders/{unknown}")).await;

    assert_eq!(own.status, StatusCode::OK);
    for answer in [&others, &nobodys] {
        assert_eq!((answer.status, answer.code()), (StatusCode::NOT_FOUND, "NOT_FOUND"));
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert!(answer.headers.get("etag").is_none());
    }
    let without_request = |body: &serde_json::Value| {
        let mut body = body.clone();
        for field in ["instance", "correlationId"] {
            body.as_object_mut().unwrap().remove(field);
        }
        body
    };
    assert_eq!(without_request(&others.body), without_request(&nobodys.body));
    f.finish().await;
}

#[tokio::test]
async fn a_list_holds_the_orders_of_the_callers_tenant_only() {
    let f = Fixture::new().await;
    let ours = f.orders(&tenant(), 2).await;
    let theirs = f.orders(&"globex".parse().unwrap(), 1).await;

    let acme = f.get("/orders").await;
    let globex = f.get_for("globex", "/orders").await;
    let nobody = f.get_for("initech", "/orders").await;

    assert_eq!(acme.order_ids(), super::fixture::newest_first(&ours));
    assert_eq!(globex.order_ids(), super::fixture::newest_first(&theirs));
    assert_eq!(nobody.order_ids(), Vec::<String>::new());
    f.finish().await;
}

#[tokio::test]
async fn what_is_no_order_id_is_not_found() {
    let f = Fixture::new().await;
    for path in [
        "/orders/ORD-0000000000",
        "/orders/1",
        "/orders/%00",
        "/orders/%ff",
        "/orders/..%2f..%2fetc",
        "/orders/from-quote",
        "/orders/",
        "/order",
        "/",
    ] {
        let answer = f.get(path).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::NOT_FOUND, "NOT_FOUND"), "{path}");
    }
    f.finish().await;
}

#[tokio::test]
async fn callers_without_token_or_scope_learn_nothing() {
    let f = Fixture::new().await;
    let order = f.order().await;
    let before = f.store.cost();
    let expired = f.token(|claims| claims["exp"] = json!(1));
    let elsewhere = f.token(|claims| claims["aud"] = json!("another-api"));
    let writer = f.token(|claims| claims["scope"] = json!("orders:write"));

    let lists = ["/orders", "/fallout-cases", "/fallout-signatures"].map(str::to_owned);
    for path in lists.into_iter().chain([format!("/orders/{order}")]) {
        for (token, status, code) in [
            (None, StatusCode::UNAUTHORIZED, "TOKEN_MISSING"),
            (Some(expired.as_str()), StatusCode::UNAUTHORIZED, "TOKEN_INVALID"),
            (Some(elsewhere.as_str()), StatusCode::UNAUTHORIZED, "TOKEN_INVALID"),
            (Some(writer.as_str()), StatusCode::FORBIDDEN, "SCOPE_MISSING"),
        ] {
            let answer = f.get_as(&path, token).await;
            assert_eq!((answer.status, answer.code()), (status, code), "{path}");
        }
    }
    assert_eq!(f.store.cost(), before, "the database was not asked");
    f.finish().await;
}
