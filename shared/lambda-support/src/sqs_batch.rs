//! A function over one message lifted to an SQS batch with partial failures.
//!
//! One bad message must not make its neighbours run again, so each message has its own verdict, a
//! panic is caught per message, and what cannot start before the deadline goes back to the queue.
//! What can never succeed is stored with a reason by the function and is [`MessageVerdict::Done`]:
//! the queue is for retries, not for evidence.
//!
//! Why a message is given up is in the log under its id: each reason that sent it back, and a line
//! each time it came again, which is all there is when its readers were killed.
//!
//! Invariant: a message without an id is never reported, because an empty id makes the platform
//! run the whole batch again.

use std::fmt;
use std::panic::AssertUnwindSafe;

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use fault_points::SeededBug;
use futures_util::{FutureExt, StreamExt, stream};
use tokio::time::timeout_at;

use crate::correlation::TraceParent;
use crate::deadline::Deadline;

/// The message attribute that carries the trace context.
pub const TRACEPARENT_ATTRIBUTE: &str = "traceparent";

/// One message as functions see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueMessage {
    /// The id that the queue gave it; empty if the event had none.
    pub message_id: String,
    /// The body, which nobody has parsed yet.
    pub body: String,
    /// How often the queue has handed it out, this time included; 0 if unknown.
    pub receive_count: u32,
    /// The trace context of the sender.
    pub trace_parent: Option<TraceParent>,
}

/// What happens to a message.
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageVerdict {
    /// It is finished and leaves the queue, also when it was refused for good and stored.
    Done,
    /// It comes back after the visibility timeout, and finally goes to the dead-letter queue.
    RetryLater {
        /// For the log; never a body.
        reason: String,
    },
}

impl MessageVerdict {
    /// [`MessageVerdict::RetryLater`] with a reason for the log.
    pub fn retry_later(reason: impl fmt::Display) -> Self {
        Self::RetryLater { reason: reason.to_string() }
    }
}

/// Runs `handle` for each message, at most `concurrency` at a time, until the deadline.
pub async fn for_each_message<F, Fut>(
    event: SqsEvent,
    concurrency: usize,
    deadline: Deadline,
    handle: F,
) -> SqsBatchResponse
where
    F: Fn(QueueMessage) -> Fut,
    Fut: Future<Output = MessageVerdict>,
{
    let verdicts = stream::iter(event.records.into_iter().map(QueueMessage::from))
        .map(|message| settle_one(message, deadline, &handle))
        .buffered(concurrency.max(1))
        .collect::<Vec<_>>()
        .await;
    response(verdicts)
}

/// Runs `handle` once for all messages; it answers with one verdict per message, in their order.
///
/// A panic, a passed deadline or a wrong number of verdicts sends the whole batch back.
pub async fn for_whole_batch<F, Fut>(
    event: SqsEvent,
    deadline: Deadline,
    handle: F,
) -> SqsBatchResponse
where
    F: FnOnce(Vec<QueueMessage>) -> Fut,
    Fut: Future<Output = Vec<MessageVerdict>>,
{
    let messages: Vec<_> = event.records.into_iter().map(QueueMessage::from).collect();
    let ids: Vec<_> = messages.iter().map(|message| message.message_id.clone()).collect();
    let verdicts = match guarded(deadline, async || handle(messages).await).await {
        Ok(verdicts) if verdicts.len() == ids.len() && !goes_down_with_one(&verdicts) => verdicts,
        Ok(_) => vec![MessageVerdict::retry_later("not one verdict per message"); ids.len()],
        Err(reason) => vec![MessageVerdict::retry_later(reason); ids.len()],
    };
    response(ids.into_iter().zip(verdicts))
}

/// Bug 16: the batch is as good as its worst message.
fn goes_down_with_one(verdicts: &[MessageVerdict]) -> bool {
    let is_bad = |verdict: &MessageVerdict| *verdict != MessageVerdict::Done;
    SeededBug::OneBadFailsBatch.is_present() && verdicts.iter().any(is_bad)
}

async fn settle_one<F, Fut>(
    message: QueueMessage,
    deadline: Deadline,
    handle: &F,
) -> (String, MessageVerdict)
where
    F: Fn(QueueMessage) -> Fut,
    Fut: Future<Output = MessageVerdict>,
{
    let message_id = message.message_id.clone();
    let verdict = guarded(deadline, async || handle(message).await).await;
    (message_id, verdict.unwrap_or_else(MessageVerdict::retry_later))
}

/// Runs `work` unless the deadline has passed; a panic and a timeout become reasons.
async fn guarded<T>(deadline: Deadline, work: impl AsyncFnOnce() -> T) -> Result<T, &'static str> {
    if deadline.has_passed() {
        return Err("not started before the deadline");
    }
    // Unwind safe: what a panicking message shared with others lives in the database.
    match timeout_at(deadline.as_instant(), AssertUnwindSafe(work()).catch_unwind()).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(_panic)) => Err("panicked"),
        Err(_elapsed) => Err("not finished before the deadline"),
    }
}

fn response(verdicts: impl IntoIterator<Item = (String, MessageVerdict)>) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    for (position, (message_id, verdict)) in verdicts.into_iter().enumerate() {
        let MessageVerdict::RetryLater { reason } = verdict else {
            continue;
        };
        if message_id.is_empty() {
            tracing::error!(reason, "a message without an id cannot be retried");
            continue;
        }
        tracing::warn!(messaging.message_id = message_id, reason, "message goes back to the queue");
        let mut failure = BatchItemFailure::default();
        failure.item_identifier = match SeededBug::WrongItemIds.is_present() {
            true => position.to_string(),
            false => message_id,
        };
        response.batch_item_failures.push(failure);
    }
    response
}

impl From<SqsMessage> for QueueMessage {
    fn from(message: SqsMessage) -> Self {
        let receive_count = message.attributes.get("ApproximateReceiveCount");
        let receive_count = receive_count.and_then(|count| count.parse().ok()).unwrap_or_default();
        if receive_count > 1 {
            let id = message.message_id.as_deref();
            tracing::warn!(messaging.message_id = id, receive_count, "message came again");
        }
        let trace_parent = message.message_attributes.get(TRACEPARENT_ATTRIBUTE);
        Self {
            receive_count,
            trace_parent: trace_parent
                .and_then(|attribute| attribute.string_value.as_deref()?.parse().ok()),
            message_id: message.message_id.unwrap_or_default(),
            body: message.body.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests;
