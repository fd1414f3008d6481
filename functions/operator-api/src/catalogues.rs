//! Catalogues: which versions there are, what one says, and making one the current one (§9).
//!
//! Safe to run twice: an answer, refused ones too, is kept under the caller's `Idempotency-Key`.
//! Nobody overwrites unseen what another applied: the caller names the current one in `If-Match`.

pub(crate) mod answer;
pub(crate) mod apply;

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use jiff::Timestamp;
use lambda_support::caller::{Caller, Role};
use lambda_support::cursor::{CursorScope, Position};
use lambda_support::json_body;
use lambda_support::list_parameters::{DEFAULT_LIMIT, each_once, invalid, limit};
use lambda_support::problem::Problem;
use order_store::read_model::{find_catalogue, list_catalogues};
use tracing::Instrument;
use uuid::Uuid;

use self::answer::{ApplyAnswer, CatalogueDocument, CatalogueList, ListedCatalogue};
use self::apply::Asked;
use crate::handler::{Deps, begin};
use crate::parameters::{Parameters, decoded};
use crate::problem::not_found;
use crate::responses::ListLinks;

/// What a token must be issued for to see catalogues.
pub(crate) const SCOPE_READ: &str = "catalogues:read";
/// What a token must be issued for to apply one, or to ask what that would change.
pub(crate) const SCOPE_WRITE: &str = "catalogues:write";
/// Who may see them: everybody who works on orders.
pub(crate) const READERS: &[Role] = Role::ALL;
/// Who may apply one.
pub(crate) const WRITERS: &[Role] = &[Role::PlatformOperator];
/// A thousand products, which the schema allows, and well below what Lambda can carry.
pub(crate) const MAX_BYTES: usize = 2 * 1024 * 1024;
const LIST: &str = "oms/catalogues/cursor/v1";

/// The parameters of `GET /catalogues`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ListCatalogues {
    limit: u16,
    cursor: Option<String>,
}

impl ListCatalogues {
    /// Reads decoded parameters; unknown and repeated ones are refused.
    fn parse(parameters: &[(String, String)]) -> Result<Self, Problem> {
        each_once(parameters)?;
        let mut list = Self { limit: DEFAULT_LIMIT, cursor: None };
        for (name, value) in parameters {
            match name.as_str() {
                "limit" => list.limit = limit(value)?,
                "cursor" => list.cursor = Some(value.clone()),
                _ => return Err(invalid("query", "known are limit and cursor")),
            }
        }
        Ok(list)
    }
}

/// Which version a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    Current,
    Version(i32),
}

fn allow(caller: &Caller, scope: &str, roles: &[Role]) -> Result<(), Problem> {
    caller.require_scope(scope)?;
    caller.require_any_role(roles)
}

pub(crate) async fn get_catalogues(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    query: Parameters,
) -> Result<Json<CatalogueList>, Problem> {
    let span = tracing::info_span!("list_catalogues", tenant.id = caller.tenant.as_str());
    async {
        allow(&caller, SCOPE_READ, READERS)?;
        let request = ListCatalogues::parse(&decoded(query)?)?;
        list(&deps, &caller, &request).await.map(Json)
    }
    .instrument(span)
    .await
}

pub(crate) async fn get_current(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
) -> Result<CatalogueDocument, Problem> {
    show(&deps, &caller, Ok(Named::Current)).await
}

pub(crate) async fn get_version(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Result<CatalogueDocument, Problem> {
    // What cannot be a version is no version.
    let version = path.ok().and_then(|Path(version)| version.parse().ok());
    show(&deps, &caller, version.map(Named::Version).ok_or_else(not_found)).await
}

pub(crate) async fn post_catalogue(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    query: Parameters,
    request: Request,
) -> Result<Json<ApplyAnswer>, Problem> {
    let span = tracing::info_span!(
        "apply_catalogue",
        tenant.id = caller.tenant.as_str(),
        catalogue.version = tracing::field::Empty,
    );
    async {
        allow(&caller, SCOPE_WRITE, WRITERS)?;
        let asked = Asked::parse(&decoded(query)?, request.headers())?;
        let document = json_body::up_to(MAX_BYTES, request).await?;
        apply::apply(&deps, &caller, (asked, document)).await.map(Json)
    }
    .instrument(span)
    .await
}

/// One page of the tenant's versions, newest first.
async fn list(
    deps: &Deps,
    caller: &Caller,
    request: &ListCatalogues,
) -> Result<CatalogueList, Problem> {
    let scope = CursorScope { list: LIST, tenant: &caller.tenant, filter: "" };
    let after = deps.cursors.position(scope, request.cursor.as_deref()).await?;
    let before = after.and_then(version_at);
    let tx = begin(deps, caller).await?;
    let page = list_catalogues(tx, before, request.limit).await;
    let page = page.map_err(|error| Problem::of_store(&error))?;
    let last = page.next.map(|x| place_of(x.loaded_at, x.version));
    let link = |cursor| format!("/catalogues?limit={}&cursor={cursor}", request.limit);
    let next = deps.cursors.next(scope, last).await?.map(link);
    let catalogues = page.catalogues.into_iter().map(ListedCatalogue::from).collect();
    Ok(CatalogueList { catalogues, links: ListLinks { next } })
}

/// A version as a place in the list: the number alone says where, the time goes with every place.
fn place_of(loaded_at: Timestamp, version: u32) -> Position {
    Position { at: loaded_at, id: Uuid::from_u128(u128::from(version)) }
}

fn version_at(place: Position) -> Option<i32> {
    i32::try_from(place.id.as_u128()).ok()
}

/// One version with its content.
async fn show(
    deps: &Deps,
    caller: &Caller,
    named: Result<Named, Problem>,
) -> Result<CatalogueDocument, Problem> {
    let span = tracing::info_span!("get_catalogue", tenant.id = caller.tenant.as_str());
    async {
        allow(caller, SCOPE_READ, READERS)?;
        let version = match named? {
            Named::Current => None,
            Named::Version(version) => Some(version),
        };
        let tx = begin(deps, caller).await?;
        let found = find_catalogue(tx, version).await;
        let found = found.map_err(|error| Problem::of_store(&error))?;
        found.map(CatalogueDocument::from).ok_or_else(not_found)
    }
    .instrument(span)
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_the_list_leads_back_to_its_version() {
        for version in [1, 7, 2_147_483_647] {
            let place = place_of(Timestamp::UNIX_EPOCH, version);
            assert_eq!(version_at(place), i32::try_from(version).ok());
        }
        assert_eq!(version_at(Position { at: Timestamp::UNIX_EPOCH, id: Uuid::max() }), None);
    }

    #[test]
    fn what_is_no_parameter_of_the_list_is_refused_by_name() {
        for (name, value, pointer) in [("limit", "0", "limit"), ("version", "1", "query")] {
            let parameters = [(name.to_owned(), value.to_owned())];
            let problem = ListCatalogues::parse(&parameters).expect_err("not understandable");
            assert_eq!(problem.errors()[0].pointer, pointer);
        }
    }
}
