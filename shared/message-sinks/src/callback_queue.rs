//! The queue `external-callbacks`.

use std::time::Duration;

use external_systems::callback::CallbackEnvelope;
use lambda_support::config::Settings;

use crate::aws_client::{AwsClient, Limits, Service};
use crate::connection::{AwsConnection, ConnectionError};
use crate::in_memory::InMemory;
use crate::send_message::send_message;

/// The sender of the callback waits, so one attempt must end well before its own time-out.
const LIMITS: Limits = Limits { attempt: Duration::from_secs(2), call: Duration::from_secs(6) };

/// Where callback envelopes go: SQS, or memory in tests.
#[derive(Debug)]
pub struct CallbackQueue(Kind);

#[derive(Debug)]
enum Kind {
    /// Retries by itself, for six seconds in all.
    Sqs { client: AwsClient, url: String },
    /// One that is down refuses everything, as during an outage.
    InMemory { kept: InMemory<CallbackEnvelope>, is_down: bool },
}

/// The envelope may or may not be on the queue; the sender must repeat its callback.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The envelope could not be written as JSON.
    #[error("the callback envelope could not be encoded")]
    Encode(#[source] serde_json::Error),
    /// SQS refused it or did not answer in time.
    #[error("the callback envelope could not be sent")]
    Send(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A test switched the queue off.
    #[error("the queue is down")]
    Down,
}

impl CallbackQueue {
    /// Connects with the credentials and region of the function's environment.
    ///
    /// # Errors
    /// [`ConnectionError`]; nothing was asked of the queue.
    pub fn connect(url: &str) -> Result<Self, ConnectionError> {
        let aws = AwsConnection::of(&Settings::from_env(), LIMITS)?;
        Ok(Self::of_client(aws.client(Service::Sqs), url))
    }

    /// A queue in memory; `is_down` makes every send fail.
    #[must_use]
    pub const fn in_memory(is_down: bool) -> Self {
        Self(Kind::InMemory { kept: InMemory::new(), is_down })
    }

    pub(crate) fn of_client(client: AwsClient, url: &str) -> Self {
        Self(Kind::Sqs { client, url: url.to_owned() })
    }

    /// Sends one envelope and returns when the queue has it.
    ///
    /// # Errors
    ///
    /// [`SendError`]; sending the same callback again is harmless, the inbox knows its id.
    pub async fn send(&self, envelope: CallbackEnvelope) -> Result<(), SendError> {
        match &self.0 {
            Kind::Sqs { client, url } => {
                let body = serde_json::to_string(&envelope).map_err(SendError::Encode)?;
                let sent = send_message(client, url, &body, None).await;
                sent.map_err(|error| SendError::Send(Box::new(error)))
            }
            Kind::InMemory { is_down: true, .. } => Err(SendError::Down),
            Kind::InMemory { kept, is_down: false } => {
                kept.take(&[envelope]).remove(0).map_err(|_refusal| SendError::Down)
            }
        }
    }

    /// What a queue in memory got; nothing for the real one.
    #[must_use]
    pub fn kept(&self) -> Vec<CallbackEnvelope> {
        match &self.0 {
            Kind::Sqs { .. } => Vec::new(),
            Kind::InMemory { kept, .. } => kept.kept(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wiremock::{MockServer, ResponseTemplate};

    use super::*;
    use crate::testing::{aws, sent, sqs};

    const TARGET: &str = "AmazonSQS.SendMessage";

    fn queue(server: &MockServer) -> CallbackQueue {
        let url = format!("{}/1/external-callbacks", server.uri());
        CallbackQueue::of_client(sqs(&server.uri()), &url)
    }

    fn envelope() -> CallbackEnvelope {
        serde_json::from_value(json!({
            "tenantId": "acme", "system": "INVENTORY", "messageId": "msg_1", "bodyBase64": "",
            "receivedAt": "2026-05-04T10:00:00Z", "contentType": "application/json",
        }))
        .unwrap()
    }

    #[tokio::test]
    async fn the_envelope_is_the_body_of_the_message() {
        let answer = ResponseTemplate::new(200).set_body_json(json!({"MessageId": "1"}));
        let server = aws(TARGET, answer).await;

        queue(&server).send(envelope()).await.expect("the queue took it");

        let body = serde_json::to_string(&envelope()).unwrap();
        let url = format!("{}/1/external-callbacks", server.uri());
        assert_eq!(sent(&server).await, json!({"QueueUrl": url, "MessageBody": body}));
    }

    #[tokio::test]
    async fn a_success_that_names_no_message_is_an_error() {
        let empty = ResponseTemplate::new(200);
        for nothing in [empty.clone(), empty.set_body_json(json!({}))] {
            let server = aws(TARGET, nothing).await;

            let said = queue(&server).send(envelope()).await;

            assert!(matches!(said, Err(SendError::Send(_))), "{said:?}");
        }
    }

    #[tokio::test]
    async fn what_the_queue_did_not_take_is_an_error() {
        let server = aws(TARGET, ResponseTemplate::new(503)).await;

        let refused = queue(&server).send(envelope()).await;

        assert!(matches!(refused, Err(SendError::Send(_))));
    }
}
