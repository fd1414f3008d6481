//! A batch of callbacks: read, match, record, each with a verdict in the inbox.
//!
//! Trigger: SQS `external-callbacks`, at least once, in any order; the edge has authenticated the
//! bytes. Safe to run twice: the inbox row is written in the transaction that applies the callback,
//! so a message that comes again is a duplicate.
//!
//! Invariant: nothing is told to the engine here; what it must hear is owed in the outbox.

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use lambda_runtime::LambdaEvent;
use lambda_support::sqs_batch::{MessageVerdict, QueueMessage, for_whole_batch};
use lambda_support::{Deadline, error_chain};

use crate::batch::{Batch, Prepared};
pub use crate::deps::Deps;
use crate::policy;
use crate::summary::CallbackSummary;

/// Handles one batch and says which messages the queue must keep.
pub async fn handle(deps: &Deps, event: LambdaEvent<SqsEvent>) -> SqsBatchResponse {
    let deadline = Deadline::from_context(&event.context, policy::MARGIN);
    let request_id = event.context.request_id.clone();
    for_whole_batch(event.payload, deadline, async |messages| {
        let (summary, verdicts) = process(deps, &request_id, &messages).await;
        tracing::info!(?summary, "callbacks processed");
        verdicts
    })
    .await
}

/// Reads and records one batch; one verdict per message, in their order.
pub async fn process(
    deps: &Deps,
    request_id: &str,
    messages: &[QueueMessage],
) -> (CallbackSummary, Vec<MessageVerdict>) {
    let mut batch = Batch::new(deps, request_id);
    let mut summary = CallbackSummary {
        messages: u32::try_from(messages.len()).unwrap_or(u32::MAX),
        ..Default::default()
    };
    let mut verdicts = vec![MessageVerdict::Done; messages.len()];
    let mut matched = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        match batch.prepare(message).await {
            Ok(Prepared::Outcome(outcome, traceparent)) => {
                matched.push((index, *outcome, traceparent));
            }
            Ok(Prepared::Kept) => summary.malformed += 1,
            Ok(Prepared::Later(reason)) => verdicts[index] = MessageVerdict::retry_later(reason),
            Err(error) => {
                tracing::error!(error = error_chain(&error), "a callback could not be prepared");
                verdicts[index] = MessageVerdict::retry_later("the store failed");
            }
        }
    }
    for (index, recorded) in batch.record(&matched).await {
        match recorded {
            Some(verdict) => summary.count(verdict),
            None => verdicts[index] = MessageVerdict::retry_later("the store failed"),
        }
    }
    let is_returned = |x: &&MessageVerdict| !matches!(x, MessageVerdict::Done);
    summary.returned =
        u32::try_from(verdicts.iter().filter(is_returned).count()).unwrap_or(u32::MAX);
    (summary, verdicts)
}
