//! The settings of this function.

use lambda_support::config::{ConfigError, Settings};
use lambda_support::database::DatabaseConfig;
use lambda_support::engine::EngineConfig;
use lambda_support::secrets::SecretsEndpoint;

/// What the function needs to know before the first run.
#[derive(Debug, Clone)]
pub struct Config {
    /// `OMS_SECRETS_ENDPOINT`.
    pub secrets: SecretsEndpoint,
    /// `OMS_DATABASE_SECRET_ID`, `OMS_DATABASE_CA_PATH`, `OMS_DATABASE_ADDRESS`: login of the role `oms_reconciliation`.
    pub database: DatabaseConfig,
    /// `OMS_ENGINE_URL`, `OMS_ENGINE_SECRET_ID`: the engine and the login at it.
    pub engine: EngineConfig,
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
        let engine = EngineConfig::from_settings(settings);
        settings.finish(|| Some(Self { secrets: secrets?, database: database?, engine: engine? }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_missing_setting_is_reported_at_once() {
        let error = Config::from_settings(&Settings::default()).expect_err("settings are missing");

        let problems = ["OMS_DATABASE_SECRET_ID is missing", "OMS_ENGINE_URL is missing"];
        assert_eq!(error.problems(), problems);
    }
}
