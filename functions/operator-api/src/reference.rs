//! What this API is, for programs (`GET /openapi.json`) and for people (`GET /reference`).
//!
//! Both are made from code by a test and linked in as text, so that a start pays nothing for them.
//! They need no token: they say what the API is and nothing about any tenant, and who has to get a
//! token first must be able to read which one.

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};

pub(crate) const DOCUMENT: &str = include_str!("../../../docs/openapi/operator-api.json");
pub(crate) const PAGE: &str = include_str!("../../../docs/openapi/reference.html");
/// The page's own style and nothing else: no script, no other host, no frame.
pub(crate) const POLICY: &str = "default-src 'none'; \
    style-src 'sha256-LiIsA0WXXyth6TQV0ZPjawPdJBgWA9WpGceLTxCQ9rM='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Longer than a reader needs, shorter than a deployment is noticed.
const CACHED: &str = "public, max-age=300";

/// The two routes, which nobody authenticates for.
pub(crate) fn routes() -> Router {
    Router::new().route("/openapi.json", get(document)).route("/reference", get(page))
}

async fn document() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, CACHED)], DOCUMENT)
}

async fn page() -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CACHE_CONTROL, HeaderValue::from_static(CACHED)),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    ];
    (headers, PAGE)
}
