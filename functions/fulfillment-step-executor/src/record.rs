//! Records what a batch of calls came to: together, and where that cannot be, one by one.
//!
//! An answer that is not recorded is not lost: the step's lease runs out and reconciliation asks.

use lambda_support::error_chain;
use order_store::StoreError;
use order_store::commands::{OutcomeVerdict, StepOutcome, record_step_outcomes};

use crate::handler::{Deps, count};
use crate::policy;
use crate::summary::ExecutorSummary;

pub(crate) async fn record(
    deps: &Deps,
    request_id: &str,
    outcomes: &[StepOutcome],
    summary: &mut ExecutorSummary,
) {
    if outcomes.is_empty() {
        return;
    }
    for attempt in 1..=policy::RECORD_ATTEMPTS {
        match record_once(deps, request_id, outcomes).await {
            Ok(verdicts) => return summary.count_verdicts(&verdicts),
            Err(error) => {
                tracing::error!(attempt, error = error_chain(&error), "outcomes not recorded");
                if !error.is_retryable() {
                    return record_one_by_one(deps, request_id, outcomes, summary).await;
                }
            }
        }
        pause().await;
    }
    summary.unrecorded = count(outcomes.len());
}

/// What cannot be recorded with the others must not take their answers with it.
async fn record_one_by_one(
    deps: &Deps,
    request_id: &str,
    outcomes: &[StepOutcome],
    summary: &mut ExecutorSummary,
) {
    for one in outcomes {
        match record_once(deps, request_id, std::slice::from_ref(one)).await {
            Ok(verdicts) => summary.count_verdicts(&verdicts),
            Err(error) => {
                tracing::error!(error = error_chain(&error), "an outcome was not recorded");
                summary.unrecorded += 1;
            }
        }
    }
}

async fn record_once(
    deps: &Deps,
    request_id: &str,
    outcomes: &[StepOutcome],
) -> Result<Vec<OutcomeVerdict>, StoreError> {
    let tx = deps.store.system_tx().await?;
    record_step_outcomes(tx, &deps.context(request_id, None), outcomes).await
}

#[expect(clippy::disallowed_methods, reason = "a database that fails over needs real time")]
async fn pause() {
    tokio::time::sleep(policy::RECORD_PAUSE).await;
}
