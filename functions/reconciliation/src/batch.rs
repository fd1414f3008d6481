//! A batch goes to the store together; what cannot go with the others goes alone.
//!
//! One order that cannot be read or written must not hold up everybody's checks.

use lambda_support::error_chain;
use order_store::StoreError;
use order_store::commands::{
    OutcomeVerdict, StepCheck, StepCheckRef, StepOutcome, begin_step_checks, record_step_outcomes,
};

use crate::deps::Deps;
use crate::policy;

/// Claims all in one transaction; what cannot go with the others is claimed alone, so that one
/// order that cannot be read does not hold up everybody's checks.
pub(crate) async fn begin(
    deps: &Deps,
    request_id: &str,
    due: &[StepCheckRef],
) -> Result<Vec<StepCheck>, StoreError> {
    let ctx = deps.context(request_id);
    let claim = async |some: &[StepCheckRef]| {
        let tx = deps.store.system_tx().await?;
        begin_step_checks(tx, &ctx, policy::CHECK_LEASE, some).await
    };
    match claim(due).await {
        Err(error) if !error.is_retryable() && due.len() > 1 => {
            tracing::error!(error = error_chain(&error), "steps are claimed one by one");
            let mut checks = Vec::new();
            for one in due {
                match claim(std::slice::from_ref(one)).await {
                    Ok(claimed) => checks.extend(claimed),
                    Err(error) => tracing::error!(
                        order.id = %one.order_id,
                        error = error_chain(&error),
                        "a due step cannot be claimed"
                    ),
                }
            }
            Ok(checks)
        }
        answer => answer,
    }
}

/// Records all in one transaction, or one by one where they cannot go together.
pub(crate) async fn record(
    deps: &Deps,
    request_id: &str,
    outcomes: &[StepOutcome],
) -> Result<Vec<OutcomeVerdict>, StoreError> {
    if outcomes.is_empty() {
        return Ok(Vec::new());
    }
    let ctx = deps.context(request_id);
    let write = async |some: &[StepOutcome]| {
        let tx = deps.store.system_tx().await?;
        record_step_outcomes(tx, &ctx, some).await
    };
    match write(outcomes).await {
        Err(error) if !error.is_retryable() && outcomes.len() > 1 => {
            tracing::error!(error = error_chain(&error), "answers are recorded one by one");
            let mut verdicts = Vec::new();
            for one in outcomes {
                match write(std::slice::from_ref(one)).await {
                    Ok(verdict) => verdicts.extend(verdict),
                    Err(error) => {
                        tracing::error!(error = error_chain(&error), "an answer was not recorded");
                    }
                }
            }
            Ok(verdicts)
        }
        answer => answer,
    }
}
