//! The secrets file, and the contract of the AWS Parameters and Secrets Lambda extension over it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use axum::Json;
use axum::extract::{Query, State};
use external_systems::callback::{WebhookSecret, WebhookSecrets};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::Shared;
use crate::refusal::Refusal;
use crate::system::System;

/// A JSON object from secret id to value.
///
/// Read at every use: the file is small, and a rotated secret must be seen at once.
#[derive(Debug)]
pub(crate) struct SecretsFile {
    path: PathBuf,
}

impl SecretsFile {
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    async fn find(&self, secret_id: &str) -> Option<Value> {
        let bytes = tokio::fs::read(&self.path).await.ok()?;
        let mut secrets: BTreeMap<String, Value> = serde_json::from_slice(&bytes).ok()?;
        secrets.remove(secret_id)
    }

    /// The secret that signs callbacks of a system to a tenant.
    pub(crate) async fn webhook_secret(
        &self,
        tenant_id: &str,
        system: System,
    ) -> Option<WebhookSecret> {
        let value = self.find(&format!("oms/webhook/{tenant_id}/{system}")).await?;
        let secrets: WebhookSecrets = serde_json::from_value(value).ok()?;
        Some(secrets.current)
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SecretQuery {
    secret_id: String,
}

/// `GET /secretsmanager/get?secretId=…`; the token of the real extension is not demanded here.
pub(crate) async fn get(
    State(app): State<Shared>,
    Query(query): Query<SecretQuery>,
) -> Result<Json<Value>, Refusal> {
    let value = app.secrets.find(&query.secret_id).await;
    let text = match value {
        Some(Value::String(text)) => text,
        Some(value) => value.to_string(),
        None => return Err(Refusal::bad_request("no such secret")),
    };
    Ok(Json(json!({"Name": query.secret_id, "SecretString": text})))
}
