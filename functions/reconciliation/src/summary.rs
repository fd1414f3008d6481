//! What a run found, for the log, the schedule's answer and tests.

use order_domain::step::StepStatus;
use order_store::commands::OutcomeVerdict;
use serde::Serialize;

/// Counts of one run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReconciliationSummary {
    /// Rounds begun.
    pub rounds: u32,
    /// Steps claimed for a check.
    pub checked: u32,
    /// Steps that have an outcome or are known to be accepted now.
    pub adopted: u32,
    /// Steps that are READY again, with the same request id.
    pub resent: u32,
    /// Steps whose outcome is still unknown.
    pub still_unknown: u32,
    /// Answers that came too late: a callback was faster.
    pub superseded: u32,
    /// READY steps that were owed another dispatch.
    pub redispatched: u32,
    /// Rounds that the store refused.
    pub failed_rounds: u32,
    /// The run ended because its time was over; anything else is a shutdown.
    pub deadline_reached: bool,
}

impl ReconciliationSummary {
    pub(crate) fn count(&mut self, verdict: OutcomeVerdict) {
        match verdict {
            OutcomeVerdict::Applied(StepStatus::Ready) => self.resent += 1,
            OutcomeVerdict::Applied(StepStatus::Unknown) => self.still_unknown += 1,
            OutcomeVerdict::Applied(_) => self.adopted += 1,
            OutcomeVerdict::LeaseLost
            | OutcomeVerdict::Late
            | OutcomeVerdict::Contradictory
            | OutcomeVerdict::Duplicate
            | OutcomeVerdict::Unmatched => self.superseded += 1,
        }
    }
}

/// Counts of this function are small.
pub(crate) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
