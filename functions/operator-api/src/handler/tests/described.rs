//! What the router answers is what the description says: every answer of every test is compared.

use std::sync::{Arc, LazyLock};

use api_description::{Answer, Conformance, routes_of};
use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::fixture::{Answered, Fixture};
use crate::description::api;
use crate::description::tests::described;
use crate::reference::{DOCUMENT, PAGE, POLICY};
use crate::routes::router;

static CONFORMANCE: LazyLock<Conformance> = LazyLock::new(|| Conformance::new(api().document()));

pub(super) fn assert_as_described(method: &str, path: &str, answered: &Answered) {
    let (status, headers, body) = (answered.status, &answered.headers, &answered.body);
    let answer = Answer { method, path, status, headers, body };
    CONFORMANCE.check(answer).expect("as docs/openapi says");
}

#[tokio::test]
async fn every_route_is_described_and_nothing_else() {
    let f = Fixture::new().await;

    assert_eq!(routes_of(&router(Arc::clone(f.deps()))).await, described());
    f.finish().await;
}

#[tokio::test]
async fn the_reference_is_served_to_anybody_and_nothing_else_is() {
    let f = Fixture::new().await;
    for (path, content_type, text) in [
        ("/openapi.json", "application/json", DOCUMENT),
        ("/reference", "text/html; charset=utf-8", PAGE),
    ] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = router(Arc::clone(f.deps())).oneshot(request).await.unwrap();

        assert_eq!(
            (answer.status(), &answer.headers()["content-type"]),
            (StatusCode::OK, &content_type.parse().unwrap())
        );
        assert_eq!(answer.headers()["cache-control"], "public, max-age=300");
        let policy = if path == "/reference" {
            POLICY
        } else {
            "default-src 'none'; frame-ancestors 'none'"
        };
        assert_eq!(answer.headers()["content-security-policy"], policy);
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), text.as_bytes());
    }
    for path in ["/orders", "/incidents"] {
        assert_eq!(f.get_as(path, None).await.code(), "TOKEN_MISSING");
    }
    f.finish().await;
}
