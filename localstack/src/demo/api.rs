//! The demo as a caller of the public API, through API Gateway.

use anyhow::{Context, Result, bail};
use reqwest::Client;
use serde_json::{Value, json};

use super::quote::DemoQuote;
use super::view::OrderView;
use crate::aws::ORDERS_API_URL;
use crate::cli::TokenArguments;
use crate::secrets::TENANT;
use crate::stack::{StackLayout, StackState};
use crate::token;

pub(super) struct OrdersApi {
    base: String,
    token: String,
    client: Client,
}

impl OrdersApi {
    pub(super) fn of(layout: &StackLayout, client: Client) -> Result<Self> {
        let base = StackState::load(layout)?.endpoint(ORDERS_API_URL)?.to_owned();
        let token = token::mint(layout, &caller())?;
        Ok(Self { base, token, client })
    }

    /// Orders the quote; answers the id of the order.
    pub(super) async fn place(&self, quote: &DemoQuote) -> Result<String> {
        let answer = self
            .client
            .post(format!("{}/orders/from-quote", self.base))
            .bearer_auth(&self.token)
            // The quote's id is new for every demo, and so is the key.
            .header("Idempotency-Key", format!("\"demo-{}\"", quote.id))
            .json(&json!({"quoteId": quote.id, "revision": quote.revision}))
            .send()
            .await
            .context("cannot reach the orders API")?;
        let status = answer.status();
        let body = answer.text().await?;
        if !status.is_success() {
            bail!("the order was refused: {status} {body}");
        }
        let order: Value = serde_json::from_str(&body)?;
        let id = order["orderId"].as_str().context("the answer names no orderId")?;
        Ok(id.to_owned())
    }

    pub(super) async fn order(&self, order_id: &str) -> Result<OrderView> {
        let answer = self
            .client
            .get(format!("{}/orders/{order_id}", self.base))
            .bearer_auth(&self.token)
            .send()
            .await?;
        Ok(answer.error_for_status()?.json().await?)
    }
}

fn caller() -> TokenArguments {
    TokenArguments {
        tenant: TENANT.to_owned(),
        scope: vec!["orders:write".to_owned(), "orders:read".to_owned()],
        role: vec!["order-operator".to_owned()],
        subject: "demo".to_owned(),
        ttl: 4 * 3600,
    }
}
