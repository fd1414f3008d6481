//! Reading a queue: the demo compares what arrived behind the event bus with what was recorded.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::json;

use super::AwsClient;

/// The most that one request may ask for.
const BATCH: usize = 10;

/// A queue of the emulator.
#[derive(Debug, Clone)]
pub struct Queue {
    client: AwsClient,
    url: String,
}

/// A received message; it comes again after the queue's visibility timeout unless it is deleted.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Message {
    pub message_id: String,
    pub receipt_handle: String,
    pub body: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Received {
    #[serde(default)]
    messages: Vec<Message>,
}

impl Queue {
    pub(super) fn new(client: AwsClient, url: &str) -> Self {
        Self { client, url: url.to_owned() }
    }

    /// Up to ten messages, waiting up to `wait_seconds` for the first one.
    ///
    /// # Errors
    /// The queue does not exist or the emulator does not answer.
    pub async fn receive(&self, wait_seconds: u8) -> Result<Vec<Message>> {
        let input = json!({
            "QueueUrl": self.url, "MaxNumberOfMessages": BATCH, "WaitTimeSeconds": wait_seconds,
        });
        let answer = self.client.call("AmazonSQS.ReceiveMessage", &input).await?;
        let received: Received = serde_json::from_value(answer)?;
        Ok(received.messages)
    }

    /// Takes everything that is there: received and deleted, until a receive finds nothing.
    ///
    /// # Errors
    /// As for [`Queue::receive`].
    pub async fn drain(&self) -> Result<Vec<Message>> {
        let mut all = Vec::new();
        loop {
            let messages = self.receive(0).await?;
            if messages.is_empty() {
                return Ok(all);
            }
            for message in &messages {
                self.delete(message).await?;
            }
            all.extend(messages);
        }
    }

    /// # Errors
    /// The queue does not exist or the emulator does not answer.
    pub async fn delete(&self, message: &Message) -> Result<()> {
        let input = json!({"QueueUrl": self.url, "ReceiptHandle": message.receipt_handle});
        self.client.call("AmazonSQS.DeleteMessage", &input).await.map(drop)
    }

    /// # Errors
    /// The queue does not exist or the emulator does not answer.
    pub async fn send(&self, body: &str) -> Result<()> {
        let input = json!({"QueueUrl": self.url, "MessageBody": body});
        self.client.call("AmazonSQS.SendMessage", &input).await.map(drop)
    }

    /// How long a message that nobody finished stays hidden.
    ///
    /// # Errors
    /// The queue does not exist or the emulator does not answer.
    pub async fn hide_for(&self, seconds: u32) -> Result<()> {
        let attributes = json!({"VisibilityTimeout": seconds.to_string()});
        let input = json!({"QueueUrl": self.url, "Attributes": attributes});
        self.client.call("AmazonSQS.SetQueueAttributes", &input).await.map(drop)
    }

    /// Messages that wait plus messages in work.
    ///
    /// # Errors
    /// The queue does not exist or the emulator does not answer.
    pub async fn count(&self) -> Result<u64> {
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        let input = json!({"QueueUrl": self.url, "AttributeNames": names});
        let answer = self.client.call("AmazonSQS.GetQueueAttributes", &input).await?;
        names.iter().map(|name| number(&answer["Attributes"][name])).sum()
    }
}

fn number(value: &serde_json::Value) -> Result<u64> {
    value.as_str().and_then(|text| text.parse().ok()).context("a queue without a count")
}
