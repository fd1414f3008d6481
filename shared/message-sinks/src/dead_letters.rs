//! Dead-letter queues: what is in them and why, and the way back.
//!
//! Works with any endpoint that speaks SQS. Looking raises a message's receive count and hides it for
//! the time of the look. Redriving sends before it deletes: who dies in between leaves a message in
//! both queues, and every receiver of this system knows a duplicate.

mod protocol;

use std::collections::BTreeMap;
use std::time::Duration;

use lambda_support::config::Settings;
use reqwest::Url;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::aws_client::{AwsClient, CallError, Limits, Service};
use crate::connection::{AwsConnection, ConnectionError};
use crate::send_message::send_message;

use protocol::{
    Attributes, ChangeMessageVisibility, DeleteMessage, GetQueueAttributes, Message, Messages,
    Queues, ReceiveMessage,
};

const LIMITS: Limits = Limits { attempt: Duration::from_secs(5), call: Duration::from_secs(15) };
/// How long a message that is looked at or moved is hidden from others.
const HIDDEN_SECONDS: u32 = 60;
/// Most messages of one receive: the limit of SQS.
const PAGE: usize = 10;

/// The dead-letter queues behind one SQS endpoint.
#[derive(Debug)]
pub struct DeadLetters(AwsClient);

/// One dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterQueue {
    /// Its name, by convention that of its source with `-dlq`.
    pub name: String,
    /// The queues that give up into it; none for what was never in a queue, as a schedule's tick.
    pub sources: Vec<String>,
    /// Messages that wait in it.
    pub waiting_count: u64,
    url: String,
    source_url: Option<String>,
}

/// One message that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its id in the queue.
    pub message_id: String,
    /// How often it was handed out, looks included.
    pub receive_count: u32,
    /// When it was sent, in milliseconds since 1970.
    pub sent_at_ms: Option<u64>,
    /// Text attributes: the trace, and the reason where the sender gave one.
    pub attributes: BTreeMap<String, String>,
    /// The body; it may hold what must not be logged.
    pub body: String,
}

/// What could not be done.
#[derive(Debug, thiserror::Error)]
pub enum DeadLetterError {
    /// SQS refused or did not answer in time.
    #[error("the queue did not do what it was asked for")]
    Call {
        /// What was asked of SQS.
        operation: &'static str,
        /// Its answer.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No dead-letter queue has this name, or is that of a queue with this name.
    #[error("there is no dead-letter queue {0}")]
    NoSuchQueue(String),
    /// Nothing to send its messages back to.
    #[error("{0} belongs to no queue: its messages cannot be redriven")]
    NoSource(String),
}

fn failed(operation: &'static str) -> impl FnOnce(CallError) -> DeadLetterError {
    move |error| DeadLetterError::Call { operation, source: Box::new(error) }
}

impl DeadLetters {
    /// With the credentials and region of the environment; `endpoint` replaces AWS's own.
    ///
    /// # Errors
    /// [`ConnectionError`]; nothing was asked of SQS.
    pub fn from_environment(endpoint: Option<&Url>) -> Result<Self, ConnectionError> {
        let client = AwsConnection::of(&Settings::from_env(), LIMITS)?.client(Service::Sqs);
        Ok(Self(match endpoint {
            Some(endpoint) => client.at(endpoint),
            None => client,
        }))
    }

    /// An emulator, which takes any credentials.
    ///
    /// # Errors
    /// [`ConnectionError`]; nothing was asked of it.
    pub fn of_emulator(endpoint: &str, region: &str) -> Result<Self, ConnectionError> {
        let settings = Settings::from_pairs([
            ("AWS_REGION", region),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_ENDPOINT_URL", endpoint),
        ]);
        Ok(Self(AwsConnection::of(&settings, LIMITS)?.client(Service::Sqs)))
    }

    async fn call<A: DeserializeOwned>(
        &self,
        operation: &'static str,
        request: &impl Serialize,
    ) -> Result<A, DeadLetterError> {
        let answer = self.0.call(operation, request).await;
        answer.map_err(failed(operation))
    }

    /// Every dead-letter queue, by name.
    ///
    /// # Errors
    /// [`DeadLetterError::Call`].
    pub async fn list(&self) -> Result<Vec<DeadLetterQueue>, DeadLetterError> {
        let listed: Queues = self.call("ListQueues", &serde_json::json!({})).await?;
        let mut all = Vec::new();
        for url in listed.queue_urls.unwrap_or_default() {
            let attributes = self.attributes(&url).await?;
            all.push((url, attributes));
        }
        let is_fed_by = |arn: &str, source: &BTreeMap<String, String>| {
            source
                .get("RedrivePolicy")
                .and_then(|x| serde_json::from_str::<serde_json::Value>(x).ok())
                .is_some_and(|policy| policy["deadLetterTargetArn"] == arn)
        };
        let mut queues = Vec::new();
        for (url, attributes) in &all {
            let arn = attributes.get("QueueArn").map_or("", String::as_str);
            let sources: Vec<&String> =
                all.iter().filter(|(_, x)| is_fed_by(arn, x)).map(|(url, _)| url).collect();
            let name = name_of(url);
            if sources.is_empty() && !name.ends_with("-dlq") {
                continue;
            }
            let waiting = attributes.get("ApproximateNumberOfMessages");
            queues.push(DeadLetterQueue {
                name: name.to_owned(),
                sources: sources.iter().map(|x| name_of(x).to_owned()).collect(),
                waiting_count: waiting.and_then(|x| x.parse().ok()).unwrap_or_default(),
                url: url.clone(),
                source_url: sources.first().map(|x| (*x).clone()),
            });
        }
        queues.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(queues)
    }

    async fn attributes(
        &self,
        queue_url: &str,
    ) -> Result<BTreeMap<String, String>, DeadLetterError> {
        let request = GetQueueAttributes { queue_url, attribute_names: ["All"] };
        let answer: Attributes = self.call("GetQueueAttributes", &request).await?;
        Ok(answer.attributes.unwrap_or_default())
    }

    /// The dead-letter queue with this name, or that of the queue with this name.
    ///
    /// # Errors
    /// [`DeadLetterError::Call`], [`DeadLetterError::NoSuchQueue`].
    pub async fn find(&self, name: &str) -> Result<DeadLetterQueue, DeadLetterError> {
        let is_it = |x: &DeadLetterQueue| x.name == name || x.sources.iter().any(|y| y == name);
        let found = self.list().await?.into_iter().find(is_it);
        found.ok_or_else(|| DeadLetterError::NoSuchQueue(name.to_owned()))
    }

    /// Looks at most at `limit` messages and gives them back.
    ///
    /// # Errors
    /// [`DeadLetterError::Call`]; what was looked at is visible again after a minute.
    pub async fn peek(
        &self,
        queue: &DeadLetterQueue,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, DeadLetterError> {
        let messages = self.receive(queue, limit, |_| false).await?;
        self.give_back(queue, &messages).await?;
        Ok(messages.into_iter().map(dead_letter).collect())
    }

    /// Sends at most `limit` messages back to where they were given up; returns how many.
    ///
    /// # Errors
    /// [`DeadLetterError`]; what was not moved stays where it is.
    pub async fn redrive(
        &self,
        queue: &DeadLetterQueue,
        limit: usize,
    ) -> Result<usize, DeadLetterError> {
        let no_source = || DeadLetterError::NoSource(queue.name.clone());
        let source = queue.source_url.as_ref().ok_or_else(no_source)?;
        let mut moved = 0;
        while moved < limit {
            let page = self.receive_page(queue, limit - moved).await?;
            if page.is_empty() {
                break;
            }
            for message in &page {
                let attributes = Some(&message.message_attributes);
                send_message(&self.0, source, &message.body, attributes)
                    .await
                    .map_err(failed("SendMessage"))?;
                self.delete(queue, message).await?;
                moved += 1;
            }
        }
        Ok(moved)
    }

    /// Throws one message away for good; returns whether it was found.
    ///
    /// # Errors
    /// [`DeadLetterError::Call`].
    pub async fn purge_one(
        &self,
        queue: &DeadLetterQueue,
        message_id: &str,
    ) -> Result<bool, DeadLetterError> {
        let is_it = |x: &Message| x.message_id == message_id;
        let mut messages = self.receive(queue, usize::MAX, is_it).await?;
        let found = messages.iter().position(is_it).map(|index| messages.remove(index));
        self.give_back(queue, &messages).await?;
        match found {
            None => Ok(false),
            Some(message) => self.delete(queue, &message).await.map(|()| true),
        }
    }

    /// Up to `limit` messages, until the queue has no more or `is_enough` of one of them.
    async fn receive(
        &self,
        queue: &DeadLetterQueue,
        limit: usize,
        is_enough: impl Fn(&Message) -> bool,
    ) -> Result<Vec<Message>, DeadLetterError> {
        let mut messages: Vec<Message> = Vec::new();
        while messages.len() < limit && !messages.iter().any(&is_enough) {
            let page = self.receive_page(queue, limit - messages.len()).await?;
            if page.is_empty() {
                break;
            }
            messages.extend(page);
        }
        Ok(messages)
    }

    async fn receive_page(
        &self,
        queue: &DeadLetterQueue,
        limit: usize,
    ) -> Result<Vec<Message>, DeadLetterError> {
        let request = ReceiveMessage {
            queue_url: &queue.url,
            max_number_of_messages: limit.min(PAGE),
            visibility_timeout: HIDDEN_SECONDS,
            message_system_attribute_names: ["All"],
            message_attribute_names: ["All"],
        };
        let answer: Messages = self.call("ReceiveMessage", &request).await?;
        Ok(answer.messages.unwrap_or_default())
    }

    async fn give_back(
        &self,
        queue: &DeadLetterQueue,
        messages: &[Message],
    ) -> Result<(), DeadLetterError> {
        for message in messages {
            let request = ChangeMessageVisibility {
                queue_url: &queue.url,
                receipt_handle: &message.receipt_handle,
                visibility_timeout: 0,
            };
            self.call::<IgnoredAny>("ChangeMessageVisibility", &request).await?;
        }
        Ok(())
    }

    async fn delete(
        &self,
        queue: &DeadLetterQueue,
        message: &Message,
    ) -> Result<(), DeadLetterError> {
        let (queue_url, receipt_handle) = (&*queue.url, &*message.receipt_handle);
        let request = DeleteMessage { queue_url, receipt_handle };
        self.call::<IgnoredAny>("DeleteMessage", &request).await?;
        Ok(())
    }
}

fn name_of(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}

fn dead_letter(message: Message) -> DeadLetter {
    let number = |name: &str| -> Option<u64> { message.attributes.get(name)?.parse().ok() };
    let received = number("ApproximateReceiveCount").and_then(|x| u32::try_from(x).ok());
    let sent_at_ms = number("SentTimestamp");
    let text = |(name, x): (&String, &serde_json::Value)| {
        Some((name.clone(), x["StringValue"].as_str()?.to_owned()))
    };
    DeadLetter {
        receive_count: received.unwrap_or_default(),
        sent_at_ms,
        attributes: message.message_attributes.iter().filter_map(text).collect(),
        message_id: message.message_id,
        body: message.body,
    }
}

#[cfg(test)]
mod tests;
