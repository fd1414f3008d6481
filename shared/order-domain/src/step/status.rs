//! Step status (§15).
//!
//! ```text
//! PENDING → READY → SUBMITTING → SUBMITTED → COMPLETED
//!             ↑         │  └──────────┬──────→ FAILED → READY | SKIPPED | CANCELLED
//!             └─────────┴── UNKNOWN ←─┘
//! ```

use crate::text_enum::text_enum;

text_enum! {
    /// Where a step is.
    StepStatus {
        /// Waits for other steps.
        Pending = "PENDING",
        /// May be claimed and sent.
        Ready = "READY",
        /// Claimed: the request id is stored, the call may be under way.
        Submitting = "SUBMITTING",
        /// The target system accepted it.
        Submitted = "SUBMITTED",
        /// Nobody knows whether the call took effect.
        Unknown = "UNKNOWN",
        /// Done.
        Completed = "COMPLETED",
        /// A definitive business "no", or attempts exhausted.
        Failed = "FAILED",
        /// Left out by authority, or because an optional dependency failed.
        Skipped = "SKIPPED",
        /// Taken out by a cancellation.
        Cancelled = "CANCELLED",
    }
}

impl StepStatus {
    /// Whether answers for the current generation may still change it.
    #[must_use]
    pub const fn is_in_flight(self) -> bool {
        match self {
            Self::Submitting | Self::Submitted | Self::Unknown => true,
            Self::Pending
            | Self::Ready
            | Self::Completed
            | Self::Failed
            | Self::Skipped
            | Self::Cancelled => false,
        }
    }

    /// Whether the step counts as done for its plan: a FAILED optional step is, a mandatory one is not.
    #[must_use]
    pub const fn is_settled(self, is_mandatory: bool) -> bool {
        match self {
            Self::Completed | Self::Skipped | Self::Cancelled => true,
            Self::Failed => !is_mandatory,
            Self::Pending | Self::Ready | Self::Submitting | Self::Submitted | Self::Unknown => {
                false
            }
        }
    }
}
