//! A batch of callbacks: read, match, record, each with a verdict in the inbox.
//!
//! Trigger: SQS `external-callbacks`, at least once, in any order; the edge has authenticated the
//! bytes. Safe to run twice: the inbox row is written in the transaction that applies the callback,
//! so a message that comes again is a duplicate.
//!
//! Invariant: nothing is told to the engine here; what it must hear is owed in the outbox.

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use lambda_runtime::LambdaEvent;
use lambda_support::Deadline;
use lambda_support::sqs_batch::{MessageVerdict, QueueMessage, for_whole_batch};
use order_store::commands::{OutcomeVerdict, StepSubject};
use order_store::inbox::MessageKey;

use crate::batch::{Batch, Matched, Prepared};
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
    let (mut matched, mut unreferenced, mut kept) = (Vec::new(), Vec::new(), Vec::new());
    for (index, prepared) in batch.prepare(messages).await.into_iter().enumerate() {
        match prepared {
            Prepared::Outcome(outcome, traceparent) => matched.push((index, *outcome, traceparent)),
            Prepared::Unreferenced(callback) => {
                unreferenced.push(*callback);
                kept.push(index);
            }
            Prepared::Kept => summary.malformed += 1,
            Prepared::Later(reason) => verdicts[index] = MessageVerdict::retry_later(reason),
        }
    }
    if batch.keep_unreferenced(&unreferenced).await {
        kept.iter().for_each(|_| summary.count(OutcomeVerdict::Unmatched));
    } else {
        kept.iter().for_each(|index| verdicts[*index] = store_failed());
    }
    let recorded = batch.record(&matched).await;
    for (index, verdict) in &recorded {
        match verdict {
            Some(verdict) => summary.count(*verdict),
            None => verdicts[*index] = store_failed(),
        }
    }
    batch.expose_foreign(&unmatched_of(&matched, &recorded)).await;
    let is_returned = |x: &&MessageVerdict| !matches!(x, MessageVerdict::Done);
    summary.returned =
        u32::try_from(verdicts.iter().filter(is_returned).count()).unwrap_or(u32::MAX);
    (summary, verdicts)
}

fn store_failed() -> MessageVerdict {
    if fault_points::SeededBug::AcknowledgeOnError.is_present() {
        return MessageVerdict::Done;
    }
    MessageVerdict::retry_later("the store failed")
}

fn unmatched_of(
    matched: &[Matched],
    recorded: &[(usize, Option<OutcomeVerdict>)],
) -> Vec<MessageKey> {
    let is_unmatched = |x: &Option<OutcomeVerdict>| *x == Some(OutcomeVerdict::Unmatched);
    let unmatched = matched.iter().zip(recorded).filter(|(_, (_, x))| is_unmatched(x));
    let key = |((_, outcome, _), _): (&Matched, _)| match &outcome.subject {
        StepSubject::Callback(receipt) => Some(MessageKey {
            tenant: outcome.tenant.clone(),
            system: receipt.system.clone(),
            message_id: receipt.message_id.clone(),
        }),
        StepSubject::Lease { .. } => None,
    };
    unmatched.filter_map(key).collect()
}
