//! A batch goes to the store together; what cannot go with the others goes alone.
//!
//! One order that cannot be read or written must not hold up everybody's checks.

use lambda_support::error_chain;
use order_store::StoreError;
use order_store::commands::{
    OutcomeVerdict, StepCheck, StepCheckRef, StepOutcome, begin_step_checks,
    record_each_step_outcome,
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

/// Records the answers; one that cannot be written is logged, and its step is asked about again.
pub(crate) async fn record(
    deps: &Deps,
    request_id: &str,
    outcomes: &[StepOutcome],
) -> Result<Vec<OutcomeVerdict>, StoreError> {
    let ctx = deps.context(request_id);
    let results = record_each_step_outcome(&deps.store, &ctx, outcomes).await?;
    let written = |x: Result<OutcomeVerdict, StoreError>| {
        x.inspect_err(|error| {
            tracing::error!(error = error_chain(error), "an answer was not recorded");
        })
        .ok()
    };
    Ok(results.into_iter().filter_map(written).collect())
}
