//! The source systems: CPQ, customers, billing accounts.
//!
//! Customers and billing accounts exist and are ready unless somebody said otherwise; quotes exist
//! only when they were put in.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use crate::app::{Shared, pause};
use crate::refusal::Refusal;
use crate::system::System;

/// `GET /CPQ/quotes/{quoteId}/revisions/{revision}`.
pub(crate) async fn quote(
    State(app): State<Shared>,
    Path((quote_id, revision)): Path<(String, u32)>,
) -> Result<Json<Value>, Refusal> {
    latency(&app, System::Cpq).await;
    let quote = app.read(|world| world.quotes.get(&(quote_id, revision)).cloned().flatten());
    quote.map(Json).ok_or_else(|| Refusal::not_found("no such quote revision"))
}

/// `GET /CUSTOMER/customers/{id}`.
pub(crate) async fn customer(
    State(app): State<Shared>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    latency(&app, System::Customer).await;
    let set = app.read(|world| world.customers.get(&id).cloned());
    let customer = set.unwrap_or_else(|| Some(json!({"customerId": id, "status": "ACTIVE"})));
    customer.map(Json).ok_or_else(|| Refusal::not_found("no such customer"))
}

/// `GET /BILLING_ACCOUNT/billing-accounts/{id}`.
pub(crate) async fn billing_account(
    State(app): State<Shared>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    latency(&app, System::BillingAccount).await;
    let set = app.read(|world| world.billing_accounts.get(&id).cloned());
    let account = set.unwrap_or_else(|| Some(json!({"billingAccountId": id, "status": "READY"})));
    account.map(Json).ok_or_else(|| Refusal::not_found("no such billing account"))
}

async fn latency(app: &Shared, system: System) {
    let latency_ms = app.read(|world| world.behaviour(system, None).latency_ms);
    if latency_ms > 0 {
        pause(Duration::from_millis(latency_ms)).await;
    }
}
