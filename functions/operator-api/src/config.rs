//! The settings of this function.

use std::sync::Arc;

use lambda_support::config::{ConfigError, Settings};
use lambda_support::database::DatabaseConfig;
use lambda_support::jwt::TokenVerifier;
use lambda_support::secrets::SecretsEndpoint;

/// What the function needs to know before the first request.
#[derive(Debug, Clone)]
pub struct Config {
    /// `OMS_SECRETS_ENDPOINT`.
    pub secrets: SecretsEndpoint,
    /// `OMS_DATABASE_SECRET_ID`, `OMS_DATABASE_CA_PATH`, `OMS_DATABASE_ADDRESS`: login of the role `oms_operator_api`.
    pub database: DatabaseConfig,
    /// `OMS_CURSOR_SECRET_ID`: `{"current": "base64…"}`, the key that signs cursors.
    pub cursor_secret_id: String,
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
        let cursor_secret_id = settings.text("OMS_CURSOR_SECRET_ID");
        let verifier = TokenVerifier::from_settings(settings);
        settings.finish(|| {
            Some(Self {
                secrets: secrets?,
                database: database?,
                cursor_secret_id: cursor_secret_id?,
                verifier: Arc::new(verifier?),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_missing_setting_is_reported_at_once() {
        let error = Config::from_settings(&Settings::default()).expect_err("all are missing");

        let names = [
            "OMS_DATABASE_SECRET_ID",
            "OMS_CURSOR_SECRET_ID",
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
