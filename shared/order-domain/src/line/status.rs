//! Line status (§24).

use crate::text_enum::text_enum;

text_enum! {
    /// The seed's line states.
    LineStatus {
        /// No step of it was submitted.
        NotStarted = "NOT_STARTED",
        /// At least one step was submitted.
        InProgress = "IN_PROGRESS",
        /// Everything it needs is done.
        Fulfilled = "FULFILLED",
        /// A mandatory step of it failed.
        Failed = "FAILED",
        /// Satisfied by authority.
        Waived = "WAIVED",
        /// Taken out by a cancellation.
        Cancelled = "CANCELLED",
    }
}

impl LineStatus {
    /// Whether the line counts as done for its parent and for completion.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        match self {
            Self::Fulfilled | Self::Waived => true,
            Self::NotStarted | Self::InProgress | Self::Failed | Self::Cancelled => false,
        }
    }

    /// Whether steps and children still decide about it.
    #[must_use]
    pub const fn is_derived(self) -> bool {
        match self {
            Self::NotStarted | Self::InProgress | Self::Failed => true,
            Self::Fulfilled | Self::Waived | Self::Cancelled => false,
        }
    }
}
