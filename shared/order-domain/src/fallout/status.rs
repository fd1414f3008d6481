//! Status of a case, and how it is tied to the engine.

use crate::text_enum::text_enum;

text_enum! {
    /// OPEN → IN_PROGRESS → RESOLVED, with two waits on the way; only the domain closes a case.
    CaseStatus {
        /// Nobody works on it.
        Open = "OPEN",
        /// Somebody works on it, or its step was sent again.
        InProgress = "IN_PROGRESS",
        /// The customer or sales must supply something.
        WaitingForInformation = "WAITING_FOR_INFORMATION",
        /// A second person must approve.
        AwaitingApproval = "AWAITING_APPROVAL",
        /// Handled.
        Resolved = "RESOLVED",
        /// Closed together with its order.
        Cancelled = "CANCELLED",
    }
}

impl CaseStatus {
    /// Whether the case still waits for somebody.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::Open
            | Self::InProgress
            | Self::WaitingForInformation
            | Self::AwaitingApproval => true,
            Self::Resolved | Self::Cancelled => false,
        }
    }
}

text_enum! {
    /// How the engine learned of a case.
    EngineAnchor {
        /// A milestone reported a BPMN error; its user task waits.
        BpmnError = "BPMN_ERROR",
        /// The message OrderFalloutOpened starts the fallout part.
        Message = "MESSAGE",
        /// The engine does not know of it.
        None = "NONE",
    }
}

text_enum! {
    /// What the engine is told when a case with a user task is resolved (PROCESS §6).
    FalloutResolution {
        /// Run the milestone again.
        Retry = "RETRY",
        /// Go on behind the milestone.
        Continue = "CONTINUE",
    }
}

impl Severity {
    /// One step more urgent; CRITICAL stays.
    #[must_use]
    pub const fn raised(self) -> Self {
        match self {
            Self::Minor => Self::Major,
            Self::Major | Self::Critical => Self::Critical,
        }
    }
}

text_enum! {
    /// How urgent a case is.
    Severity {
        /// Blocks nothing.
        Minor = "MINOR",
        /// Blocks one order.
        Major = "MAJOR",
        /// Blocks and may have effects that nobody knows of.
        Critical = "CRITICAL",
    }
}
