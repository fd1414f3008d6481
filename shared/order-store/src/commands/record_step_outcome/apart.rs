//! A batch goes together; what cannot go with the others goes alone.
//!
//! One order that cannot be read or written must not take the answers of its batch with it.

use super::{OutcomeVerdict, StepOutcome, record_step_outcomes};
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::pool::Store;

/// Records a batch of answers, in one transaction or, where that cannot be, one by one.
///
/// # Errors
/// Failures that a repeat may heal: nothing is recorded then. Else each answer has its own result.
pub async fn record_each_step_outcome(
    store: &Store,
    ctx: &CommandContext,
    batch: &[StepOutcome],
) -> Result<Vec<Result<OutcomeVerdict, StoreError>>, StoreError> {
    if batch.is_empty() {
        return Ok(Vec::new());
    }
    match record_step_outcomes(store.system_tx().await?, ctx, batch).await {
        Ok(verdicts) => return Ok(verdicts.into_iter().map(Ok).collect()),
        Err(error) if error.is_retryable() => return Err(error),
        Err(error) if batch.len() == 1 => return Ok(vec![Err(error)]),
        Err(_) => {}
    }
    let mut results = Vec::with_capacity(batch.len());
    for one in batch {
        let tx = store.system_tx().await?;
        let recorded = record_step_outcomes(tx, ctx, std::slice::from_ref(one)).await;
        let verdict = recorded.map(|x| x.first().copied().unwrap_or(OutcomeVerdict::Unmatched));
        results.push(verdict);
    }
    Ok(results)
}
