//! What a caller is told, now and whenever the request is repeated.
//!
//! Status and body are stored under the key; the headers are made from them, so that a replay is
//! the same answer. Problems are therefore named (instance, correlation id) before they are stored:
//! a repeat shows the correlation id under which the decision was made.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, ETAG, LOCATION};
use http::{HeaderValue, StatusCode};
use lambda_support::problem::{CONTENT_TYPE_PROBLEM, Problem};
use order_domain::ids::{CorrelationId, OrderId};
use order_domain::order::OrderStatus;
use order_store::commands::OrderDraft;
use serde::Serialize;
use serde_json::{Value, json};

use crate::problem::Refusal;

/// A final answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
}

impl Answer {
    /// The order was created.
    pub(crate) fn created(draft: &OrderDraft) -> Self {
        let order = CreatedOrder {
            order_id: draft.order_id,
            order_number: draft.order_number.clone(),
            status: OrderStatus::Created,
            version: 1,
            correlation_id: draft.correlation_id,
            links: OrderLinks::to(draft.order_id),
        };
        Self { status: StatusCode::CREATED, body: serde_json::to_value(order).unwrap_or_default() }
    }

    /// A business "no".
    pub(crate) fn refused(refusal: Refusal, path: &str, correlation_id: CorrelationId) -> Self {
        let status = refusal.problem.status();
        let problem = refusal.problem.with_request(path, correlation_id);
        let mut body = serde_json::to_value(problem).unwrap_or_default();
        if let Some(order_id) = refusal.order_id {
            body["orderId"] = json!(order_id);
            body["links"] = json!(OrderLinks::to(order_id));
        }
        Self { status, body }
    }

    /// What was answered before under the same key.
    pub(crate) fn replayed(status: u16, body: Value) -> Result<Self, Problem> {
        let status = StatusCode::from_u16(status).map_err(|_corrupt| {
            tracing::error!(http.status = status, "a stored answer has no HTTP status");
            Problem::internal()
        })?;
        Ok(Self { status, body })
    }

    /// The order that the answer is about.
    pub(crate) fn order_id(&self) -> Option<&str> {
        self.body["orderId"].as_str()
    }
}

/// The order that was made.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatedOrder {
    /// The order.
    order_id: OrderId,
    /// What people call it.
    order_number: String,
    /// Where it is.
    status: OrderStatus,
    /// Its version.
    version: i64,
    /// Leads through every log and every system.
    correlation_id: CorrelationId,
    links: OrderLinks,
}

/// Paths below the API's base URL.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct OrderLinks {
    order: String,
}

impl OrderLinks {
    fn to(order_id: OrderId) -> Self {
        Self { order: format!("/orders/{order_id}") }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut headers = Vec::new();
        if self.status == StatusCode::CREATED {
            // Relative to this request, so that it is right behind any stage or base path.
            let location = self.order_id().map(|id| format!("../orders/{id}"));
            headers.push((LOCATION, location.unwrap_or_default()));
            headers.push((ETAG, format!("\"{}\"", self.body["version"])));
        }
        let is_problem = self.status.is_client_error();
        let mut response = (self.status, Json(self.body)).into_response();
        for (name, text) in headers {
            if let Ok(value) = HeaderValue::from_str(&text) {
                response.headers_mut().insert(name, value);
            }
        }
        if is_problem {
            let content_type = HeaderValue::from_static(CONTENT_TYPE_PROBLEM);
            response.headers_mut().insert(CONTENT_TYPE, content_type);
        }
        response
    }
}
