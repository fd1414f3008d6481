//! Single requests to the emulator over HTTP: a second quicker than starting the command line.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::emulator::REGION;
use super::{Queue, URL};
use crate::http;
use crate::stack::StackState;

/// Migrations of a large database take their time; the function itself may run for 300 s.
const INVOCATION_LIMIT: Duration = Duration::from_secs(310);

/// The emulator's account.
#[derive(Debug, Clone)]
pub struct AwsClient {
    http: reqwest::Client,
    endpoint: String,
}

impl AwsClient {
    /// The account of a running stack.
    ///
    /// # Errors
    /// The stack has no emulator.
    pub fn of(state: &StackState) -> Result<Self> {
        Ok(Self { http: http::client()?, endpoint: state.endpoint(URL)?.to_owned() })
    }

    /// Invokes a function and waits for its answer.
    ///
    /// # Errors
    /// The function failed; the message is its own.
    pub async fn invoke(&self, deployed_name: &str, event: &Value) -> Result<Value> {
        let answer = self
            .invocation(deployed_name, "RequestResponse", event)
            .timeout(INVOCATION_LIMIT)
            .send()
            .await?
            .error_for_status()
            .with_context(|| format!("cannot invoke {deployed_name}"))?;
        let has_failed = answer.headers().contains_key("x-amz-function-error");
        let payload: Value = answer.json().await?;
        if has_failed || payload.get("errorType").is_some() {
            bail!("{deployed_name} failed: {payload}");
        }
        Ok(payload)
    }

    /// Has a function run without waiting for it, as a schedule would.
    ///
    /// # Errors
    /// There is no such function.
    pub async fn invoke_later(&self, deployed_name: &str, event: &Value) -> Result<()> {
        self.invocation(deployed_name, "Event", event)
            .send()
            .await?
            .error_for_status()
            .with_context(|| format!("cannot invoke {deployed_name}"))?;
        Ok(())
    }

    /// A queue by its name.
    ///
    /// # Errors
    /// There is none.
    pub async fn queue_named(&self, name: &str) -> Result<Queue> {
        let found = self.call("AmazonSQS.GetQueueUrl", &json!({ "QueueName": name })).await?;
        let url = found["QueueUrl"].as_str().with_context(|| format!("no queue {name}"))?;
        Ok(self.queue(url))
    }

    /// A queue by the address that the stack's outputs name.
    #[must_use]
    pub fn queue(&self, url: &str) -> Queue {
        Queue::new(self.clone(), url)
    }

    /// One call of a service that speaks JSON, for example `AmazonSQS.ReceiveMessage`.
    pub(super) async fn call(&self, operation: &str, input: &Value) -> Result<Value> {
        let service = if operation.starts_with("AmazonSQS") { "sqs" } else { "events" };
        let answer = self
            .request(Method::POST, service, "/")
            .header("X-Amz-Target", operation)
            .header("Content-Type", "application/x-amz-json-1.0")
            .body(input.to_string())
            .send()
            .await?;
        let status = answer.status();
        let text = answer.text().await?;
        if !status.is_success() {
            bail!("{operation}: {status} {text}");
        }
        serde_json::from_str(&text).with_context(|| format!("{operation}: {text}"))
    }

    /// A request with the name of the service where a signature would carry it.
    pub(super) fn request(&self, method: Method, service: &str, path: &str) -> RequestBuilder {
        let scope = format!("test/20260101/{REGION}/{service}/aws4_request");
        self.http.request(method, format!("{}{path}", self.endpoint)).header(
            "Authorization",
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"),
        )
    }

    fn invocation(&self, deployed_name: &str, kind: &str, event: &Value) -> RequestBuilder {
        let path = format!("/2015-03-31/functions/{deployed_name}/invocations");
        self.request(Method::POST, "lambda", &path)
            .header("X-Amz-Invocation-Type", kind)
            .json(event)
    }

    pub(super) async fn put_concurrency(&self, deployed_name: &str, limit: u64) -> Result<()> {
        let path = format!("/2017-10-31/functions/{deployed_name}/concurrency");
        self.request(Method::PUT, "lambda", &path)
            .json(&json!({"ReservedConcurrentExecutions": limit}))
            .send()
            .await?
            .error_for_status()
            .with_context(|| format!("cannot limit the concurrency of {deployed_name}"))?;
        Ok(())
    }
}
