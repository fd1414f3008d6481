//! The queue `fulfillment-steps`.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry};
use lambda_support::sqs_batch::TRACEPARENT_ATTRIBUTE;

use crate::connection::AwsConnection;
use crate::in_memory::InMemory;
use crate::refusal::{SinkRefusal, Taken};

/// A message for the queue `fulfillment-steps`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepMessage {
    /// The step, as JSON.
    pub body: String,
    /// Trace context that the executor passes on.
    pub traceparent: String,
}

/// Where steps go: SQS, or memory in tests.
#[derive(Debug)]
pub struct StepQueue(Kind);

#[derive(Debug)]
enum Kind {
    Sqs { client: Client, url: String },
    InMemory(InMemory<StepMessage>),
}

impl StepQueue {
    /// The real queue.
    #[must_use]
    pub fn connect(aws: &AwsConnection, url: &str) -> Self {
        Self::of_client(Client::new(aws.config()), url)
    }

    /// A queue that keeps everything, for tests.
    #[must_use]
    pub const fn in_memory() -> Self {
        Self(Kind::InMemory(InMemory::new()))
    }

    pub(crate) fn of_client(client: Client, url: &str) -> Self {
        Self(Kind::Sqs { client, url: url.to_owned() })
    }

    /// Sends at most [`BATCH`](crate::BATCH) steps; one answer per step, in their order.
    pub async fn send(&self, steps: &[StepMessage]) -> Vec<Taken> {
        match &self.0 {
            Kind::Sqs { client, url } => send_batch(client, url, steps)
                .await
                .unwrap_or_else(|refusal| vec![Err(refusal); steps.len()]),
            Kind::InMemory(memory) => memory.take(steps),
        }
    }

    /// What a queue in memory took; nothing for the real one.
    #[must_use]
    pub fn kept(&self) -> Vec<StepMessage> {
        match &self.0 {
            Kind::Sqs { .. } => Vec::new(),
            Kind::InMemory(memory) => memory.kept(),
        }
    }
}

async fn send_batch(
    client: &Client,
    url: &str,
    steps: &[StepMessage],
) -> Result<Vec<Taken>, SinkRefusal> {
    let mut call = client.send_message_batch().queue_url(url);
    for (index, step) in steps.iter().enumerate() {
        call = call.entries(entry(index, step)?);
    }
    let sent = call.send().await.map_err(|x| SinkRefusal::of_call(&aws_sdk_sqs::Error::from(x)))?;
    let mut taken = vec![Ok(()); steps.len()];
    for failed in sent.failed() {
        let index = failed.id().parse().unwrap_or(usize::MAX);
        if let Some(slot) = taken.get_mut(index) {
            let (is_permanent, reason) = (failed.sender_fault(), failed.code().to_owned());
            *slot = Err(SinkRefusal { is_permanent, reason });
        }
    }
    Ok(taken)
}

/// Its id is its place in the batch, so that a refusal finds its step.
fn entry(index: usize, step: &StepMessage) -> Result<SendMessageBatchRequestEntry, SinkRefusal> {
    let trace = MessageAttributeValue::builder()
        .data_type("String")
        .string_value(&step.traceparent)
        .build()
        .map_err(|x| SinkRefusal::of_call(&x))?;
    SendMessageBatchRequestEntry::builder()
        .id(index.to_string())
        .message_body(&step.body)
        .message_attributes(TRACEPARENT_ATTRIBUTE, trace)
        .build()
        .map_err(|x| SinkRefusal::of_call(&x))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wiremock::{MockServer, ResponseTemplate};

    use super::*;
    use crate::testing::{aws, sent, sqs};

    fn queue(server: &MockServer) -> StepQueue {
        let url = format!("{}/000000000000/fulfillment-steps", server.uri());
        StepQueue::of_client(sqs(&server.uri()), &url)
    }

    fn step(body: &str) -> StepMessage {
        StepMessage { body: body.to_owned(), traceparent: "00-1".to_owned() }
    }

    #[tokio::test]
    async fn a_refused_entry_of_a_queue_batch_is_told_from_its_neighbours() {
        let answer = json!({
            "Successful": [{"Id": "0", "MessageId": "m", "MD5OfMessageBody": "x"}],
            "Failed": [{"Id": "1", "SenderFault": true, "Code": "InvalidMessageContents"}]
        });
        let answer = ResponseTemplate::new(200).set_body_json(answer);
        let server = aws("AmazonSQS.SendMessageBatch", answer).await;

        let taken = queue(&server).send(&[step("a"), step("b")]).await;

        let reason = "InvalidMessageContents".to_owned();
        assert_eq!(taken, [Ok(()), Err(SinkRefusal { is_permanent: true, reason })]);
        let entries = &sent(&server).await["Entries"];
        assert_eq!(entries[1]["MessageBody"], "b");
        assert_eq!(entries[1]["MessageAttributes"]["traceparent"]["StringValue"], "00-1");
    }

    #[tokio::test]
    async fn a_queue_that_is_down_refuses_every_step_for_now() {
        let server = aws("AmazonSQS.SendMessageBatch", ResponseTemplate::new(503)).await;

        let taken = queue(&server).send(&[step("a"), step("b")]).await;

        assert_eq!(taken.len(), 2);
        assert!(taken.iter().all(|x| matches!(x, Err(SinkRefusal { is_permanent: false, .. }))));
    }
}
