//! How AWS is reached: whose credentials, which region, how long a call may take.

use std::time::Duration;

use aws_config::environment::{
    EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider,
};
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, SdkConfig};

const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
const CALL_TIMEOUT: Duration = Duration::from_secs(9);

/// One way to AWS for several sinks, so that they share its HTTP client and TLS roots.
#[derive(Debug)]
pub struct AwsConnection(SdkConfig);

impl AwsConnection {
    /// Takes the environment's credentials, region and endpoint, and looks nowhere else.
    pub async fn from_environment() -> Self {
        let loader = loader(ATTEMPT_TIMEOUT, CALL_TIMEOUT)
            .credentials_provider(EnvironmentVariableCredentialsProvider::new())
            .region(EnvironmentVariableRegionProvider::new());
        Self(loader.load().await)
    }

    pub(crate) const fn config(&self) -> &SdkConfig {
        &self.0
    }
}

/// One attempt ends after the first time, all attempts of the SDK together after the second.
pub(crate) fn loader(attempt: Duration, call: Duration) -> ConfigLoader {
    let timeouts =
        TimeoutConfig::builder().operation_attempt_timeout(attempt).operation_timeout(call).build();
    aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts)
}
