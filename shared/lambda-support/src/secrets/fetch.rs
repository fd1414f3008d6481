//! One request to the secrets endpoint and the meaning of its answers.

use std::time::Duration;

use reqwest::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::SecretsEndpoint;

const TOKEN_HEADER: &str = "X-Aws-Parameters-Secrets-Token";
/// The extension may start later than the function, and says so with these words.
const NOT_READY: &str = "not ready";
const NOT_FOUND: &str = "ResourceNotFoundException";
/// Pauses before asking again while the extension starts.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(25),
    Duration::from_millis(75),
    Duration::from_millis(200),
    Duration::from_millis(500),
];

/// What the endpoint did instead of giving a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// It could not be reached, or took too long.
    #[error("the secrets endpoint does not answer")]
    Unreachable,
    /// It has not started yet.
    #[error("the secrets endpoint is not ready")]
    NotReady,
    /// It refused, for example for want of rights.
    #[error("the secrets endpoint answered {0}")]
    Refused(u16),
    /// Its answer is not what the contract says.
    #[error("the answer of the secrets endpoint has no SecretString")]
    Malformed,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    secret_string: SecretString,
}

/// Asks for a secret, again after a pause while the endpoint starts; `None` if there is none.
pub(super) async fn secret(
    http: &reqwest::Client,
    endpoint: &SecretsEndpoint,
    id: &str,
) -> Result<Option<SecretString>, FetchError> {
    for pause in PAUSES {
        match secret_once(http, endpoint, id).await {
            Err(FetchError::NotReady) => {}
            settled => return settled,
        }
        #[expect(clippy::disallowed_methods, reason = "waits for another process to start")]
        tokio::time::sleep(pause).await;
    }
    secret_once(http, endpoint, id).await
}

async fn secret_once(
    http: &reqwest::Client,
    endpoint: &SecretsEndpoint,
    id: &str,
) -> Result<Option<SecretString>, FetchError> {
    let mut url = endpoint.url.clone();
    url.set_path(&format!("{}/secretsmanager/get", url.path().trim_end_matches('/')));
    url.query_pairs_mut().append_pair("secretId", id);
    let mut request = http.get(url);
    if let Some(token) = &endpoint.session_token {
        request = request.header(TOKEN_HEADER, token.expose_secret());
    }
    let response = request.send().await.map_err(|_no_answer| FetchError::Unreachable)?;
    let status = response.status();
    let body = response.bytes().await.map_err(|_cut_off| FetchError::Unreachable)?;
    if status.is_success() {
        let answer: Answer =
            serde_json::from_slice(&body).map_err(|_not_the_contract| FetchError::Malformed)?;
        return Ok(Some(answer.secret_string));
    }
    classify(status, &String::from_utf8_lossy(&body))
}

/// Statuses are those of Secrets Manager, which answers 400 to an unknown id.
fn classify(status: StatusCode, body: &str) -> Result<Option<SecretString>, FetchError> {
    match status {
        StatusCode::NOT_FOUND => Ok(None),
        StatusCode::BAD_REQUEST if body.contains(NOT_FOUND) => Ok(None),
        StatusCode::BAD_REQUEST if body.contains(NOT_READY) => Err(FetchError::NotReady),
        other => Err(FetchError::Refused(other.as_u16())),
    }
}
