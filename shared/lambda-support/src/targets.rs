//! From a tenant's stored settings to a target system that can be called.

use crate::error_chain;
use crate::http::ClientError;
use crate::secrets::{Refetched, SecretsClient, SecretsError};
use crate::system_limits::SystemLimits;
use external_systems::HttpTargetSystem;
use external_systems::credential::BearerToken;
use external_systems::settings::TargetSystemSettings;
use order_domain::step::answer::StepAnswer;
use reqwest::Client;
use secrecy::ExposeSecret;
use std::time::Duration;

/// Above every request timeout that settings may name; the adapter applies the system's own.
const LONGEST_CALL: Duration = Duration::from_secs(120);

/// One HTTP client for all systems, the secrets that hold their tokens, and how many calls at a
/// time each system takes.
#[derive(Debug)]
pub struct Targets {
    client: Client,
    secrets: SecretsClient,
    /// How many calls at a time each system takes.
    pub limits: SystemLimits,
}

impl Targets {
    /// With a client above every time limit that settings may name.
    ///
    /// # Errors
    /// [`ClientError`]; it depends on the build, not on the environment.
    pub fn new(secrets: SecretsClient) -> Result<Self, ClientError> {
        let client = crate::http::client(LONGEST_CALL)?;
        Ok(Self { client, secrets, limits: SystemLimits::default() })
    }

    /// The system behind `settings`, with its token.
    ///
    /// Without a usable token calls answer `Refused`, which holds the step for engineering. An
    /// outage of the secrets endpoint is over some time: nothing was sent, so the step waits.
    ///
    /// # Errors
    /// What the step is told instead of the system's answer.
    pub async fn open(
        &self,
        settings: &TargetSystemSettings,
    ) -> Result<HttpTargetSystem, StepAnswer> {
        let token = match settings.secret_id() {
            None => None,
            Some(id) => match self.secrets.text(id).await {
                Ok(secret) => BearerToken::parse(secret.expose_secret()).ok(),
                Err(SecretsError::NotFound { .. } | SecretsError::Malformed { .. }) => None,
                Err(error @ SecretsError::Unavailable { .. }) => {
                    tracing::warn!(error = error_chain(&error), "the token is not to be had");
                    return Err(StepAnswer::NotSent {
                        detail: "the secrets endpoint does not answer".to_owned(),
                    });
                }
            },
        };
        self.with_token(settings, token)
    }

    /// The same system with a token that was rotated since; `None` when the refusal stands.
    pub async fn reopen(&self, settings: &TargetSystemSettings) -> Option<HttpTargetSystem> {
        match self.secrets.refetch(settings.secret_id()?).await {
            Ok(Refetched::Changed(secret)) => {
                let token = BearerToken::parse(secret.expose_secret()).ok()?;
                self.with_token(settings, Some(token)).ok()
            }
            Ok(Refetched::Unchanged) | Err(_) => None,
        }
    }

    fn with_token(
        &self,
        settings: &TargetSystemSettings,
        token: Option<BearerToken>,
    ) -> Result<HttpTargetSystem, StepAnswer> {
        HttpTargetSystem::new(self.client.clone(), settings.clone(), token)
            .map_err(|error| refused(&error.to_string()))
    }
}

/// Settings as the store hands them out.
///
/// # Errors
/// The answer that their absence amounts to.
pub fn parse_settings(
    stored: Option<&serde_json::Value>,
) -> Result<TargetSystemSettings, StepAnswer> {
    let stored = stored.ok_or_else(|| refused("the tenant has no settings for the system"))?;
    TargetSystemSettings::parse(stored).map_err(|error| refused(&error.to_string()))
}

fn refused(detail: &str) -> StepAnswer {
    StepAnswer::Refused { detail: detail.to_owned() }
}
