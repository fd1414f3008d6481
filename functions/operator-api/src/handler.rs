//! Two questions about orders: which are there, and where is this one.
//!
//! Trigger: `GET /orders` and `GET /orders/{orderId}` of the REST API. Safe to repeat: nothing is
//! written here; the one thing that this function writes is in `incidents`.
//! Tenants are apart twice: every statement names the tenant of the token, and row level security
//! hides the rest; somebody else's order is answered as one that does not exist.

use std::sync::Arc;

use lambda_runtime::Error;
use lambda_support::caller::{Caller, Role};
use lambda_support::clock;
use lambda_support::cursor::{CursorKeys, CursorScope, Position};
use lambda_support::database;
use lambda_support::idempotency_key::IdempotencyKey;
use lambda_support::jwt::TokenVerifier;
use lambda_support::problem::Problem;
use lambda_support::secrets::SecretsClient;
use order_domain::actor::Actor;
use order_domain::explanation::Explanation;
use order_domain::ids::{FalloutCaseId, OrderId};
use order_store::read_model::{OrderPosition, explain_order, find_case, find_order, list_orders};
use order_store::{CommandContext, Store, TenantTx};

use crate::config::Config;
use crate::problem::not_found;
use crate::requests::ListOrders;
use crate::responses::{CaseDocument, ListLinks, ListedOrder, OrderDocument, OrderList};

/// The list that its cursors are bound to.
const ORDERS: &str = "oms/orders/cursor/v1";
/// Who sees what people and target systems wrote about a case; who only runs the platform sees no
/// customer data, and needs the case's version to act on it.
const SEE_WORDS: &[Role] = &[Role::OrderViewer, Role::OrderOperator, Role::OrderSupervisor];
/// One request at a time is what an execution environment gets.
const MAX_CONNECTIONS: usize = 1;

/// What the function holds between requests.
#[derive(Debug)]
pub struct Deps {
    pub(crate) store: Store,
    pub(crate) cursors: CursorKeys,
    pub(crate) verifier: Arc<TokenVerifier>,
}

impl Deps {
    /// Connects to the database.
    ///
    /// # Errors
    /// Whatever is missing, for the platform's log.
    pub async fn connect(config: &Config) -> Result<Self, Error> {
        let secrets = SecretsClient::new(config.secrets.clone())?;
        let store = database::connect(&secrets, &config.database, MAX_CONNECTIONS).await?;
        Self::with_store(config, store)
    }

    /// With a store that is connected already, for tests.
    ///
    /// # Errors
    /// The client of the secrets endpoint cannot be made.
    pub fn with_store(config: &Config, store: Store) -> Result<Self, Error> {
        let secrets = SecretsClient::new(config.secrets.clone())?;
        let cursors = CursorKeys::new(secrets, config.cursor_secret_id.clone());
        Ok(Self { store, cursors, verifier: Arc::clone(&config.verifier) })
    }
}

/// One page of the tenant's orders, newest first.
pub(crate) async fn list(
    deps: &Deps,
    caller: &Caller,
    request: &ListOrders,
) -> Result<OrderList, Problem> {
    let bound = request.spelling();
    let scope = CursorScope { list: ORDERS, tenant: &caller.tenant, filter: &bound };
    let after = deps.cursors.position(scope, request.cursor.as_deref()).await?;
    let after =
        after.map(|x| OrderPosition { created_at: x.at, order_id: OrderId::from_uuid(x.id) });
    let filter = request.filter(clock::system()(), after);
    let tx = begin(deps, caller).await?;
    let page = list_orders(tx, &filter).await.map_err(|error| Problem::of_store(&error))?;
    let last = page.next.map(|x| Position { at: x.created_at, id: x.order_id.as_uuid() });
    let next = deps.cursors.next(scope, last).await?.map(|cursor| request.link(&cursor));
    let orders = page.orders.into_iter().map(ListedOrder::from).collect();
    Ok(OrderList { orders, links: ListLinks { next } })
}

/// Everything about one order of the tenant.
pub(crate) async fn show(
    deps: &Deps,
    caller: &Caller,
    order_id: OrderId,
) -> Result<OrderDocument, Problem> {
    let tx = begin(deps, caller).await?;
    let found = find_order(tx, order_id).await.map_err(|error| Problem::of_store(&error))?;
    found.map(OrderDocument::from).ok_or_else(not_found)
}

/// Everything about one case of an order of the tenant.
pub(crate) async fn show_case(
    deps: &Deps,
    caller: &Caller,
    case: (OrderId, FalloutCaseId),
) -> Result<CaseDocument, Problem> {
    let tx = begin(deps, caller).await?;
    let found = find_case(tx, case).await.map_err(|error| Problem::of_store(&error))?;
    let case = found.ok_or_else(not_found)?;
    let is_redacted = caller.require_any_role(SEE_WORDS).is_err();
    Ok(CaseDocument::new(case, is_redacted))
}

/// Why an order of the tenant is where it is, for this caller.
pub(crate) async fn explain(
    deps: &Deps,
    caller: &Caller,
    order_id: OrderId,
) -> Result<Explanation, Problem> {
    let tx = begin(deps, caller).await?;
    let (actor, now) = (actor_of(caller), clock::system()());
    let found = explain_order(tx, order_id, (&actor, now)).await;
    found.map_err(|error| Problem::of_store(&error))?.ok_or_else(not_found)
}

/// The caller as the audit names it.
pub(crate) fn actor_of(caller: &Caller) -> Actor {
    let roles = caller.roles.iter().map(|role| role.as_str().to_owned()).collect();
    Actor::caller(&caller.subject, roles)
}

/// What a command is told about who asks, and the key under which a repeat is told the same.
pub(crate) fn context_of(caller: &Caller, key: Option<&IdempotencyKey>) -> CommandContext {
    let ctx = CommandContext::new(actor_of(caller), clock::system()());
    match key {
        Some(key) => ctx.with_idempotency_key(key.as_str()),
        None => ctx,
    }
}

pub(crate) async fn begin(deps: &Deps, caller: &Caller) -> Result<TenantTx, Problem> {
    deps.store.tenant_tx(&caller.tenant).await.map_err(|error| Problem::of_store(&error))
}

#[cfg(test)]
mod tests;
