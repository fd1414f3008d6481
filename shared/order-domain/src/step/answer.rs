//! What a target system's answer to a submit, a query or a callback means for a step.
//!
//! The adapter maps every wire answer to exactly one of these; the step's state machine decides
//! what follows. Nothing here says *how* the answer travelled.

use crate::characteristic::Characteristics;
use crate::failure::FailureClass;

/// Meaning of one exchange with a target system.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum StepAnswer {
    /// The work is done (200, or a query or callback that says COMPLETED).
    Completed {
        /// The target system's id of the work.
        external_reference: Option<String>,
        /// What later steps may need, flat.
        result: Characteristics,
    },
    /// The work is accepted and goes on (202, or a query that says ACCEPTED or IN_PROGRESS).
    Accepted {
        /// The target system's id of the work.
        external_reference: Option<String>,
    },
    /// A definitive business "no" (422 with a code, or REJECTED, FAILED, CANCELLED).
    Rejected {
        /// The reason code, as the target system spells it.
        code: String,
        /// The target system's id of the work, if it made one.
        external_reference: Option<String>,
    },
    /// We did not get as far as sending it: it counts as no attempt.
    NotSent {
        /// What kept us from it.
        detail: String,
    },
    /// Provably not executed now, may succeed later (refused, 429, 503).
    RetryLater {
        /// `Retry-After` in milliseconds, if the system named one.
        retry_after_ms: Option<u64>,
        /// What happened, without any body.
        detail: String,
    },
    /// Provably not executed, and never will be until somebody mends something (400, 401, …).
    Refused {
        /// What happened, without any body.
        detail: String,
    },
    /// The effect may or may not exist (timeout, reset, 500, malformed success).
    Unknown {
        /// What happened, without any body.
        detail: String,
        /// The system broke its contract (malformed, oversized or redirecting success): engineering must look.
        is_contract_breach: bool,
    },
    /// A query by request id says that the system never saw it (404).
    Absent,
    /// A query could not be answered; nothing new is known.
    CannotTell {
        /// What happened, without any body.
        detail: String,
    },
}

impl StepAnswer {
    /// What happened, where nothing definitive was said; never a body.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::NotSent { detail }
            | Self::RetryLater { detail, .. }
            | Self::Refused { detail }
            | Self::Unknown { detail, .. }
            | Self::CannotTell { detail } => Some(detail),
            Self::Absent => Some("the system never saw the request"),
            Self::Completed { .. } | Self::Accepted { .. } | Self::Rejected { .. } => None,
        }
    }

    /// The same answer where nobody doubts that the system is out of service: what was provably not
    /// executed counts as no attempt.
    pub fn uncounted(&self) -> Self {
        match self {
            Self::RetryLater { detail, .. } => Self::NotSent { detail: detail.clone() },
            Self::Completed { .. }
            | Self::Accepted { .. }
            | Self::Rejected { .. }
            | Self::NotSent { .. }
            | Self::Refused { .. }
            | Self::Unknown { .. }
            | Self::Absent
            | Self::CannotTell { .. } => self.clone(),
        }
    }

    /// The failure class of §26; `None` for a success or for a query that found nothing.
    #[must_use]
    pub const fn failure_class(&self) -> Option<FailureClass> {
        match self {
            Self::Completed { .. } | Self::Accepted { .. } | Self::Absent => None,
            Self::Rejected { .. } => Some(FailureClass::BusinessRejection),
            Self::NotSent { .. } | Self::RetryLater { .. } => {
                Some(FailureClass::RetryableTechnical)
            }
            Self::Refused { .. } => Some(FailureClass::NonRetryableTechnical),
            Self::Unknown { .. } | Self::CannotTell { .. } => Some(FailureClass::UnknownOutcome),
        }
    }
}
