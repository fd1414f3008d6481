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
    /// Circuits of target systems whose time had come.
    pub circuits_moved: u32,
    /// Orders whose process had never been asked for.
    pub restarted: u32,
    /// Orders without a next event when it was looked last: 0 at rest.
    pub without_next_event: u32,
    /// Orders that were given a next event back.
    pub restored: u32,
    /// Orders for which a person had to be asked.
    pub given_to_people: u32,
    /// Callbacks that fitted no step when they came, and have their final verdict now.
    pub matched_callbacks: u32,
    /// Callbacks that fitted no step for an hour.
    pub orphaned_callbacks: u32,
    /// Contradictions about which the target system was asked, with the answer in their evidence.
    pub contradictions_asked: u32,
    /// Processes compared with their order.
    pub processes_checked: u32,
    /// Processes that ended with nothing left to do.
    pub processes_ended: u32,
    /// Processes that were gone while their order needs them: a start is owed.
    pub processes_put_back: u32,
    /// Processes that were gone again too soon: put back later.
    pub processes_delayed: u32,
    /// Instances that were found under the order's key and recorded.
    pub processes_adopted: u32,
    /// Second instances that were deleted.
    pub duplicates_deleted: u32,
    /// User tasks of closed cases that were completed.
    pub ghost_tasks_completed: u32,
    /// Open cases that nobody had touched in time.
    pub cases_escalated: u32,
    /// Open incidents that the engine reported or that its tasks gave away.
    pub engine_reports: u32,
    /// Cases of orders that stand still at an incident of the engine.
    pub engine_cases_opened: u32,
    /// Such cases that closed because their incident is over.
    pub engine_cases_closed: u32,
    /// Looks at the engine that it did not answer.
    pub engine_silent: u32,
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
