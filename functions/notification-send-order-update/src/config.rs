//! The settings of this function.

use lambda_support::config::{ConfigError, Settings};
use reqwest::Url;
use topic_worker::TopicConfig;

/// What the function needs to know before the first task.
#[derive(Debug, Clone)]
pub struct Config {
    /// What every topic function needs.
    pub topic: TopicConfig,
    /// `OMS_CALLBACK_BASE_URL`: where an ASYNC notification system reports.
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
        let topic = TopicConfig::read(settings);
        let callback_base_url = settings.url("OMS_CALLBACK_BASE_URL");
        settings.finish(|| Some(Self { topic: topic?, callback_base_url: callback_base_url? }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_missing_settings_are_named_at_once() {
        let error = Config::from_settings(&Settings::default()).expect_err("nothing is set");

        assert_eq!(error.problems().len(), 3, "{error}");
    }
}
