//! Dead-letter queues: what is in them and why, and the way back.
//!
//! Works with any endpoint that speaks SQS. Looking raises a message's receive count and hides it for
//! the time of the look. Redriving sends before it deletes: who dies in between leaves a message in
//! both queues, and every receiver of this system knows a duplicate.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use lambda_support::config::Settings;

use crate::connection::{ConnectionError, sdk_config};

const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
const CALL_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a message that is looked at or moved is hidden from others.
const HIDDEN_SECONDS: i32 = 60;
/// Most messages of one receive: the limit of SQS.
const PAGE: usize = 10;

/// The dead-letter queues behind one SQS endpoint.
#[derive(Debug)]
pub struct DeadLetters(Client);

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
    #[error("{operation} failed")]
    Call {
        /// What was asked of SQS.
        operation: &'static str,
        /// Its answer.
        #[source]
        source: Box<aws_sdk_sqs::Error>,
    },
    /// No dead-letter queue has this name, or is that of a queue with this name.
    #[error("there is no dead-letter queue {0}")]
    NoSuchQueue(String),
    /// Nothing to send its messages back to.
    #[error("{0} belongs to no queue: its messages cannot be redriven")]
    NoSource(String),
}

fn failed<E>(operation: &'static str) -> impl FnOnce(E) -> DeadLetterError
where
    aws_sdk_sqs::Error: From<E>,
{
    move |error| DeadLetterError::Call { operation, source: Box::new(error.into()) }
}

impl DeadLetters {
    /// With the credentials and region of the environment; `endpoint` replaces AWS's own.
    ///
    /// # Errors
    /// [`ConnectionError`]; nothing was asked of SQS.
    pub fn from_environment(endpoint: Option<&str>) -> Result<Self, ConnectionError> {
        let config = sdk_config(&Settings::from_env(), ATTEMPT_TIMEOUT, CALL_TIMEOUT)?;
        let mut builder = aws_sdk_sqs::config::Builder::from(&config);
        if let Some(endpoint) = endpoint {
            builder = builder.endpoint_url(endpoint);
        }
        Ok(Self(Client::from_conf(builder.build())))
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
        let config = sdk_config(&settings, ATTEMPT_TIMEOUT, CALL_TIMEOUT)?;
        Ok(Self(Client::new(&config)))
    }

    /// Every dead-letter queue, by name.
    ///
    /// # Errors
    /// [`DeadLetterError::Call`].
    pub async fn list(&self) -> Result<Vec<DeadLetterQueue>, DeadLetterError> {
        let listed = self.0.list_queues().send().await.map_err(failed("ListQueues"))?;
        let mut all = Vec::new();
        for url in listed.queue_urls() {
            all.push((url.clone(), self.attributes(url).await?));
        }
        let is_fed_by = |arn: &str, source: &HashMap<QueueAttributeName, String>| {
            source
                .get(&QueueAttributeName::RedrivePolicy)
                .and_then(|x| serde_json::from_str::<serde_json::Value>(x).ok())
                .is_some_and(|policy| policy["deadLetterTargetArn"] == arn)
        };
        let mut queues = Vec::new();
        for (url, attributes) in &all {
            let arn = attributes.get(&QueueAttributeName::QueueArn).map_or("", String::as_str);
            let sources: Vec<&String> =
                all.iter().filter(|(_, x)| is_fed_by(arn, x)).map(|(url, _)| url).collect();
            let name = name_of(url);
            if sources.is_empty() && !name.ends_with("-dlq") {
                continue;
            }
            let waiting = attributes.get(&QueueAttributeName::ApproximateNumberOfMessages);
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
        url: &str,
    ) -> Result<HashMap<QueueAttributeName, String>, DeadLetterError> {
        let call = self.0.get_queue_attributes().queue_url(url);
        let answer = call.attribute_names(QueueAttributeName::All).send().await;
        Ok(answer.map_err(failed("GetQueueAttributes"))?.attributes.unwrap_or_default())
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
                let call = self.0.send_message().queue_url(source);
                call.message_body(message.body().unwrap_or_default())
                    .set_message_attributes(message.message_attributes.clone())
                    .send()
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
        let is_it = |x: &Message| x.message_id() == Some(message_id);
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
        let most = i32::try_from(limit.min(PAGE)).unwrap_or(1);
        let call = self.0.receive_message().queue_url(&queue.url);
        let answer = call
            .max_number_of_messages(most)
            .visibility_timeout(HIDDEN_SECONDS)
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .message_attribute_names("All")
            .send()
            .await
            .map_err(failed("ReceiveMessage"))?;
        Ok(answer.messages.unwrap_or_default())
    }

    async fn give_back(
        &self,
        queue: &DeadLetterQueue,
        messages: &[Message],
    ) -> Result<(), DeadLetterError> {
        for message in messages {
            let call = self.0.change_message_visibility().queue_url(&queue.url);
            call.receipt_handle(message.receipt_handle().unwrap_or_default())
                .visibility_timeout(0)
                .send()
                .await
                .map_err(failed("ChangeMessageVisibility"))?;
        }
        Ok(())
    }

    async fn delete(
        &self,
        queue: &DeadLetterQueue,
        message: &Message,
    ) -> Result<(), DeadLetterError> {
        let call = self.0.delete_message().queue_url(&queue.url);
        let handle = message.receipt_handle().unwrap_or_default();
        call.receipt_handle(handle).send().await.map_err(failed("DeleteMessage"))?;
        Ok(())
    }
}

fn name_of(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}

fn dead_letter(message: Message) -> DeadLetter {
    let number = |name: MessageSystemAttributeName| -> Option<u64> {
        message.attributes.as_ref()?.get(&name)?.parse().ok()
    };
    let received = number(MessageSystemAttributeName::ApproximateReceiveCount);
    let sent_at_ms = number(MessageSystemAttributeName::SentTimestamp);
    let texts = message.message_attributes.unwrap_or_default().into_iter();
    DeadLetter {
        receive_count: received.and_then(|x| u32::try_from(x).ok()).unwrap_or_default(),
        sent_at_ms,
        attributes: texts.filter_map(|(name, x)| Some((name, x.string_value?))).collect(),
        message_id: message.message_id.unwrap_or_default(),
        body: message.body.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;
