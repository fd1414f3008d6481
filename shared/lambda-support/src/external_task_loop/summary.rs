//! What one invocation did, for its log line, its answer and the tests.

use serde::Serialize;

use super::in_hand::TaskEnd;

/// Counts of one run of the loop; every fetched task is in exactly one of the counts below it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LoopSummary {
    /// Requests for tasks.
    pub fetches: u64,
    /// Requests for tasks that failed.
    pub failed_fetches: u64,
    /// Tasks delivered.
    pub fetched: u64,
    /// Tasks completed.
    pub completed: u64,
    /// Tasks ended by a BPMN error.
    pub bpmn_errors: u64,
    /// Failures reported, among them panics and waits.
    pub failures: u64,
    /// Tasks that were completed before or taken away when they were reported.
    pub gone: u64,
    /// Tasks whose lock had expired or gone to another worker.
    pub locks_lost: u64,
    /// Tasks executed whose outcome could not be told the engine; their lock runs out.
    pub unreported: u64,
    /// Tasks given back: unstarted before the deadline, or unfinished when told to stop.
    pub unlocked: u64,
    /// Jobs still in hand when the invocation had to end; locks run out.
    pub abandoned: u64,
    /// The loop ended because of time, not because nothing was left.
    pub deadline_reached: bool,
    /// The platform took the process away.
    pub was_told_to_stop: bool,
}

impl LoopSummary {
    pub(super) const fn count(&mut self, end: TaskEnd) {
        match end {
            TaskEnd::Completed => self.completed += 1,
            TaskEnd::BpmnError => self.bpmn_errors += 1,
            TaskEnd::Failed => self.failures += 1,
            TaskEnd::Gone => self.gone += 1,
            TaskEnd::LockLost => self.locks_lost += 1,
            TaskEnd::Unreported => self.unreported += 1,
            TaskEnd::Unlocked { tasks } => self.unlocked += tasks,
        }
    }
}
