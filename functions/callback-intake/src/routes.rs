//! The one route, the same under Lambda, in a local binary and in tests.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::routing::post;
use external_systems::callback::MAX_CALLBACK_BYTES;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use lambda_support::edge::with_edge_layers;
use lambda_support::json_body::read;
use lambda_support::problem::Problem;
use tracing::Instrument;

use crate::handler::{Deps, Incoming, accept};
use crate::sender::Sender;

/// The router of this function.
pub fn router(deps: Arc<Deps>) -> Router {
    let routes = Router::new().route("/callbacks/{tenantId}/{system}", post(callback));
    with_edge_layers(routes.with_state(deps))
}

async fn callback(
    State(deps): State<Arc<Deps>>,
    path: Result<Path<(String, String)>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Problem> {
    let span = tracing::info_span!(
        "callback",
        tenant.id = tracing::field::Empty,
        target_system = tracing::field::Empty,
        message.id = tracing::field::Empty,
    );
    async {
        // The size is checked first: whoever it is, more is not read.
        let body = read(body, MAX_CALLBACK_BYTES).await?;
        let sender = path.ok().and_then(|Path((tenant, system))| Sender::parse(&tenant, &system));
        let incoming = Incoming { sender, headers: &headers, body: &body };
        accept(&deps, &incoming, Timestamp::now()).await?;
        Ok(StatusCode::ACCEPTED)
    }
    .instrument(span)
    .await
}
