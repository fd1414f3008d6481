//! The real clients against a server that answers as AWS does.

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_sdk_sqs::config::{Credentials, Region};
use serde_json::Value;
use wiremock::matchers::header;
use wiremock::{Mock, MockServer, ResponseTemplate};

pub(crate) fn sqs(url: &str) -> aws_sdk_sqs::Client {
    aws_sdk_sqs::Client::new(&config(url))
}

pub(crate) fn event_bridge(url: &str) -> aws_sdk_eventbridge::Client {
    aws_sdk_eventbridge::Client::new(&config(url))
}

/// Calls once and never again, so that a test counts its calls.
fn config(url: &str) -> aws_config::SdkConfig {
    lambda_support::tls::install_provider();
    let credentials = Credentials::new("id", "secret", None, None, "test");
    aws_config::SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(url)
        .region(Region::from_static("eu-central-1"))
        .retry_config(RetryConfig::disabled())
        .credentials_provider(aws_sdk_sqs::config::SharedCredentialsProvider::new(credentials))
        .build()
}

/// Answers one call.
pub(crate) async fn aws(target: &str, answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(header("x-amz-target", target)).respond_with(answer).expect(1).mount(&server).await;
    server
}

/// The body of that call.
pub(crate) async fn sent(server: &MockServer) -> Value {
    server.received_requests().await.unwrap()[0].body_json().unwrap()
}
