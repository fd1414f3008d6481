//! From settings to connections, made once per environment, before the first event.

use std::time::Duration;

use lambda_support::database::DatabaseError;
use lambda_support::engine::EngineConfigError;
use lambda_support::http::ClientError;
use lambda_support::secrets::{SecretsClient, SecretsEndpoint};

/// Above the longest parked request of the engine; each call has its own, shorter limit.
pub(crate) const ENGINE_TOTAL_TIMEOUT: Duration = Duration::from_secs(20);

/// The function cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// An HTTP client could not be made.
    #[error("an HTTP client could not be made")]
    Http(#[source] ClientError),
    /// The engine's client cannot be made; the source says why.
    #[error("the function has no engine")]
    Engine(#[source] EngineConfigError),
    /// The database cannot be used; the source says which step failed.
    #[error("the function has no database")]
    Database(#[source] DatabaseError),
    /// The operating system does not let the function hear that it has to stop.
    #[error("SIGTERM cannot be listened to")]
    Signal(#[source] std::io::Error),
    /// Settings of the function itself contradict each other.
    #[error("{0}")]
    Settings(String),
}

/// A client of the secrets endpoint.
///
/// # Errors
/// [`ConnectError::Http`].
pub fn secrets_client(endpoint: &SecretsEndpoint) -> Result<SecretsClient, ConnectError> {
    SecretsClient::new(endpoint.clone()).map_err(ConnectError::Http)
}
