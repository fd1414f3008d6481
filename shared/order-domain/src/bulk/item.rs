//! Where one case of a bulk action is.

use crate::text_enum::text_enum;

text_enum! {
    /// One case of a bulk action, from its selection to its result after re-execution.
    BulkItemStatus {
        /// Not looked at yet.
        Selected = "SELECTED",
        /// The dry run found that the action is refused for it.
        Excluded = "EXCLUDED",
        /// Waits for its turn.
        Pending = "PENDING",
        /// The action is done; what it set in motion has no result yet.
        Running = "RUNNING",
        /// The action is done, and it sets nothing in motion.
        Done = "DONE",
        /// What was set in motion succeeded: the case is over.
        Resolved = "RESOLVED",
        /// What was set in motion failed: the case is open again.
        FailedAgain = "FAILED_AGAIN",
        /// The action was refused when its turn came.
        Refused = "REFUSED",
        /// No result in the time that a bulk action waits for one; the order shows it later.
        StillRunning = "STILL_RUNNING",
        /// Given up before its turn came.
        Skipped = "SKIPPED",
    }
}

impl BulkItemStatus {
    /// Whether nothing is expected of it any more.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        !matches!(self, Self::Selected | Self::Pending | Self::Running)
    }

    /// Whether it counts against the failures that a bulk action puts up with.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::FailedAgain | Self::Refused)
    }

    /// Whether the action did what it was for.
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Done | Self::Resolved)
    }
}
