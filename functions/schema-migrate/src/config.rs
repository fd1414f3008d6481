//! The settings of this function.

use lambda_support::config::{ConfigError, Settings};
use lambda_support::database::DatabaseConfig;
use lambda_support::secrets::SecretsEndpoint;

/// What the function needs to know before it is invoked.
#[derive(Debug, Clone)]
pub struct Config {
    /// `OMS_SECRETS_ENDPOINT`.
    pub secrets: SecretsEndpoint,
    /// `OMS_DATABASE_SECRET_ID`, `OMS_DATABASE_CA_PATH`, `OMS_DATABASE_ADDRESS`: login of the owner of the database.
    pub database: DatabaseConfig,
    /// `OMS_ROLE_SECRETS_ID`: password per function role, `{"oms_order_intake": "…"}`.
    pub role_secrets_id: String,
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
        let role_secrets_id = settings.text("OMS_ROLE_SECRETS_ID");
        settings.finish(|| {
            Some(Self { secrets: secrets?, database: database?, role_secrets_id: role_secrets_id? })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_missing_settings_are_named_at_once() {
        let error = Config::from_settings(&Settings::default()).expect_err("nothing is set");

        assert_eq!(error.problems().len(), 2, "{error}");
    }
}
