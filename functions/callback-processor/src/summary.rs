//! What became of a batch, for the log and for tests.

use order_store::commands::OutcomeVerdict;

/// Verdicts of one batch; every message is counted once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallbackSummary {
    /// Messages in the batch.
    pub messages: u32,
    /// They moved their step.
    pub applied: u32,
    /// The same message was recorded before.
    pub duplicate: u32,
    /// Their step was settled already.
    pub late: u32,
    /// Their step is settled the other way; a case shows both.
    pub contradictory: u32,
    /// No step of the signing system has their request.
    pub unmatched: u32,
    /// They break the contract and are kept with an incident.
    pub malformed: u32,
    /// They go back to the queue.
    pub returned: u32,
}

impl CallbackSummary {
    pub(crate) fn count(&mut self, verdict: OutcomeVerdict) {
        match verdict {
            OutcomeVerdict::Applied(_) => self.applied += 1,
            OutcomeVerdict::Duplicate => self.duplicate += 1,
            OutcomeVerdict::LeaseLost | OutcomeVerdict::Late => self.late += 1,
            OutcomeVerdict::Contradictory => self.contradictory += 1,
            OutcomeVerdict::Unmatched => self.unmatched += 1,
        }
    }
}
