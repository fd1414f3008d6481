//! Where a bulk action is.

use crate::text_enum::text_enum;

text_enum! {
    /// The life of a bulk action.
    BulkStatus {
        /// Each case is looked at: what would be done to it, or why not.
        Preparing = "PREPARING",
        /// The dry run is there to be read; nothing was done.
        Prepared = "PREPARED",
        /// The first few are carried out.
        Canary = "CANARY",
        /// The first few have results; a second person decides about the others.
        AwaitingApproval = "AWAITING_APPROVAL",
        /// The others are carried out.
        Running = "RUNNING",
        /// Nothing more is begun until somebody resumes it.
        Paused = "PAUSED",
        /// Nothing more is begun; what was begun still gets its result.
        Aborting = "ABORTING",
        /// Every case has a result.
        Completed = "COMPLETED",
        /// Given up; every case that was begun has a result.
        Aborted = "ABORTED",
    }
}

impl BulkStatus {
    /// Whether nothing happens to it any more.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Aborted)
    }

    /// Whether cases are begun.
    #[must_use]
    pub const fn is_at_work(self) -> bool {
        matches!(self, Self::Canary | Self::Running)
    }

    /// Whether it waits for a person, and so has to end some time without one.
    #[must_use]
    pub const fn waits_for_a_person(self) -> bool {
        matches!(self, Self::Prepared | Self::AwaitingApproval | Self::Paused)
    }
}

text_enum! {
    /// Why nothing more is begun.
    PauseReason {
        /// Somebody paused it.
        Person = "PERSON",
        /// More cases failed than whoever prepared it would put up with.
        TooManyFailures = "TOO_MANY_FAILURES",
    }
}
