//! What every HTTP function does around its routes, and how a router is served under Lambda.
//!
//! [`with_edge_layers`] gives each request a correlation id and a span, names the request in every
//! problem, answers unknown paths and methods with problems, and adds security headers.
//! [`serve`] runs the same router that tests and a local binary call.

use std::time::Instant;

use ::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use ::http::{HeaderMap, HeaderValue};
use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use crate::correlation::{CORRELATION_HEADER, TraceParent, correlation_id_of};
use crate::problem::{Problem, ProblemCode};

pub use rest_api::{rest_api_service, serve};

mod rest_api;

/// Wraps the routes of a function; handlers find `CorrelationId` and `Option<TraceParent>` in the
/// request's extensions.
pub fn with_edge_layers(routes: Router) -> Router {
    routes
        .fallback(|| async { Problem::new(ProblemCode::NotFound) })
        .method_not_allowed_fallback(|| async { Problem::new(ProblemCode::MethodNotAllowed) })
        .layer(from_fn(around_request))
}

async fn around_request(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let correlation_id = correlation_id_of(request.headers());
    let path = request.uri().path().to_owned();
    let span = tracing::info_span!(
        "request",
        http.method = %request.method(),
        correlation_id = %correlation_id,
    );
    let trace_parent = TraceParent::from_headers(request.headers());
    request.extensions_mut().insert(correlation_id);
    request.extensions_mut().insert(trace_parent);

    let mut response = next.run(request).instrument(span.clone()).await;

    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        response = named(response, problem.with_request(&path, correlation_id));
    }
    let headers = response.headers_mut();
    add_security_headers(headers);
    if let Ok(value) = HeaderValue::from_str(&correlation_id.to_string()) {
        headers.insert(CORRELATION_HEADER, value);
    }
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    span.in_scope(|| {
        tracing::info!(http.status = response.status().as_u16(), duration_ms, "request answered")
    });
    response
}

/// The same response with a body that names the request; headers set on the way out are kept.
fn named(response: Response, problem: Problem) -> Response {
    let headers = response.headers().clone();
    let mut renamed = problem.into_response();
    let content_length = ::http::header::CONTENT_LENGTH;
    for (name, value) in &headers {
        if *name != content_length {
            renamed.headers_mut().insert(name, value.clone());
        }
    }
    renamed
}

/// Answers are for the caller alone and are data, never documents that a browser runs; a handler
/// that answers something else says so in these headers.
fn add_security_headers(headers: &mut HeaderMap) {
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let policy = "default-src 'none'; frame-ancestors 'none'";
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(policy));
    let one_year = "max-age=31536000; includeSubDomains";
    headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(one_year));
}

#[cfg(test)]
mod tests;
