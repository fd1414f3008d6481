//! The settings of this function.

use std::sync::Arc;

use lambda_support::config::{ConfigError, Settings};
use lambda_support::database::DatabaseConfig;
use lambda_support::jwt::TokenVerifier;
use lambda_support::secrets::SecretsEndpoint;
use reqwest::Url;

/// What the function needs to know before the first request.
#[derive(Debug, Clone)]
pub struct Config {
    /// `OMS_SECRETS_ENDPOINT`.
    pub secrets: SecretsEndpoint,
    /// `OMS_DATABASE_SECRET_ID`, `OMS_DATABASE_CA_PATH`, `OMS_DATABASE_ADDRESS`: login of the role `oms_order_intake`.
    pub database: DatabaseConfig,
    /// `OMS_CPQ_URL`: where quotes are read.
    pub cpq_url: Url,
    /// `OMS_JWT_ISSUER`, `OMS_JWT_AUDIENCE`, `OMS_JWT_JWKS`: whose tokens are believed.
    pub verifier: Arc<TokenVerifier>,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    /// [`ConfigError`] with every missing or wrong setting.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_settings(&Settings::from_env())
    }

    /// Reads given settings.
    ///
    /// # Errors
    /// As [`Config::from_env`].
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        let secrets = SecretsEndpoint::from_settings(settings);
        let database = DatabaseConfig::from_settings(settings);
        let cpq_url = settings.url("OMS_CPQ_URL");
        let verifier = TokenVerifier::from_settings(settings);
        settings.finish(|| {
            Some(Self {
                secrets: secrets?,
                database: database?,
                cpq_url: cpq_url?,
                verifier: Arc::new(verifier?),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_missing_or_wrong_setting_is_reported_at_once() {
        let settings = Settings::from_pairs([("OMS_CPQ_URL", "cpq"), ("OMS_JWT_JWKS", "{}")]);

        let error = Config::from_settings(&settings).expect_err("five settings are wrong");

        let names = [
            "OMS_DATABASE_SECRET_ID",
            "OMS_CPQ_URL",
            "OMS_JWT_ISSUER",
            "OMS_JWT_AUDIENCE",
            "OMS_JWT_JWKS",
        ];
        assert_eq!(error.problems().len(), names.len(), "{error}");
        for (problem, name) in error.problems().iter().zip(names) {
            assert!(problem.starts_with(name), "{problem}");
        }
    }
}
