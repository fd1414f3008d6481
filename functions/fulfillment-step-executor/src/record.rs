//! Records what a batch of calls came to: together, and where that cannot be, one by one.
//!
//! An answer that is not recorded is not lost: the step's lease runs out and reconciliation asks.

use fault_points::{CrashPoint, reach};
use lambda_support::error_chain;
use order_store::StoreError;
use order_store::commands::{StepOutcome, record_each_step_outcome};

use crate::handler::{Deps, count};
use crate::policy;
use crate::summary::ExecutorSummary;

pub(crate) async fn record(
    deps: &Deps,
    request_id: &str,
    outcomes: &[StepOutcome],
    summary: &mut ExecutorSummary,
) {
    for attempt in 1..=policy::RECORD_ATTEMPTS {
        let ctx = deps.context(request_id, None);
        let recorded = async {
            reach(CrashPoint::ExecutorAfterCall).await?;
            let results = record_each_step_outcome(&deps.store, &ctx, outcomes).await?;
            reach(CrashPoint::ExecutorAfterOutcome).await?;
            Ok::<_, StoreError>(results)
        };
        match recorded.await {
            Ok(results) => return results.into_iter().for_each(|x| summary.count(x)),
            Err(error) => {
                tracing::error!(attempt, error = error_chain(&error), "outcomes not recorded");
            }
        }
        pause().await;
    }
    summary.unrecorded = count(outcomes.len());
}

#[expect(clippy::disallowed_methods, reason = "a database that fails over needs real time")]
async fn pause() {
    tokio::time::sleep(policy::RECORD_PAUSE).await;
}
