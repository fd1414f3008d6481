//! Calls of the AWS services that speak JSON: signed, and repeated while they fail in passing.
//!
//! Eight operations of two services are all that is used, and a client of the SDK pays for the
//! others at every start (`docs/adr/0023`). What is hard about a call, its signature, is done by the
//! SDK's own signer.

mod call_error;
mod signature;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use lambda_support::jitter;
use reqwest::Url;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::environment::Environment;

pub(crate) use call_error::CallError;

/// The first attempt and two more.
const ATTEMPTS: u32 = 3;
/// Doubled with each attempt, with full jitter.
const PAUSE: Duration = Duration::from_millis(200);

/// A service, as its protocol names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Sqs,
    EventBridge,
}

/// How long calls may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// One attempt, from connecting to the last byte of the answer; the HTTP client keeps it.
    pub(crate) attempt: Duration,
    /// All attempts together.
    pub(crate) call: Duration,
}

/// One service at one endpoint.
#[derive(Debug, Clone)]
pub(crate) struct AwsClient {
    http: reqwest::Client,
    service: Service,
    endpoint: String,
    environment: Arc<Environment>,
    limit: Duration,
    attempts: u32,
}

impl Service {
    /// The name in a signature's scope, which is also the first label of the host.
    const fn scope(self) -> &'static str {
        match self {
            Self::Sqs => "sqs",
            Self::EventBridge => "events",
        }
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::Sqs => "application/x-amz-json-1.0",
            Self::EventBridge => "application/x-amz-json-1.1",
        }
    }

    fn target(self, operation: &str) -> String {
        let prefix = match self {
            Self::Sqs => "AmazonSQS",
            Self::EventBridge => "AWSEvents",
        };
        format!("{prefix}.{operation}")
    }

    /// The public endpoint of a region; those of China have an ending of their own.
    fn endpoint(self, region: &str) -> String {
        let ending = if region.starts_with("cn-") { ".cn" } else { "" };
        format!("https://{}.{region}.amazonaws.com{ending}/", self.scope())
    }
}

impl AwsClient {
    pub(crate) fn new(
        service: Service,
        http: reqwest::Client,
        environment: Arc<Environment>,
        limit: Duration,
    ) -> Self {
        let given = environment.endpoint.as_ref().map(|x| x.as_str().to_owned());
        let endpoint = given.unwrap_or_else(|| service.endpoint(&environment.region));
        Self { http, service, endpoint, environment, limit, attempts: ATTEMPTS }
    }

    /// The same service somewhere else.
    pub(crate) fn at(mut self, endpoint: &Url) -> Self {
        endpoint.as_str().clone_into(&mut self.endpoint);
        self
    }

    /// Calls once and never again, so that a test counts its calls.
    #[cfg(test)]
    pub(crate) const fn without_repeats(mut self) -> Self {
        self.attempts = 1;
        self
    }

    /// Calls until the service has said yes or no, or there is no time or attempt left.
    ///
    /// A call whose answer was lost is repeated too: what receivers get twice they know by its id.
    pub(crate) async fn call<A: DeserializeOwned>(
        &self,
        operation: &'static str,
        request: &impl Serialize,
    ) -> Result<A, CallError> {
        let body = serde_json::to_vec(request).map_err(CallError::request(operation))?;
        let calling = self.call_repeatedly(operation, &body);
        let answered = tokio::time::timeout(self.limit, calling).await;
        let mut answer = answered.map_err(|_| CallError::OutOfTime { operation })??;
        if answer.is_empty() {
            // Operations without a result.
            answer = Bytes::from_static(b"{}");
        }
        serde_json::from_slice(&answer).map_err(CallError::answer(operation))
    }

    async fn call_repeatedly(
        &self,
        operation: &'static str,
        body: &[u8],
    ) -> Result<Bytes, CallError> {
        let mut tries = 1;
        loop {
            match self.call_once(operation, body.to_vec()).await {
                Err(error) if error.is_in_passing() && tries < self.attempts => {
                    let pause = jitter::back_off(tries, PAUSE, self.limit);
                    #[expect(clippy::disallowed_methods, reason = "the pause before a repeat")]
                    tokio::time::sleep(pause).await;
                    tries += 1;
                }
                settled => return settled,
            }
        }
    }

    async fn call_once(&self, operation: &'static str, body: Vec<u8>) -> Result<Bytes, CallError> {
        let mut request = http::Request::post(self.endpoint.as_str())
            .header("content-type", self.service.content_type())
            .header("x-amz-target", self.service.target(operation))
            .body(body)
            .map_err(CallError::request(operation))?;
        let signed = (self.service.scope(), SystemTime::now());
        signature::sign(&mut request, signed, &self.environment)
            .map_err(CallError::request(operation))?;
        let request = request.try_into().map_err(CallError::request(operation))?;
        let answer = self.http.execute(request).await.map_err(CallError::transport(operation))?;
        if answer.status().is_success() {
            return answer.bytes().await.map_err(CallError::transport(operation));
        }
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.bytes().await.map_err(CallError::transport(operation))?;
        Err(CallError::refused(operation, status, (&headers, &body)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use wiremock::matchers::header;
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;
    use crate::testing::{aws, client, limited};

    async fn send(server: &MockServer, attempts: u32) -> Result<Value, CallError> {
        let client = AwsClient { attempts, ..client(Service::Sqs, &server.uri()) };
        client.call("SendMessage", &json!({"MessageBody": "{}"})).await
    }

    async fn answering(answers: Vec<(ResponseTemplate, u64)>) -> MockServer {
        let server = MockServer::start().await;
        for (answer, times) in answers {
            let mock = Mock::given(header("x-amz-target", "AmazonSQS.SendMessage"));
            let mock = mock.respond_with(answer).up_to_n_times(times).expect(times);
            mock.mount(&server).await;
        }
        server
    }

    fn success() -> ResponseTemplate {
        ResponseTemplate::new(200).set_body_json(json!({"MessageId": "1"}))
    }

    #[test]
    fn each_region_has_an_endpoint_of_its_own() {
        let (frankfurt, beijing) = ("eu-central-1", "cn-north-1");

        assert_eq!(Service::Sqs.endpoint(frankfurt), "https://sqs.eu-central-1.amazonaws.com/");
        let events = "https://events.cn-north-1.amazonaws.com.cn/";
        assert_eq!(Service::EventBridge.endpoint(beijing), events);
    }

    #[tokio::test]
    async fn a_call_goes_to_the_endpoint_signed_with_the_environments_credentials() {
        let server = aws("AmazonSQS.SendMessage", success()).await;

        send(&server, 1).await.expect("the queue took it");

        let request = &server.received_requests().await.unwrap()[0];
        let header = |name: &str| request.headers[name].to_str().unwrap().to_owned();
        let signed_by = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/";
        assert!(header("authorization").starts_with(signed_by));
        assert!(header("authorization").contains("/eu-central-1/sqs/aws4_request"));
        assert!(header("authorization").contains("x-amz-target"));
        assert_eq!(header("x-amz-security-token"), "t0ken");
        assert_eq!(header("content-type"), "application/x-amz-json-1.0");
    }

    #[tokio::test]
    async fn the_signature_fits_what_arrived() {
        let server = aws("AmazonSQS.SendMessage", success()).await;

        send(&server, 1).await.expect("the queue took it");

        let arrived = &server.received_requests().await.unwrap()[0];
        let header = |name: &str| arrived.headers[name].to_str().unwrap().to_owned();
        assert_eq!(header("host"), server.address().to_string());
        let mut again = http::Request::post(format!("http://{}/", header("host")));
        for name in ["content-type", "x-amz-target"] {
            again = again.header(name, header(name));
        }
        let mut again = again.body(arrived.body.clone()).unwrap();
        let environment = &client(Service::Sqs, &server.uri()).environment;
        let signed = ("sqs", time_of(&header("x-amz-date")));
        signature::sign(&mut again, signed, environment).unwrap();
        assert_eq!(again.headers()["authorization"].to_str().unwrap(), header("authorization"));
    }

    /// `20260504T100000Z`.
    fn time_of(date: &str) -> SystemTime {
        date.parse::<jiff::Timestamp>().unwrap().into()
    }

    #[tokio::test]
    async fn a_call_that_failed_in_passing_is_repeated() {
        let server = answering(vec![(ResponseTemplate::new(503), 2), (success(), 1)]).await;

        send(&server, ATTEMPTS).await.expect("the third attempt worked");
    }

    #[tokio::test]
    async fn a_refusal_that_lasts_is_not_repeated() {
        let no = json!({"__type": "com.amazonaws.sqs#QueueDoesNotExist"});
        let no = ResponseTemplate::new(400).set_body_json(no);
        let server = answering(vec![(no, 1)]).await;

        let refused = send(&server, ATTEMPTS).await.expect_err("there is no such queue");

        assert!(matches!(refused, CallError::Refused { code, .. } if code == "QueueDoesNotExist"));
    }

    fn impatient(server: &MockServer, attempt_ms: u64, call: Duration) -> AwsClient {
        let limits = Limits { attempt: Duration::from_millis(attempt_ms), call };
        AwsClient { attempts: ATTEMPTS, ..limited(Service::Sqs, &server.uri(), limits) }
    }

    #[tokio::test]
    async fn a_call_whose_answer_is_late_is_repeated() {
        let late = success().set_delay(Duration::from_secs(30));
        let server = answering(vec![(late, 1), (success(), 1)]).await;
        let client = impatient(&server, 500, Duration::from_secs(20));

        let answer: Result<Value, _> = client.call("SendMessage", &json!({})).await;

        answer.expect("the second attempt worked");
    }

    #[tokio::test]
    async fn all_attempts_together_end_in_time() {
        let late = success().set_delay(Duration::from_secs(30));
        let server = MockServer::start().await;
        Mock::given(wiremock::matchers::any()).respond_with(late).mount(&server).await;
        let client = impatient(&server, 200, Duration::from_millis(300));

        let late: Result<Value, _> = client.call("SendMessage", &json!({})).await;

        assert!(matches!(late, Err(CallError::OutOfTime { operation: "SendMessage" })), "{late:?}");
    }
}
