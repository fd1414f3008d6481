//! The settings of this function.

use lambda_support::config::{ConfigError, Settings};
use lambda_support::secrets::SecretsEndpoint;
use reqwest::Url;

/// What the function needs to know before the first request.
#[derive(Debug, Clone)]
pub struct Config {
    /// `OMS_SECRETS_ENDPOINT`.
    pub secrets: SecretsEndpoint,
    /// `OMS_CALLBACK_QUEUE_URL`: where authenticated callbacks go.
    pub queue_url: Url,
    /// `OMS_WEBHOOK_SECRET_PREFIX`: a secret's id is `{prefix}/{tenant}/{system}`.
    pub webhook_secret_prefix: String,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with every missing or wrong setting.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_settings(&Settings::from_env())
    }

    /// Reads given settings.
    ///
    /// # Errors
    ///
    /// As [`Config::from_env`].
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        let secrets = SecretsEndpoint::from_settings(settings);
        let queue_url = settings.url("OMS_CALLBACK_QUEUE_URL");
        let webhook_secret_prefix = settings.text_or("OMS_WEBHOOK_SECRET_PREFIX", "oms/webhook");
        settings.finish(|| {
            Some(Self { secrets: secrets?, queue_url: queue_url?, webhook_secret_prefix })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_setting_is_reported_and_the_prefix_has_a_default() {
        let settings = Settings::from_pairs([("OMS_SECRETS_ENDPOINT", "not a url")]);
        let error = Config::from_settings(&settings).expect_err("two settings are wrong");
        assert_eq!(error.problems().len(), 2);

        let settings = Settings::from_pairs([("OMS_CALLBACK_QUEUE_URL", "http://localhost/q")]);
        let config = Config::from_settings(&settings).unwrap();
        assert_eq!(config.webhook_secret_prefix, "oms/webhook");
    }
}
