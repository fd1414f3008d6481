//! A batch of steps: claim, call, record.
//!
//! Trigger: SQS `fulfillment-steps`, at least once, in any order.
//! Safe to run twice: only a READY step can be claimed, and the claim commits the request id before
//! the call. A message that comes again finds the step claimed or settled and is done.
//!
//! Invariant: after the claim no message goes back to the queue. Its repeat could do nothing; what
//! was not recorded is found by the lease, and reconciliation asks the target system first.

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use fault_points::{CrashPoint, reach};
use futures_util::{StreamExt, stream};
use lambda_runtime::LambdaEvent;
use lambda_support::sqs_batch::{MessageVerdict, QueueMessage, for_whole_batch};
use lambda_support::{Deadline, error_chain};
use order_store::StoreError;
use order_store::commands::{
    BeginAttempt, BeginOutcome, StepAttempt, StepOutcome, begin_step_attempts,
};
use order_store::outbox::StepDispatch;
use tracing::Instrument;

pub use crate::deps::Deps;
use crate::policy;
use crate::record::record;
use crate::submit::submit;
use crate::summary::ExecutorSummary;

/// Handles one batch and says which messages the queue must keep.
pub async fn handle(deps: &Deps, event: LambdaEvent<SqsEvent>) -> SqsBatchResponse {
    let deadline = Deadline::from_context(&event.context, policy::MARGIN);
    let request_id = event.context.request_id.clone();
    for_whole_batch(event.payload, deadline, async |messages| {
        let (summary, verdicts) = execute(deps, &request_id, &messages, deadline).await;
        tracing::info!(?summary, "steps executed");
        verdicts
    })
    .await
}

/// Claims, calls and records one batch; one verdict per message, in their order.
pub async fn execute(
    deps: &Deps,
    request_id: &str,
    messages: &[QueueMessage],
    deadline: Deadline,
) -> (ExecutorSummary, Vec<MessageVerdict>) {
    let mut summary = ExecutorSummary { messages: count(messages.len()), ..Default::default() };
    let reserve = policy::RECORDING_RESERVE + policy::LEAST_CALL_TIME;
    if deadline.remaining() < reserve {
        return (summary, vec![MessageVerdict::retry_later("too little time"); messages.len()]);
    }
    let calls_end = Deadline::after(deadline.remaining() - policy::RECORDING_RESERVE);
    let steps: Vec<(BeginAttempt, &QueueMessage)> = messages.iter().filter_map(parse).collect();
    summary.unparseable = count(messages.len() - steps.len());
    if steps.is_empty() {
        return (summary, vec![MessageVerdict::Done; messages.len()]);
    }
    let begun = match begin(deps, request_id, &steps).await {
        Ok(begun) => begun,
        Err(error) => {
            tracing::error!(error = error_chain(&error), "steps could not be claimed");
            let verdict = MessageVerdict::retry_later("the claim failed, nothing was sent");
            return (summary, vec![verdict; messages.len()]);
        }
    };
    summary.begun = count(begun.len());
    summary.not_ready = count(steps.len() - begun.len());
    if !begun.is_empty() {
        let outcomes = call_all(deps, &begun, calls_end).await;
        record(deps, request_id, &outcomes, &mut summary).await;
    }
    (summary, vec![MessageVerdict::Done; messages.len()])
}

/// A body that is no dispatch is only logged: the step's row, not the message, is what is owed, and
/// reconciliation dispatches a step that waits too long.
fn parse(message: &QueueMessage) -> Option<(BeginAttempt, &QueueMessage)> {
    match serde_json::from_str::<StepDispatch>(&message.body) {
        Ok(x) => {
            let step_id = x.fulfillment_step_id;
            Some((BeginAttempt { tenant: x.tenant_id, order_id: x.order_id, step_id }, message))
        }
        Err(error) => {
            // Only the position: serde quotes values.
            let (line, column) = (error.line(), error.column());
            let id = &message.message_id;
            tracing::error!(messaging.message_id = id, line, column, "no step dispatch");
            None
        }
    }
}

async fn begin(
    deps: &Deps,
    request_id: &str,
    steps: &[(BeginAttempt, &QueueMessage)],
) -> Result<Vec<(Box<StepAttempt>, Option<String>)>, StoreError> {
    let traces: Vec<Option<String>> = steps
        .iter()
        .map(|(_, message)| message.trace_parent.as_ref().map(ToString::to_string))
        .collect();
    // One context serves the batch: a trace is noted only where it is everybody's.
    let shared = traces.iter().all(|x| *x == traces[0]).then(|| traces[0].clone()).flatten();
    let ctx = deps.context(request_id, shared);
    let batch: Vec<BeginAttempt> = steps.iter().map(|(step, _)| step.clone()).collect();
    let tx = deps.store.system_tx().await?;
    let outcomes = begin_step_attempts(tx, &ctx, policy::LEASE, &batch).await?;
    reach(CrashPoint::ExecutorAfterClaim).await?;
    let begun = outcomes.into_iter().zip(traces).zip(&batch).filter_map(|((x, trace), step)| {
        let step_id = step.step_id.to_string();
        match x {
            BeginOutcome::Begun(attempt) => return Some((attempt, trace)),
            BeginOutcome::NotReady(status) => {
                tracing::info!(
                    fulfillment_step.id = step_id,
                    status = status.as_str(),
                    "not ready"
                );
            }
            BeginOutcome::WaitsForSystem => {
                tracing::info!(fulfillment_step.id = step_id, "waits for its system");
            }
            BeginOutcome::PlanFrozen | BeginOutcome::Held | BeginOutcome::NotFound => {
                tracing::info!(fulfillment_step.id = step_id, outcome = ?x, "not claimed");
            }
        }
        None
    });
    Ok(begun.collect())
}

async fn call_all(
    deps: &Deps,
    begun: &[(Box<StepAttempt>, Option<String>)],
    deadline: Deadline,
) -> Vec<StepOutcome> {
    let calls = begun.iter().map(|(attempt, trace)| {
        let span = tracing::info_span!(
            "step",
            tenant.id = attempt.tenant.as_str(),
            order.id = %attempt.order_id,
            order.version = attempt.order_version,
            fulfillment_step.id = %attempt.step_id,
            target_system = attempt.target_system,
            request.id = %attempt.request_id,
        );
        let subject = (&**attempt, trace.as_deref());
        submit(&deps.targets, &deps.callback_base_url, subject, deadline).instrument(span)
    });
    // Collected first: a lazy iterator of borrowing futures is not general enough to be spawned.
    let calls: Vec<_> = calls.collect();
    stream::iter(calls).buffer_unordered(policy::PARALLEL_CALLS).collect().await
}

pub(crate) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
