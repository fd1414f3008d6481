//! Bulk actions: one action on every open case that fits, prepared, tried, let go and followed (§20).
//!
//! Safe to run twice: answers, refused ones too, are kept under the caller's `Idempotency-Key`. What is
//! carried out is carried out by `bulk-recovery`; here people prepare, decide and look.

mod document;
mod request;

pub(crate) use document::{BulkActionDocument, BulkActionList, BulkItemList, PreparedDocument};
pub(crate) use request::{MoveRequest, PrepareRequest};

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, Path, Request, State};
use axum::response::{IntoResponse, Response};
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use jiff::Timestamp;
use lambda_support::caller::{Caller, Role};
use lambda_support::clock;
use lambda_support::cursor::{CursorScope, Position};
use lambda_support::idempotency_key::IdempotencyKey;
use lambda_support::json_body::JsonBody;
use lambda_support::list_parameters::{DEFAULT_LIMIT, Spelling, each_once, invalid, limit};
use lambda_support::problem::{Problem, ProblemCode};
use order_domain::bulk::{BulkCommand, BulkItemStatus, BulkRefusal};
use order_domain::ids::BulkActionId;
use order_store::commands::{BulkMoved, BulkOutcome, move_bulk_action, prepare_bulk_action};
use order_store::read_model::{BulkPosition, find_bulk_action, list_bulk_actions, list_bulk_items};
use tracing::Instrument;

use crate::case_actions::SCOPE as SCOPE_WRITE;
use crate::handler::{Deps, begin, context_of};
use crate::parameters::{Parameters, SCOPE, decoded};
use crate::preconditions::version_of;
use crate::problem::not_found;
use crate::responses::ListLinks;

const LIST: &str = "oms/bulk-actions/cursor/v1";
const ITEMS: &str = "oms/bulk-action-items/cursor/v1";

/// Whoever reads notes and reasons is a person.
fn may_read(caller: &Caller) -> Result<(), Problem> {
    caller.require_scope(SCOPE)?;
    caller.require_any_role(Role::ALL)
}

/// The bulk action that a path names; what cannot be an id is none.
fn named(id: &str) -> Result<BulkActionId, Problem> {
    id.parse().map_err(|_no_id| not_found())
}

pub(crate) async fn prepare(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let span = tracing::info_span!("prepare_bulk_action", tenant.id = caller.tenant.as_str());
    async {
        caller.require_scope(SCOPE_WRITE)?;
        let key = IdempotencyKey::from_headers(request.headers())?;
        let JsonBody(body) = JsonBody::<PrepareRequest>::from_request(request, &()).await?;
        let asked = body.into_command(&caller.subject, clock::system()())?;
        let tx = begin(&deps, &caller).await?;
        let outcome = prepare_bulk_action(tx, &context_of(&caller, Some(&key)), &asked).await;
        let prepared = done(outcome.map_err(|error| Problem::of_store(&error))?)?;
        tracing::info!(bulk_action.id = %prepared.bulk_action_id, cases = prepared.item_count, "prepared");
        let document = PreparedDocument::from(prepared);
        let location = HeaderValue::from_str(&document.links.bulk_action).ok();
        let mut response = (StatusCode::CREATED, Json(document)).into_response();
        response.headers_mut().extend(location.map(|x| (LOCATION, x)));
        Ok(response)
    }
    .instrument(span)
    .await
}

pub(crate) async fn command(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Result<Json<BulkMoved>, Problem> {
    let span = tracing::info_span!(
        "move_bulk_action",
        tenant.id = caller.tenant.as_str(),
        bulk_action.id = tracing::field::Empty,
    );
    async {
        caller.require_scope(SCOPE_WRITE)?;
        let Path((id, command)) = path.map_err(|_undecodable| not_found())?;
        let (id, command) = (named(&id)?, command.parse::<BulkCommand>());
        let command = command.map_err(|_unknown| not_found())?;
        tracing::Span::current().record("bulk_action.id", tracing::field::display(id));
        let key = IdempotencyKey::from_headers(request.headers())?;
        let version = version_of(request.headers())?;
        let JsonBody(body) = JsonBody::<MoveRequest>::from_request(request, &()).await?;
        let asked = body.into_command(&caller.subject, (id, command, version))?;
        let tx = begin(&deps, &caller).await?;
        let ctx = context_of(&caller, Some(&key));
        let outcome = move_bulk_action(tx, &ctx, &asked).await;
        done(outcome.map_err(|error| Problem::of_store(&error))?).map(Json)
    }
    .instrument(span)
    .await
}

fn done<T>(outcome: BulkOutcome<T>) -> Result<T, Problem> {
    match outcome {
        BulkOutcome::Done(done) => Ok(done),
        BulkOutcome::Refused(refusal) => {
            Err(Problem::business(status_of(refusal), refusal.code(), TITLE)
                .with_detail(refusal.to_string()))
        }
        BulkOutcome::KeyReused => Err(Problem::new(ProblemCode::IdempotencyKeyReused)),
        BulkOutcome::NotFound => Err(not_found()),
        BulkOutcome::Busy => Err(Problem::unavailable()),
    }
}

pub(crate) const TITLE: &str = "The bulk action is refused.";

pub(crate) const fn status_of(refusal: BulkRefusal) -> StatusCode {
    match refusal {
        BulkRefusal::RoleNotAllowed | BulkRefusal::ApproverMustDiffer => StatusCode::FORBIDDEN,
        BulkRefusal::VersionConflict => StatusCode::PRECONDITION_FAILED,
        BulkRefusal::NotPossibleInStatus => StatusCode::CONFLICT,
        BulkRefusal::ActionNotForMany
        | BulkRefusal::SelectsNothing
        | BulkRefusal::SelectsTooMany => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

pub(crate) async fn show(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Result<BulkActionDocument, Problem> {
    let span = tracing::info_span!("get_bulk_action", tenant.id = caller.tenant.as_str());
    async {
        may_read(&caller)?;
        let Path(id) = path.map_err(|_undecodable| not_found())?;
        let tx = begin(&deps, &caller).await?;
        let found = find_bulk_action(tx, named(&id)?).await;
        let found = found.map_err(|error| Problem::of_store(&error))?;
        found.map(BulkActionDocument::from).ok_or_else(not_found)
    }
    .instrument(span)
    .await
}

pub(crate) async fn list(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    query: Parameters,
) -> Result<Json<BulkActionList>, Problem> {
    let span = tracing::info_span!("list_bulk_actions", tenant.id = caller.tenant.as_str());
    async {
        may_read(&caller)?;
        let parameters = decoded(query)?;
        each_once(&parameters)?;
        let (mut at_most, mut cursor) = (DEFAULT_LIMIT, None);
        for (name, value) in &parameters {
            match name.as_str() {
                "limit" => at_most = limit(value)?,
                "cursor" => cursor = Some(value.as_str()),
                _ => return Err(invalid("query", "known are limit and cursor")),
            }
        }
        let scope = CursorScope { list: LIST, tenant: &caller.tenant, filter: "" };
        let after = deps.cursors.position(scope, cursor).await?.map(|x| BulkPosition {
            created_at: x.at,
            bulk_action_id: BulkActionId::from_uuid(x.id),
        });
        let tx = begin(&deps, &caller).await?;
        let page = list_bulk_actions(tx, (after, at_most)).await;
        let (bulk_actions, next) = page.map_err(|error| Problem::of_store(&error))?;
        let last = next.map(|x| Position { at: x.created_at, id: x.bulk_action_id.as_uuid() });
        let link = |cursor| format!("/bulk-actions?limit={at_most}&cursor={cursor}");
        let next = deps.cursors.next(scope, last).await?.map(link);
        Ok(Json(BulkActionList { bulk_actions, links: ListLinks { next } }))
    }
    .instrument(span)
    .await
}

pub(crate) async fn items(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
    query: Parameters,
) -> Result<Json<BulkItemList>, Problem> {
    let span = tracing::info_span!("list_bulk_items", tenant.id = caller.tenant.as_str());
    async {
        may_read(&caller)?;
        let Path(id) = path.map_err(|_undecodable| not_found())?;
        let id = named(&id)?;
        let parameters = decoded(query)?;
        each_once(&parameters)?;
        let (mut at_most, mut cursor, mut status) = (DEFAULT_LIMIT, None, None);
        for (name, value) in &parameters {
            match name.as_str() {
                "limit" => at_most = limit(value)?,
                "cursor" => cursor = Some(value.as_str()),
                "status" => status = Some(item_status(value)?),
                _ => return Err(invalid("query", "known are status, limit and cursor")),
            }
        }
        let bound = Spelling::default()
            .with("bulkAction", Some(&id.to_string()))
            .with("status", status.map(BulkItemStatus::as_str))
            .into_text();
        let scope = CursorScope { list: ITEMS, tenant: &caller.tenant, filter: &bound };
        let after = deps.cursors.position(scope, cursor).await?.map_or(0, place_of);
        let tx = begin(&deps, &caller).await?;
        let page = list_bulk_items(tx, id, (status, after, at_most)).await;
        let page = page.map_err(|error| Problem::of_store(&error))?;
        let (items, has_more) = page.ok_or_else(not_found)?;
        let last = items.last().filter(|_| has_more);
        let last = last.map(|x| position_of(id, x.position));
        let filter = status.map(|x| format!("&status={x}")).unwrap_or_default();
        let link =
            |cursor| format!("/bulk-actions/{id}/items?limit={at_most}{filter}&cursor={cursor}");
        let next = deps.cursors.next(scope, last).await?.map(link);
        Ok(Json(BulkItemList { items, links: ListLinks { next } }))
    }
    .instrument(span)
    .await
}

fn item_status(text: &str) -> Result<BulkItemStatus, Problem> {
    text.parse().map_err(|_unknown| invalid("status", "there is no such status of a case"))
}

/// A cursor holds a moment and an id: here the seconds are a place in the list.
fn position_of(id: BulkActionId, place: u32) -> Position {
    let at = Timestamp::from_second(i64::from(place)).unwrap_or(Timestamp::UNIX_EPOCH);
    Position { at, id: id.as_uuid() }
}

fn place_of(position: Position) -> u32 {
    u32::try_from(position.at.as_second()).unwrap_or(0)
}
