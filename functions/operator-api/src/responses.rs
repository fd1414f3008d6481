//! The documents of this API; links are paths below the API's base URL.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::ETAG;
use order_store::read_model::{
    CaseDetail, LastExternalReference, OrderSummary, OrderView, WaitingSystem,
};
use serde::Serialize;

/// `GET /orders`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrderList {
    pub(crate) orders: Vec<ListedOrder>,
    pub(crate) links: ListLinks,
}

/// One order of the list.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListedOrder {
    #[serde(flatten)]
    order: OrderSummary,
    links: OrderLinks,
}

/// Where the list goes on.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ListLinks {
    /// Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct OrderLinks {
    order: String,
}

/// `GET /orders/{orderId}`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrderDocument {
    #[serde(flatten)]
    order: OrderView,
    waiting_for: Vec<WaitingSystem>,
    last_external_reference: Option<LastExternalReference>,
    links: OrderLinks,
}

impl From<OrderSummary> for ListedOrder {
    fn from(order: OrderSummary) -> Self {
        Self { links: OrderLinks { order: format!("/orders/{}", order.order_id) }, order }
    }
}

impl From<OrderView> for OrderDocument {
    fn from(order: OrderView) -> Self {
        Self {
            waiting_for: order.waiting_for(),
            last_external_reference: order.last_external_reference(),
            links: OrderLinks { order: format!("/orders/{}", order.order_id) },
            order,
        }
    }
}

/// `GET /orders/{orderId}/fallout-cases/{caseId}`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct CaseDocument {
    #[serde(flatten)]
    case: CaseDetail,
    /// Notes, evidence and what was handed in are left out: the caller may see no customer data.
    is_redacted: bool,
    links: CaseLinks,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct CaseLinks {
    order: String,
    explain: String,
    /// Followed by the name of an action.
    actions: String,
}

impl CaseDocument {
    /// The case, with its words or without them.
    pub(crate) fn new(case: CaseDetail, is_redacted: bool) -> Self {
        let case = if is_redacted { case.without_words() } else { case };
        let order = format!("/orders/{}", case.order_id);
        let links = CaseLinks {
            explain: format!("{order}/explain"),
            actions: format!("{order}/fallout-cases/{}/actions/", case.fallout_case_id),
            order,
        };
        Self { case, is_redacted, links }
    }
}

impl IntoResponse for CaseDocument {
    /// The tag is the case's version, for `If-Match` on its actions.
    fn into_response(self) -> Response {
        let version = self.case.version;
        tagged(version, Json(self))
    }
}

impl IntoResponse for OrderDocument {
    /// The tag is the order's version, for `If-Match` on commands; steps move without changing it,
    /// so it does not say that a copy of this document is still good.
    fn into_response(self) -> Response {
        let version = self.order.version;
        tagged(version, Json(self))
    }
}

/// The answer with its version as `ETag`.
pub(crate) fn tagged(version: i64, body: impl IntoResponse) -> Response {
    let mut response = body.into_response();
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}
