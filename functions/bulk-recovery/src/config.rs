//! The settings of this function.

use lambda_support::config::{ConfigError, Settings};
use lambda_support::database::DatabaseConfig;
use lambda_support::secrets::SecretsEndpoint;

/// What the function needs to know before the first run.
#[derive(Debug, Clone)]
pub struct Config {
    /// `OMS_SECRETS_ENDPOINT`.
    pub secrets: SecretsEndpoint,
    /// `OMS_DATABASE_SECRET_ID`, `OMS_DATABASE_CA_PATH`, `OMS_DATABASE_ADDRESS`: login of the role `oms_bulk_recovery`.
    pub database: DatabaseConfig,
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
        settings.finish(|| Some(Self { secrets: secrets?, database: database? }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_setting_is_reported_by_name() {
        let error = Config::from_settings(&Settings::default()).expect_err("settings are missing");

        assert_eq!(error.problems(), ["OMS_DATABASE_SECRET_ID is missing"]);
    }
}
