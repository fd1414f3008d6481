//! The settings that every topic function has.

use lambda_support::config::{ConfigError, Settings};
use lambda_support::database::DatabaseConfig;
use lambda_support::engine::EngineConfig;
use lambda_support::secrets::SecretsEndpoint;

/// Where a topic function finds its secrets, its database and the engine.
#[derive(Debug, Clone)]
pub struct TopicConfig {
    /// `OMS_SECRETS_ENDPOINT`.
    pub secrets: SecretsEndpoint,
    /// `OMS_DATABASE_SECRET_ID`, `OMS_DATABASE_CA_PATH`, `OMS_DATABASE_ADDRESS`: login of the function's own role.
    pub database: DatabaseConfig,
    /// `OMS_ENGINE_URL`, `OMS_ENGINE_SECRET_ID`: the engine and the login at it.
    pub engine: EngineConfig,
}

impl TopicConfig {
    /// Reads the environment.
    ///
    /// # Errors
    /// [`ConfigError`] with every missing or wrong setting.
    pub fn from_env() -> Result<Self, ConfigError> {
        let settings = Settings::from_env();
        let config = Self::read(&settings);
        settings.finish(|| config)
    }

    /// Reads given settings as a part of a larger config; problems are noted there.
    pub fn read(settings: &Settings) -> Option<Self> {
        let secrets = SecretsEndpoint::from_settings(settings);
        let database = DatabaseConfig::from_settings(settings);
        let engine = EngineConfig::from_settings(settings);
        Some(Self { secrets: secrets?, database: database?, engine: engine? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_setting_is_reported_at_once() {
        let settings = Settings::from_pairs([("OMS_ENGINE_URL", "engine")]);
        let config = TopicConfig::read(&settings);

        let error = settings.finish(|| config).expect_err("two settings are wrong");

        assert_eq!(error.problems().len(), 2, "{error}");
    }
}
