//! The engine as a function's settings name it: an address, and a secret with its login.

use std::time::Duration;

use camunda_client::{EngineClient, EngineSettings};
use secrecy::SecretString;
use serde::Deserialize;

use crate::config::Settings;
use crate::http::{ClientError, client};
use crate::secrets::{SecretsClient, SecretsError};

/// Where the engine is, and who we are there.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// `OMS_ENGINE_URL`, up to and with `/engine-rest`.
    settings: EngineSettings,
    /// `OMS_ENGINE_SECRET_ID`; a local engine asks for no login.
    secret_id: Option<String>,
}

/// The engine's client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum EngineConfigError {
    /// An HTTP client could not be made.
    #[error("an HTTP client could not be made")]
    Http(#[source] ClientError),
    /// The engine's secret is missing, unreachable or not what it should be.
    #[error("the engine's secret cannot be used")]
    Secret(#[source] SecretsError),
}

/// The JSON of the secret.
#[derive(Deserialize)]
struct EngineLogin {
    username: String,
    password: SecretString,
}

impl EngineConfig {
    /// Reads the settings; a problem is noted there.
    #[must_use]
    pub fn from_settings(settings: &Settings) -> Option<Self> {
        let engine = settings.parsed("OMS_ENGINE_URL", |url| {
            EngineSettings::parse(url).map_err(|error| format!("is {error}"))
        });
        let secret_id = settings.optional_text("OMS_ENGINE_SECRET_ID");
        Some(Self { settings: engine?, secret_id })
    }

    /// A client with the login of the secret, where there is one; no call takes longer than `limit`.
    ///
    /// # Errors
    /// [`EngineConfigError`].
    pub async fn client(
        &self,
        secrets: &SecretsClient,
        limit: Duration,
    ) -> Result<EngineClient, EngineConfigError> {
        let mut settings = self.settings.clone();
        if let Some(id) = &self.secret_id {
            let login: EngineLogin = secrets.json(id).await.map_err(EngineConfigError::Secret)?;
            settings = settings.with_credentials(login.username, login.password);
        }
        let http = client(limit).map_err(EngineConfigError::Http)?;
        Ok(EngineClient::new(http, settings))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_login_at_the_engine_is_optional_and_its_address_is_not() {
        let address = ("OMS_ENGINE_URL", "http://127.0.0.1:8080/engine-rest");
        let config = EngineConfig::from_settings(&Settings::from_pairs([address]));

        assert!(config.is_some_and(|x| x.secret_id.is_none()));
        assert!(EngineConfig::from_settings(&Settings::default()).is_none());
    }
}
