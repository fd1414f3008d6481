//! The real client against a server that answers as AWS does.

use std::time::Duration;

use lambda_support::config::Settings;
use serde_json::Value;
use wiremock::matchers::header;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::aws_client::{AwsClient, Limits, Service};
use crate::connection::AwsConnection;

const LONG: Duration = Duration::from_secs(5);

/// Calls once and never again, so that a test counts its calls.
pub(crate) fn client(service: Service, url: &str) -> AwsClient {
    limited(service, url, Limits { attempt: LONG, call: LONG })
}

/// The same with other limits.
pub(crate) fn limited(service: Service, url: &str, limits: Limits) -> AwsClient {
    let settings = Settings::from_pairs([
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "k3y"),
        ("AWS_SESSION_TOKEN", "t0ken"),
        ("AWS_ENDPOINT_URL", url),
    ]);
    let connection = AwsConnection::of(&settings, limits);
    connection.expect("complete settings").client(service).without_repeats()
}

pub(crate) fn sqs(url: &str) -> AwsClient {
    client(Service::Sqs, url)
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
