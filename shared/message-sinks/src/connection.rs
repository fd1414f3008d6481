//! How AWS is reached: whose credentials, which region, how long a call may take.
//!
//! The usual chains of the SDK look into profile files, containers and the machine's metadata for
//! what Lambda always puts into the environment; a start pays for that, so nothing is looked for.

use std::time::Duration;

use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_types::SdkConfig;
use lambda_support::config::{ConfigError, Settings};
use lambda_support::http::ClientError;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use crate::http::sdk_client;

const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
const CALL_TIMEOUT: Duration = Duration::from_secs(9);

/// One way to AWS for several sinks, so that they share its HTTP client.
#[derive(Debug)]
pub struct AwsConnection(SdkConfig);

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
        let settings = Settings::from_env();
        sdk_config(&settings, ATTEMPT_TIMEOUT, CALL_TIMEOUT).map(Self)
    }

    pub(crate) const fn config(&self) -> &SdkConfig {
        &self.0
    }
}

/// What the platform puts into the environment.
struct Environment {
    region: String,
    key_id: SecretString,
    secret_key: SecretString,
    session_token: Option<SecretString>,
    endpoint: Option<Url>,
}

impl Environment {
    fn read(settings: &Settings) -> Result<Self, ConfigError> {
        let region = settings.text("AWS_REGION");
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

    fn credentials(&self) -> Credentials {
        let session_token = self.session_token.as_ref().map(|it| it.expose_secret().to_owned());
        let (id, key) = (self.key_id.expose_secret(), self.secret_key.expose_secret());
        // Without an end: Lambda gives new ones to new processes only.
        Credentials::new(id, key, session_token, None, "environment")
    }
}

fn credential(settings: &Settings, name: &str) -> Option<SecretString> {
    let credential = settings.optional_credential(name);
    if credential.is_none() {
        settings.note(name, "is missing");
    }
    credential
}

/// One attempt ends after the first time, all attempts of the SDK together after the second.
pub(crate) fn sdk_config(
    settings: &Settings,
    attempt: Duration,
    call: Duration,
) -> Result<SdkConfig, ConnectionError> {
    let environment = Environment::read(settings).map_err(ConnectionError::Settings)?;
    let timeouts =
        TimeoutConfig::builder().operation_attempt_timeout(attempt).operation_timeout(call).build();
    let mut builder = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(environment.credentials()))
        .region(Region::new(environment.region))
        .timeout_config(timeouts)
        .http_client(sdk_client(attempt).map_err(ConnectionError::Client)?);
    builder.set_endpoint_url(environment.endpoint.map(String::from));
    Ok(builder.build())
}

#[cfg(test)]
mod tests {
    use wiremock::{MockServer, ResponseTemplate};

    use super::*;
    use crate::testing::aws;

    const TARGET: &str = "AmazonSQS.SendMessage";
    const LONG: Duration = Duration::from_secs(5);

    fn environment(server: &MockServer) -> Settings {
        Settings::from_pairs([
            ("AWS_REGION", "eu-central-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "k3y".to_owned()),
            ("AWS_SESSION_TOKEN", "t0ken".to_owned()),
            ("AWS_ENDPOINT_URL", server.uri()),
        ])
    }

    async fn send(server: &MockServer, attempt: Duration) -> Result<(), aws_sdk_sqs::Error> {
        let config = sdk_config(&environment(server), attempt, attempt).expect("it is complete");
        let call = aws_sdk_sqs::Client::new(&config).send_message();
        call.queue_url(format!("{}/1/q", server.uri())).message_body("{}").send().await?;
        Ok(())
    }

    #[test]
    fn everything_that_the_environment_lacks_is_named_and_nothing_is_looked_for() {
        let error = sdk_config(&Settings::default(), LONG, LONG).expect_err("nothing is set");

        let ConnectionError::Settings(error) = error else { panic!("{error}") };
        let missing = ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
        assert_eq!(error.problems(), missing.map(|name| format!("{name} is missing")));
    }

    #[tokio::test]
    async fn a_call_goes_to_the_endpoint_signed_with_the_environments_credentials() {
        let answer = ResponseTemplate::new(200).set_body_json(serde_json::json!({}));
        let server = aws(TARGET, answer).await;

        send(&server, LONG).await.expect("the queue took it");

        let request = &server.received_requests().await.unwrap()[0];
        let header = |name: &str| request.headers[name].to_str().unwrap().to_owned();
        let signed_by = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/";
        assert!(header("authorization").starts_with(signed_by));
        assert!(header("authorization").contains("/eu-central-1/sqs/"));
        assert_eq!(header("x-amz-security-token"), "t0ken");
    }

    #[tokio::test]
    async fn a_call_that_failed_in_passing_is_repeated_by_the_sdk() {
        let server = MockServer::start().await;
        let once = |answer: ResponseTemplate| {
            let mock = wiremock::Mock::given(wiremock::matchers::header("x-amz-target", TARGET));
            mock.respond_with(answer).up_to_n_times(1).expect(1).mount(&server)
        };
        once(ResponseTemplate::new(503)).await;
        once(ResponseTemplate::new(200).set_body_json(serde_json::json!({}))).await;

        send(&server, LONG).await.expect("the second attempt worked");
    }
}
