//! Failure classes (§26): what an answer of another system means for what may happen next.
//!
//! Business rejection, technical failure and unknown outcome are three different things
//! everywhere; this enum is the only vocabulary for the difference.

use serde::{Deserialize, Serialize};

/// Class of an outcome that is not a plain success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FailureClass {
    /// The request was provably not executed and may succeed later (refused, 429, 503).
    RetryableTechnical,
    /// The request was provably not executed and never will be until somebody mends something.
    NonRetryableTechnical,
    /// A definitive business "no": retrying cannot heal it (422 with a code).
    BusinessRejection,
    /// The effect may or may not exist: query by request id before anything else.
    UnknownOutcome,
    /// Only a person can decide.
    ManualReview,
}

impl FailureClass {
    /// Every class, in the order of §26.
    pub const ALL: [Self; 5] = [
        Self::RetryableTechnical,
        Self::NonRetryableTechnical,
        Self::BusinessRejection,
        Self::UnknownOutcome,
        Self::ManualReview,
    ];

    /// The stored spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RetryableTechnical => "RETRYABLE_TECHNICAL",
            Self::NonRetryableTechnical => "NON_RETRYABLE_TECHNICAL",
            Self::BusinessRejection => "BUSINESS_REJECTION",
            Self::UnknownOutcome => "UNKNOWN_OUTCOME",
            Self::ManualReview => "MANUAL_REVIEW",
        }
    }
}
