//! The settings of this function.

use lambda_support::config::{ConfigError, Settings};
use lambda_support::database::DatabaseConfig;
use lambda_support::engine::EngineConfig;
use lambda_support::secrets::SecretsEndpoint;
use reqwest::Url;

/// What the function needs to know before the first run.
#[derive(Debug, Clone)]
pub struct Config {
    /// `OMS_SECRETS_ENDPOINT`.
    pub secrets: SecretsEndpoint,
    /// `OMS_DATABASE_SECRET_ID`, `OMS_DATABASE_CA_PATH`, `OMS_DATABASE_ADDRESS`: login of the role `oms_outbox_relay`.
    pub database: DatabaseConfig,
    /// `OMS_ENGINE_URL`, `OMS_ENGINE_SECRET_ID`: the engine and the login at it.
    pub engine: EngineConfig,
    /// `OMS_STEP_QUEUE_URL`: where READY steps go.
    pub step_queue_url: Url,
    /// `OMS_EVENT_BUS_NAME`: where domain events go.
    pub event_bus_name: String,
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
        let step_queue_url = settings.url("OMS_STEP_QUEUE_URL");
        let event_bus_name = settings.text("OMS_EVENT_BUS_NAME");
        settings.finish(|| {
            Some(Self {
                secrets: secrets?,
                database: database?,
                engine: engine?,
                step_queue_url: step_queue_url?,
                event_bus_name: event_bus_name?,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_missing_setting_is_reported_at_once() {
        let settings = Settings::from_pairs([("OMS_ENGINE_URL", "engine")]);

        let error = Config::from_settings(&settings).expect_err("four settings are wrong");

        assert_eq!(error.problems().len(), 4);
    }
}
