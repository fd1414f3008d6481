//! The settings of this function.

use lambda_support::config::{ConfigError, Settings};
use lambda_support::database::DatabaseConfig;
use lambda_support::secrets::SecretsEndpoint;
use reqwest::Url;

/// What the function needs to know before the first message.
#[derive(Debug, Clone)]
pub struct Config {
    /// `OMS_SECRETS_ENDPOINT`.
    pub secrets: SecretsEndpoint,
    /// `OMS_DATABASE_SECRET_ID`, `OMS_DATABASE_CA_PATH`, `OMS_DATABASE_ADDRESS`: login of the role `oms_fulfillment_step_executor`.
    pub database: DatabaseConfig,
    /// `OMS_CALLBACK_BASE_URL`: target systems report to `{base}/callbacks/{tenant}/{system}`.
    pub callback_base_url: Url,
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
        let callback_base_url = settings.url("OMS_CALLBACK_BASE_URL");
        settings.finish(|| {
            Some(Self {
                secrets: secrets?,
                database: database?,
                callback_base_url: callback_base_url?,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_missing_setting_is_reported_at_once() {
        let settings = Settings::from_pairs([("OMS_CALLBACK_BASE_URL", "callbacks")]);

        let error = Config::from_settings(&settings).expect_err("two settings are wrong");

        assert_eq!(error.problems().len(), 2);
    }
}
