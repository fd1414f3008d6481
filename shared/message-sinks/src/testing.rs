//! The real clients against a server that answers as AWS does.

use std::time::Duration;

use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_types::SdkConfig;
use serde_json::Value;
use wiremock::matchers::header;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::http::sdk_client;

pub(crate) fn sqs(url: &str) -> aws_sdk_sqs::Client {
    aws_sdk_sqs::Client::new(&config(url))
}

pub(crate) fn event_bridge(url: &str) -> aws_sdk_eventbridge::Client {
    aws_sdk_eventbridge::Client::new(&config(url))
}

/// Calls once and never again, so that a test counts its calls.
fn config(url: &str) -> SdkConfig {
    let credentials = Credentials::new("id", "secret", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(url)
        .region(Region::from_static("eu-central-1"))
        .retry_config(RetryConfig::disabled())
        .http_client(sdk_client(Duration::from_secs(5)).expect("a client"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
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
