//! A caller of the public API, through API Gateway.

use anyhow::{Context, Result};
use reqwest::{Client, RequestBuilder, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::aws::ORDERS_API_URL;
use crate::cli::TokenArguments;
use crate::secrets::TENANT;
use crate::stack::{StackLayout, StackState};
use crate::token;

/// Longer than any demo or chaos run.
const TOKEN_SECONDS: u32 = 24 * 3600;

pub(crate) struct OrdersApi {
    base: String,
    token: String,
    client: Client,
}

impl OrdersApi {
    /// `subject` is who the API's audit says it was.
    pub(crate) fn of(layout: &StackLayout, client: Client, subject: &str) -> Result<Self> {
        let token = token::mint(layout, &caller(subject))?;
        Ok(Self { base: base(&StackState::load(layout)?)?, token, client })
    }

    /// A new deployment has another address.
    pub(crate) fn follow_deployment(&mut self, state: &StackState) -> Result<()> {
        self.base = base(state)?;
        Ok(())
    }

    /// Orders a quote under a key; answers whatever came back.
    pub(crate) async fn place(&self, key: &str, quote: &Value) -> Result<(StatusCode, String)> {
        let request = self
            .client
            .post(format!("{}/orders/from-quote", self.base))
            .header("Idempotency-Key", format!("\"{key}\""))
            .json(quote);
        let answer = self.send(request).await?;
        Ok((answer.status(), answer.text().await?))
    }

    /// The order's view.
    pub(crate) async fn order<T: DeserializeOwned>(&self, order_id: &str) -> Result<T> {
        let request = self.client.get(format!("{}/orders/{order_id}", self.base));
        Ok(self.send(request).await?.error_for_status()?.json().await?)
    }

    async fn send(&self, request: RequestBuilder) -> Result<reqwest::Response> {
        request.bearer_auth(&self.token).send().await.context("cannot reach the orders API")
    }
}

fn base(state: &StackState) -> Result<String> {
    Ok(state.endpoint(ORDERS_API_URL)?.to_owned())
}

fn caller(subject: &str) -> TokenArguments {
    TokenArguments {
        tenant: TENANT.to_owned(),
        scope: vec!["orders:write".to_owned(), "orders:read".to_owned()],
        role: vec!["order-operator".to_owned()],
        subject: subject.to_owned(),
        ttl: TOKEN_SECONDS,
    }
}
