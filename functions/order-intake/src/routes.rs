//! The one route, the same under Lambda, in a local binary and in tests.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequest, Request, State};
use axum::routing::post;
use lambda_support::auth::authenticated;
use lambda_support::caller::Caller;
use lambda_support::correlation::{TraceParent, new_correlation_id};
use lambda_support::edge::with_edge_layers;
use lambda_support::idempotency_key::IdempotencyKey;
use lambda_support::json_body::JsonBody;
use lambda_support::problem::Problem;
use order_domain::ids::CorrelationId;
use tracing::Instrument;

use crate::answer::Answer;
use crate::deps::Deps;
use crate::handler::{Intake, place_order};

/// What a token must be issued for.
pub const SCOPE: &str = "orders:write";

/// The router of this function.
pub fn router(deps: Arc<Deps>) -> Router {
    let verifier = Arc::clone(&deps.verifier);
    let routes = Router::new().route("/orders/from-quote", post(from_quote)).with_state(deps);
    with_edge_layers(authenticated(routes, verifier))
}

async fn from_quote(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    request: Request,
) -> Result<Answer, Problem> {
    let span = tracing::info_span!(
        "place_order",
        tenant.id = caller.tenant.as_str(),
        order.id = tracing::field::Empty,
    );
    async {
        let intake = parse(caller, request).await?;
        let answer = place_order(&deps, &intake).await?;
        if let Some(order_id) = answer.order_id() {
            tracing::Span::current().record("order.id", order_id);
        }
        tracing::info!(http.status = answer.status.as_u16(), "quote answered");
        Ok(answer)
    }
    .instrument(span)
    .await
}

/// Who may ask comes first, then how, then what: nothing is read for somebody without the scope.
async fn parse(caller: Caller, request: Request) -> Result<Intake, Problem> {
    caller.require_scope(SCOPE)?;
    let key = IdempotencyKey::from_headers(request.headers())?;
    let correlation_id = request.extensions().get::<CorrelationId>().copied();
    let trace_parent = request.extensions().get::<Option<TraceParent>>().cloned().flatten();
    let path = request.uri().path().to_owned();
    let JsonBody(quote) = JsonBody::from_request(request, &()).await?;
    let correlation_id = correlation_id.unwrap_or_else(new_correlation_id);
    Ok(Intake { caller, key, quote, correlation_id, trace_parent, path })
}
