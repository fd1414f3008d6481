//! Two questions about orders: which are there, and where is this one.
//!
//! Trigger: `GET /orders` and `GET /orders/{orderId}` of the REST API. Safe to repeat: nothing is
//! written, and the database role could not.
//! Tenants are apart twice: every statement names the tenant of the token, and row level security
//! hides the rest; somebody else's order is answered as one that does not exist.

use std::sync::Arc;

use lambda_runtime::Error;
use lambda_support::caller::Caller;
use lambda_support::database;
use lambda_support::jwt::TokenVerifier;
use lambda_support::problem::Problem;
use lambda_support::secrets::SecretsClient;
use order_domain::ids::OrderId;
use order_store::read_model::{OrderFilter, OrderPosition, find_order, list_orders};
use order_store::{Store, TenantTx};

use crate::config::Config;
use crate::cursor::{CursorKeys, CursorScope};
use crate::problem::{cursor_invalid, no_cursor_key, not_found, store_failed};
use crate::requests::ListOrders;
use crate::responses::{ListLinks, ListedOrder, OrderDocument, OrderList};

/// One request at a time is what an execution environment gets.
const MAX_CONNECTIONS: usize = 1;

/// What the function holds between requests.
#[derive(Debug)]
pub struct Deps {
    store: Store,
    cursors: CursorKeys,
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
    let scope = CursorScope { tenant: &caller.tenant, status: request.status };
    let after = match &request.cursor {
        None => None,
        Some(cursor) => Some(position(deps, scope, cursor).await?),
    };
    let filter = OrderFilter { status: request.status, after, limit: request.limit };
    let tx = begin(deps, caller).await?;
    let page = list_orders(tx, &filter).await.map_err(|error| store_failed(&error))?;
    let next = match page.next {
        None => None,
        Some(last) => {
            let key = deps.cursors.current().await.map_err(|error| no_cursor_key(&error))?;
            Some(request.link(&key.sign(scope, last)))
        }
    };
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
    let found = find_order(tx, order_id).await.map_err(|error| store_failed(&error))?;
    found.map(OrderDocument::from).ok_or_else(not_found)
}

async fn position(
    deps: &Deps,
    scope: CursorScope<'_>,
    cursor: &str,
) -> Result<OrderPosition, Problem> {
    let key = deps.cursors.current().await.map_err(|error| no_cursor_key(&error))?;
    key.read(scope, cursor).ok_or_else(cursor_invalid)
}

async fn begin(deps: &Deps, caller: &Caller) -> Result<TenantTx, Problem> {
    deps.store.tenant_tx(&caller.tenant).await.map_err(|error| store_failed(&error))
}

#[cfg(test)]
mod tests;
