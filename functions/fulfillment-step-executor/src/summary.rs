//! What became of a batch, for the log and for tests.

use lambda_support::error_chain;
use order_domain::step::StepStatus;
use order_store::StoreError;
use order_store::commands::OutcomeVerdict;

/// Counts of one batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExecutorSummary {
    /// Messages in the batch.
    pub messages: u32,
    /// Messages that were no step dispatch.
    pub unparseable: u32,
    /// Steps claimed and called for.
    pub begun: u32,
    /// Steps that were not READY, not due, held, frozen or unknown: duplicates mostly; and those
    /// that wait for their system.
    pub not_ready: u32,
    /// Steps that are COMPLETED now.
    pub completed: u32,
    /// Steps that are SUBMITTED now.
    pub submitted: u32,
    /// Steps that go on some other way: READY again, held, FAILED, UNKNOWN, CANCELLED.
    pub otherwise: u32,
    /// Answers that came too late: a callback or reconciliation was faster.
    pub superseded: u32,
    /// Outcomes that could not be stored; the lease finds them.
    pub unrecorded: u32,
}

impl ExecutorSummary {
    pub(crate) fn count(&mut self, result: Result<OutcomeVerdict, StoreError>) {
        match result {
            Ok(OutcomeVerdict::Applied(StepStatus::Completed)) => self.completed += 1,
            Ok(OutcomeVerdict::Applied(StepStatus::Submitted)) => self.submitted += 1,
            Ok(OutcomeVerdict::Applied(_) | OutcomeVerdict::Contradictory) => self.otherwise += 1,
            Ok(
                OutcomeVerdict::LeaseLost
                | OutcomeVerdict::Late
                | OutcomeVerdict::Duplicate
                | OutcomeVerdict::Unmatched,
            ) => self.superseded += 1,
            Err(error) => {
                tracing::error!(error = error_chain(&error), "an outcome was not recorded");
                self.unrecorded += 1;
            }
        }
    }
}
