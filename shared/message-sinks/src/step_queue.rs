//! The queue `fulfillment-steps`.

use std::collections::BTreeMap;

use lambda_support::sqs_batch::TRACEPARENT_ATTRIBUTE;
use serde::{Deserialize, Serialize};

use crate::aws_client::{AwsClient, Service};
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
    Sqs { client: AwsClient, url: String },
    InMemory(InMemory<StepMessage>),
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SendMessageBatch<'a> {
    queue_url: &'a str,
    entries: Vec<Entry<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Entry<'a> {
    id: String,
    message_body: &'a str,
    message_attributes: BTreeMap<&'static str, Attribute<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute<'a> {
    data_type: &'static str,
    string_value: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendMessageBatchAnswer {
    successful: Option<Vec<Successful>>,
    failed: Option<Vec<Failed>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Successful {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Failed {
    id: String,
    #[serde(default)]
    sender_fault: bool,
    #[serde(default)]
    code: String,
}

impl StepQueue {
    /// The real queue.
    #[must_use]
    pub fn connect(aws: &AwsConnection, url: &str) -> Self {
        Self::of_client(aws.client(Service::Sqs), url)
    }

    /// A queue that keeps everything, for tests.
    #[must_use]
    pub const fn in_memory() -> Self {
        Self(Kind::InMemory(InMemory::new()))
    }

    pub(crate) fn of_client(client: AwsClient, url: &str) -> Self {
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
    client: &AwsClient,
    queue_url: &str,
    steps: &[StepMessage],
) -> Result<Vec<Taken>, SinkRefusal> {
    let entries = steps.iter().enumerate().map(|(index, step)| Entry::of(index, step)).collect();
    let answer: SendMessageBatchAnswer = client
        .call("SendMessageBatch", &SendMessageBatch { queue_url, entries })
        .await
        .map_err(|x| SinkRefusal::of_call(&x))?;
    let unanswered = SinkRefusal::for_now("the queue did not answer for this step");
    let mut taken = vec![Err(unanswered); steps.len()];
    let successful = answer.successful.into_iter().flatten().map(|x| (x.id, Ok(())));
    let failed = answer.failed.into_iter().flatten().map(|x| {
        let refusal = SinkRefusal { is_permanent: x.sender_fault, reason: x.code };
        (x.id, Err(refusal))
    });
    for (id, verdict) in successful.chain(failed) {
        if let Some(slot) = id.parse().ok().and_then(|index: usize| taken.get_mut(index)) {
            *slot = verdict;
        }
    }
    Ok(taken)
}

impl<'a> Entry<'a> {
    /// Its id is its place in the batch, so that an answer finds its step.
    fn of(index: usize, step: &'a StepMessage) -> Self {
        let trace = Attribute { data_type: "String", string_value: &step.traceparent };
        Self {
            id: index.to_string(),
            message_body: &step.body,
            message_attributes: BTreeMap::from([(TRACEPARENT_ATTRIBUTE, trace)]),
        }
    }
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
        let entry = |id: &str, body: &str| {
            json!({"Id": id, "MessageBody": body, "MessageAttributes":
                {"traceparent": {"DataType": "String", "StringValue": "00-1"}}})
        };
        let url = format!("{}/000000000000/fulfillment-steps", server.uri());
        let asked = json!({"QueueUrl": url, "Entries": [entry("0", "a"), entry("1", "b")]});
        assert_eq!(sent(&server).await, asked);
    }

    #[tokio::test]
    async fn an_entry_without_an_answer_does_not_count_as_sent() {
        let answer = json!({"Successful": [{"Id": "1", "MessageId": "m"}], "Failed": null});
        let answer = ResponseTemplate::new(200).set_body_json(answer);
        let server = aws("AmazonSQS.SendMessageBatch", answer).await;

        let taken = queue(&server).send(&[step("a"), step("b")]).await;

        let refusal = SinkRefusal::for_now("the queue did not answer for this step");
        assert_eq!(taken, [Err(refusal), Ok(())]);
    }

    #[tokio::test]
    async fn a_queue_that_is_down_refuses_every_step_for_now() {
        let server = aws("AmazonSQS.SendMessageBatch", ResponseTemplate::new(503)).await;

        let taken = queue(&server).send(&[step("a"), step("b")]).await;

        assert_eq!(taken.len(), 2);
        assert!(taken.iter().all(|x| matches!(x, Err(SinkRefusal { is_permanent: false, .. }))));
    }
}
