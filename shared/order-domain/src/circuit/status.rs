//! Where a circuit is, who opened it, and how a step stands to it.

use crate::text_enum::text_enum;

text_enum! {
    /// Where a circuit is.
    CircuitStatus {
        /// The system is sent everything.
        Closed = "CLOSED",
        /// It is sent nothing; steps wait.
        Open = "OPEN",
        /// One step was let go to see how the system is.
        Probing = "PROBING",
        /// The system answers; what waited goes at a set rate.
        Draining = "DRAINING",
    }
}

text_enum! {
    /// Who opened a circuit.
    CircuitCause {
        /// Too many answers said that the system is not available.
        FailureRate = "FAILURE_RATE",
        /// A person.
        Operator = "OPERATOR",
    }
}

text_enum! {
    /// How a step stands to the circuit of its system; absent: it never met one that was not closed.
    CircuitWait {
        /// It is READY and waits for its turn.
        Waiting = "WAITING",
        /// It may be sent, or was: its turn came.
        LetGo = "LET_GO",
    }
}

impl CircuitStatus {
    /// Whether a step may be sent now.
    ///
    /// While a circuit drains, only what waited keeps to the rate: what becomes READY meanwhile is the
    /// system's ordinary load, and pacing it too would never end where more comes than the rate allows.
    #[must_use]
    pub const fn admits(self, wait: Option<CircuitWait>) -> bool {
        match self {
            Self::Closed => true,
            Self::Open => false,
            Self::Probing => matches!(wait, Some(CircuitWait::LetGo)),
            Self::Draining => !matches!(wait, Some(CircuitWait::Waiting)),
        }
    }

    /// Whether the system is taken to be out of service: nothing that it fails to do counts.
    #[must_use]
    pub const fn is_out(self) -> bool {
        match self {
            Self::Open | Self::Probing => true,
            Self::Closed | Self::Draining => false,
        }
    }
}
