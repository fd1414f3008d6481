//! The settings of this function.

use std::time::Duration;

use external_systems::source::SourceSystemsSettings;
use lambda_support::config::{ConfigError, Settings};
use reqwest::Url;
use topic_worker::TopicConfig;

/// Limit of one read; the three are read at the same time, well within the task's lock of 30 s.
pub(crate) const SOURCE_TIMEOUT: Duration = Duration::from_secs(5);

/// What the function needs to know before the first task.
#[derive(Debug, Clone)]
pub struct Config {
    /// What every topic function needs.
    pub topic: TopicConfig,
    /// `OMS_CPQ_URL`: base URL of the CPQ.
    pub cpq_url: Url,
    /// `OMS_CUSTOMER_URL`: base URL of the customer system.
    pub customer_url: Url,
    /// `OMS_BILLING_ACCOUNT_URL`: base URL of the billing account system.
    pub billing_account_url: Url,
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
        let cpq_url = settings.url("OMS_CPQ_URL");
        let customer_url = settings.url("OMS_CUSTOMER_URL");
        let billing_account_url = settings.url("OMS_BILLING_ACCOUNT_URL");
        settings.finish(|| {
            Some(Self {
                topic: topic?,
                cpq_url: cpq_url?,
                customer_url: customer_url?,
                billing_account_url: billing_account_url?,
            })
        })
    }

    pub(crate) fn sources(&self) -> SourceSystemsSettings {
        SourceSystemsSettings {
            cpq_url: self.cpq_url.to_string(),
            customer_url: self.customer_url.to_string(),
            billing_account_url: self.billing_account_url.to_string(),
            request_timeout: SOURCE_TIMEOUT,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_missing_settings_are_named_at_once() {
        let error = Config::from_settings(&Settings::default()).expect_err("nothing is set");

        assert_eq!(error.problems().len(), 5, "{error}");
    }
}
