//! What a run did, for the log, the schedule's answer and tests.

use serde::Serialize;

/// Counts of one run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BulkSummary {
    /// Rounds begun.
    pub rounds: u32,
    /// Cases that a dry run looked at.
    pub foreseen: u32,
    /// Cases that were acted on.
    pub acted: u32,
    /// Cases whose action was refused when its turn came.
    pub refused: u32,
    /// Cases that another worker had in hand when it died.
    pub taken_over: u32,
    /// Acts that the store did not answer: taken over when their lease is over.
    pub unanswered: u32,
    /// Looks at cases that wait for a result.
    pub followed: u32,
    /// Bulk actions that have another status now.
    pub moved: u32,
    /// Bulk actions that could not be worked on in their turn.
    pub failed: u32,
    /// Rounds that the store refused.
    pub failed_rounds: u32,
}

/// Counts of this function are small.
pub(crate) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
