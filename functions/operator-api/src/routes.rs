//! The routes, the same under Lambda, in a local binary and in tests.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::HeaderMap;
use http::header::ACCEPT;
use lambda_support::auth::authenticated;
use lambda_support::caller::{Caller, Role};
use lambda_support::edge::with_edge_layers;
use lambda_support::idempotency_key::IdempotencyKey;
use lambda_support::json_body::JsonBody;
use lambda_support::problem::Problem;
use order_domain::explanation::to_text;
use order_domain::ids::{FalloutCaseId, IncidentId, OrderId};
use order_store::commands::IncidentResolved;
use tracing::Instrument;

use crate::bulk_actions;
use crate::case_actions::{self, Asked, Target};
use crate::catalogues;
use crate::handler::{Deps, explain, list, show, show_case};
use crate::incidents::{self, IncidentList, ListIncidents};
use crate::parameters::{Parameters, SCOPE, decoded};
use crate::problem::not_found;
use crate::reference;
use crate::requests::ListOrders;
use crate::responses::{CaseDocument, OrderDocument, OrderList};
use crate::target_systems;
use crate::worklist;

/// The router of this function.
pub fn router(deps: Arc<Deps>) -> Router {
    let verifier = Arc::clone(&deps.verifier);
    let routes = Router::new()
        .route("/orders", get(list_orders))
        .route("/orders/{orderId}", get(get_order))
        .route("/orders/{orderId}/explain", get(explain_order))
        .route("/orders/{orderId}/actions/{action}", post(act_on_order))
        .route("/orders/{orderId}/fallout-cases/{caseId}", get(get_case))
        .route("/orders/{orderId}/fallout-cases/{caseId}/actions/{action}", post(act_on_case))
        .route("/fallout-cases", get(worklist::get_cases))
        .route("/fallout-signatures", get(worklist::get_signatures))
        .route("/bulk-actions", get(bulk_actions::list).post(bulk_actions::prepare))
        .route("/bulk-actions/{bulkActionId}", get(bulk_actions::show))
        .route("/bulk-actions/{bulkActionId}/items", get(bulk_actions::items))
        .route("/bulk-actions/{bulkActionId}/{command}", post(bulk_actions::command))
        .route("/incidents", get(get_incidents))
        .route("/incidents/{incidentId}/resolve", post(resolve_incident))
        .route("/catalogues", get(catalogues::get_catalogues).post(catalogues::post_catalogue))
        .route("/catalogues/current", get(catalogues::get_current))
        .route("/catalogues/{version}", get(catalogues::get_version))
        .route("/target-systems", get(target_systems::get_systems))
        .route("/target-systems/{system}/hold", post(target_systems::hold))
        .route("/target-systems/{system}/release", post(target_systems::release))
        .with_state(deps);
    with_edge_layers(authenticated(routes, verifier).merge(reference::routes()))
}

async fn list_orders(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    query: Parameters,
) -> Result<Json<OrderList>, Problem> {
    let span = tracing::info_span!("list_orders", tenant.id = caller.tenant.as_str());
    async {
        caller.require_scope(SCOPE)?;
        let parameters = decoded(query)?;
        let request = ListOrders::parse(&parameters)?;
        list(&deps, &caller, &request).await.map(Json)
    }
    .instrument(span)
    .await
}

async fn get_order(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Result<OrderDocument, Problem> {
    let span = tracing::info_span!(
        "get_order",
        tenant.id = caller.tenant.as_str(),
        order.id = tracing::field::Empty,
    );
    async {
        caller.require_scope(SCOPE)?;
        let order_id = order_of(path)?;
        show(&deps, &caller, order_id).await
    }
    .instrument(span)
    .await
}

/// The order that a path names, noted in the span.
fn order_of(path: Result<Path<String>, PathRejection>) -> Result<OrderId, Problem> {
    // What cannot be an order's id is no order's id.
    let order_id = path.ok().and_then(|Path(id)| id.parse::<OrderId>().ok());
    let order_id = order_id.ok_or_else(not_found)?;
    tracing::Span::current().record("order.id", tracing::field::display(order_id));
    Ok(order_id)
}

/// JSON, or plain sentences for whoever prefers `text/plain`.
async fn explain_order(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let span = tracing::info_span!(
        "explain_order",
        tenant.id = caller.tenant.as_str(),
        order.id = tracing::field::Empty,
    );
    async {
        caller.require_scope(SCOPE)?;
        let order_id = order_of(path)?;
        let explanation = explain(&deps, &caller, order_id).await?;
        Ok(match prefers_text(&headers) {
            true => to_text(&explanation).into_response(),
            false => Json(explanation).into_response(),
        })
    }
    .instrument(span)
    .await
}

/// The first of the two types that `Accept` names; JSON where it names neither.
fn prefers_text(headers: &HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT).and_then(|x| x.to_str().ok()).unwrap_or_default();
    let mut types = accepted.split(',').map(|x| x.split(';').next().unwrap_or_default().trim());
    types.find(|x| matches!(*x, "text/plain" | "application/json")) == Some("text/plain")
}

async fn get_case(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<CaseDocument, Problem> {
    let span = tracing::info_span!(
        "get_fallout_case",
        tenant.id = caller.tenant.as_str(),
        order.id = tracing::field::Empty,
    );
    async {
        caller.require_scope(SCOPE)?;
        // A case is people's work: a program that only follows orders has no business with it.
        caller.require_any_role(Role::ALL)?;
        let named = path.ok().and_then(|Path((order, case))| {
            Some((order.parse::<OrderId>().ok()?, case.parse::<FalloutCaseId>().ok()?))
        });
        let named = named.ok_or_else(not_found)?;
        tracing::Span::current().record("order.id", tracing::field::display(named.0));
        show_case(&deps, &caller, named).await
    }
    .instrument(span)
    .await
}

async fn act_on_case(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    path: Result<Path<(String, String, String)>, PathRejection>,
    query: Parameters,
    request: Request,
) -> Result<Response, Problem> {
    let target =
        path.map_err(|_undecodable| not_found()).and_then(|Path((order, case, action))| {
            case_actions::target((&order, Some(&case), &action))
        });
    act(&deps, &caller, target, (query, request)).await
}

async fn act_on_order(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    path: Result<Path<(String, String)>, PathRejection>,
    query: Parameters,
    request: Request,
) -> Result<Response, Problem> {
    let target = path
        .map_err(|_undecodable| not_found())
        .and_then(|Path((order, action))| case_actions::target((&order, None, &action)));
    act(&deps, &caller, target, (query, request)).await
}

async fn act(
    deps: &Deps,
    caller: &Caller,
    target: Result<Target, Problem>,
    (query, request): (Parameters, Request),
) -> Result<Response, Problem> {
    let span = tracing::info_span!(
        "act",
        tenant.id = caller.tenant.as_str(),
        order.id = tracing::field::Empty,
        action = tracing::field::Empty,
    );
    async {
        caller.require_scope(case_actions::SCOPE)?;
        let target = target?;
        let span = tracing::Span::current();
        span.record("order.id", tracing::field::display(target.0));
        span.record("action", tracing::field::display(target.2));
        let parameters = decoded(query)?;
        let asked = Asked::parse(&parameters, request.headers())?;
        let JsonBody(body) = JsonBody::from_request(request, &()).await?;
        let document = case_actions::act(deps, caller, target, (asked, body)).await?;
        let tag = document.tag();
        let mut response = Json(document).into_response();
        response.headers_mut().extend(tag);
        Ok(response)
    }
    .instrument(span)
    .await
}

async fn get_incidents(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    query: Parameters,
) -> Result<Json<IncidentList>, Problem> {
    let span = tracing::info_span!("list_incidents", tenant.id = caller.tenant.as_str());
    async {
        incidents::allow(&caller, incidents::SCOPE_READ)?;
        let parameters = decoded(query)?;
        let request = ListIncidents::parse(&parameters)?;
        incidents::list(&deps, &caller, &request).await.map(Json)
    }
    .instrument(span)
    .await
}

async fn resolve_incident(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Json<IncidentResolved>, Problem> {
    let span = tracing::info_span!(
        "resolve_incident",
        tenant.id = caller.tenant.as_str(),
        incident.id = tracing::field::Empty,
    );
    async {
        incidents::allow(&caller, incidents::SCOPE_WRITE)?;
        let incident_id = path.ok().and_then(|Path(id)| id.parse::<IncidentId>().ok());
        let incident_id = incident_id.ok_or_else(not_found)?;
        tracing::Span::current().record("incident.id", tracing::field::display(incident_id));
        let key = IdempotencyKey::from_headers(request.headers())?;
        let JsonBody(body) = JsonBody::from_request(request, &()).await?;
        let resolved = incidents::resolve(&deps, &caller, &key, (incident_id, body)).await?;
        tracing::info!(released = resolved.released_step_count, "incident resolved");
        Ok(Json(resolved))
    }
    .instrument(span)
    .await
}
