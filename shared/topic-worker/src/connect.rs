//! From settings to connections, made once per environment, before the first event.

use std::time::Duration;

use camunda_client::{EngineClient, EngineSettings};
use lambda_support::database::DatabaseError;
use lambda_support::http::{ClientError, client};
use lambda_support::secrets::{SecretsClient, SecretsEndpoint, SecretsError};
use secrecy::SecretString;
use serde::Deserialize;

/// Above the longest parked request of the engine; each call has its own, shorter limit.
const ENGINE_TOTAL_TIMEOUT: Duration = Duration::from_secs(20);

/// The function cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// An HTTP client could not be made.
    #[error("an HTTP client could not be made")]
    Http(#[source] ClientError),
    /// The engine's secret is missing, unreachable or not what it should be.
    #[error("the engine's secret cannot be used")]
    Secret(#[source] SecretsError),
    /// The database cannot be used; the source says which step failed.
    #[error("the function has no database")]
    Database(#[source] DatabaseError),
    /// Settings of the function itself contradict each other.
    #[error("{0}")]
    Settings(String),
}

#[derive(Deserialize)]
struct EngineLogin {
    username: String,
    password: SecretString,
}

/// A client of the secrets endpoint.
///
/// # Errors
/// [`ConnectError::Http`].
pub fn secrets_client(endpoint: &SecretsEndpoint) -> Result<SecretsClient, ConnectError> {
    SecretsClient::new(endpoint.clone()).map_err(ConnectError::Http)
}

/// A client of the engine, with the login of the secret where there is one.
pub(crate) async fn engine_client(
    secrets: &SecretsClient,
    settings: EngineSettings,
    secret_id: Option<&str>,
) -> Result<EngineClient, ConnectError> {
    let settings = match secret_id {
        None => settings,
        Some(id) => {
            let login: EngineLogin = secrets.json(id).await.map_err(ConnectError::Secret)?;
            settings.with_credentials(login.username, login.password)
        }
    };
    let http = client(ENGINE_TOTAL_TIMEOUT).map_err(ConnectError::Http)?;
    Ok(EngineClient::new(http, settings))
}
