//! How AWS is reached: whose credentials, which region, how long a call may take.
//!
//! An SDK looks into profile files, containers and the machine's metadata for what Lambda always
//! puts into the environment; a start pays for that, so nothing is looked for.

use std::sync::Arc;
use std::time::Duration;

use lambda_support::config::{ConfigError, Settings};
use lambda_support::http::{ClientError, client};
use reqwest::Url;
use secrecy::SecretString;

use crate::aws_client::{AwsClient, Limits, Service};

const LIMITS: Limits = Limits { attempt: Duration::from_secs(3), call: Duration::from_secs(9) };

/// One way to AWS for several sinks, so that they share its HTTP client.
#[derive(Debug)]
pub struct AwsConnection {
    http: reqwest::Client,
    environment: Arc<Environment>,
    limit: Duration,
}

/// There is no way to AWS.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// The environment is not that of a Lambda function.
    #[error("the environment lacks what AWS is reached with")]
    Settings(#[source] ConfigError),
    /// The HTTP client could not be made.
    #[error("the HTTP client for AWS could not be made")]
    Client(#[source] ClientError),
}

/// What the platform puts into the environment.
#[derive(Debug)]
pub(crate) struct Environment {
    pub(crate) region: String,
    pub(crate) key_id: SecretString,
    pub(crate) secret_key: SecretString,
    pub(crate) session_token: Option<SecretString>,
    /// Replaces the service's own endpoint.
    pub(crate) endpoint: Option<Url>,
}

impl AwsConnection {
    /// Takes the environment's credentials, region and endpoint, and looks nowhere else.
    ///
    /// # Errors
    /// [`ConnectionError`]; nothing was asked of AWS.
    pub fn from_environment() -> Result<Self, ConnectionError> {
        Self::of(&Settings::from_env(), LIMITS)
    }

    /// One attempt ends after the first limit, all attempts together after the second.
    pub(crate) fn of(settings: &Settings, limits: Limits) -> Result<Self, ConnectionError> {
        let environment = Environment::read(settings).map_err(ConnectionError::Settings)?;
        let http = client(limits.attempt).map_err(ConnectionError::Client)?;
        Ok(Self { http, environment: Arc::new(environment), limit: limits.call })
    }

    pub(crate) fn client(&self, service: Service) -> AwsClient {
        AwsClient::new(service, self.http.clone(), Arc::clone(&self.environment), self.limit)
    }
}

impl Environment {
    fn read(settings: &Settings) -> Result<Self, ConfigError> {
        let region = settings.parsed("AWS_REGION", region);
        let key_id = credential(settings, "AWS_ACCESS_KEY_ID");
        let secret_key = credential(settings, "AWS_SECRET_ACCESS_KEY");
        let session_token = settings.optional_credential("AWS_SESSION_TOKEN");
        let endpoint = settings.optional_url("AWS_ENDPOINT_URL");
        settings.finish(|| {
            Some(Self {
                region: region?,
                key_id: key_id?,
                secret_key: secret_key?,
                session_token,
                endpoint: endpoint?,
            })
        })
    }
}

/// A region is part of a host name.
fn region(text: &str) -> Result<String, String> {
    let is_label = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if text.chars().all(is_label) {
        Ok(text.to_owned())
    } else {
        Err("must be the name of a region".to_owned())
    }
}

fn credential(settings: &Settings, name: &str) -> Option<SecretString> {
    let credential = settings.optional_credential(name);
    if credential.is_none() {
        settings.note(name, "is missing");
    }
    credential
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_the_environment_lacks_is_named_and_nothing_is_looked_for() {
        let error = AwsConnection::of(&Settings::default(), LIMITS).expect_err("nothing is set");

        let ConnectionError::Settings(error) = error else { panic!("{error}") };
        let missing = ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
        assert_eq!(error.problems(), missing.map(|name| format!("{name} is missing")));
    }

    #[test]
    fn a_region_that_is_no_part_of_a_host_name_is_noted() {
        let settings = Settings::from_pairs([
            ("AWS_REGION", "example.com/"),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "key"),
        ]);

        let error = AwsConnection::of(&settings, LIMITS).expect_err("a host name");

        assert!(
            matches!(error, ConnectionError::Settings(x) if x.problems() == ["AWS_REGION must be the name of a region"])
        );
    }
}
