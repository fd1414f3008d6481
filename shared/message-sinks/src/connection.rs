//! How AWS is reached: by whose leave, over which HTTP client, how long a call may take.

use std::sync::Arc;
use std::time::Duration;

use lambda_support::config::{ConfigError, Settings};
use lambda_support::http::{ClientError, client};

use crate::aws_client::{AwsClient, Limits, Service};
use crate::environment::Environment;

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
