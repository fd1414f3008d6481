//! The source systems: CPQ, customers, billing accounts.
//!
//! Customers and billing accounts exist and are ready unless somebody said otherwise; quotes exist
//! only when they were put in.

use std::time::Duration;

use axum::Json;
use axum::extract::{ConnectInfo, OriginalUri, Path, State};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::app::{Shared, pause};
use crate::fault::{Arrival, Place, answer};
use crate::refusal::Refusal;
use crate::system::System;
use crate::wire::Switch;
use crate::world::World;

type Connection = (ConnectInfo<Switch>, OriginalUri);

/// `GET /CPQ/quotes/{quoteId}/revisions/{revision}`.
pub(crate) async fn quote(
    State(app): State<Shared>,
    connection: Connection,
    Path((quote_id, revision)): Path<(String, u32)>,
) -> Result<Response, Refusal> {
    let subject = format!("{quote_id}/{revision}");
    let key = (quote_id, revision);
    let find = |world: &World| world.quotes.get(&key).cloned().flatten();
    read(&app, connection, (System::Cpq, &subject), find).await
}

/// `GET /CUSTOMER/customers/{id}`.
pub(crate) async fn customer(
    State(app): State<Shared>,
    connection: Connection,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let find = |world: &World| {
        let set = world.customers.get(&id).cloned();
        set.unwrap_or_else(|| Some(json!({"customerId": id, "status": "ACTIVE"})))
    };
    read(&app, connection, (System::Customer, &id), find).await
}

/// `GET /BILLING_ACCOUNT/billing-accounts/{id}`.
pub(crate) async fn billing_account(
    State(app): State<Shared>,
    connection: Connection,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let find = |world: &World| {
        let set = world.billing_accounts.get(&id).cloned();
        set.unwrap_or_else(|| Some(json!({"billingAccountId": id, "status": "READY"})))
    };
    read(&app, connection, (System::BillingAccount, &id), find).await
}

async fn read(
    app: &Shared,
    (ConnectInfo(switch), OriginalUri(path)): Connection,
    (system, subject): (System, &str),
    find: impl Fn(&World) -> Option<Value>,
) -> Result<Response, Refusal> {
    latency(app, system).await;
    let truth = || match app.read(&find) {
        Some(document) => Json(document).into_response(),
        None => Refusal::not_found("it does not exist").into_response(),
    };
    let arrival = Arrival { system, operation: None, place: Place::Query, subject };
    let Some(fault) = app.fault(arrival).await? else { return Ok(truth()) };
    match answer::instead(&fault, &path, &switch).await {
        Some(answer) => Ok(answer),
        None => Ok(answer::after(&fault, truth(), &switch).await),
    }
}

async fn latency(app: &Shared, system: System) {
    let latency_ms = app.read(|world| world.behaviour(system, None).latency_ms);
    if latency_ms > 0 {
        pause(Duration::from_millis(latency_ms)).await;
    }
}
