//! Business refusals of what operators ask of a circuit, each with its stable code (docs/ERROR-CODES.md).

use std::fmt;

/// Why holding or releasing a system was refused. `Display` is the sentence an operator reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CircuitRejection {
    /// Nothing waits for the system.
    CircuitNotOpen,
    /// A hold that ends before it begins.
    HoldEndsInThePast,
    /// Every wait has an end in sight.
    HoldIsTooLong,
}

impl CircuitRejection {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::CircuitNotOpen => "CIRCUIT_NOT_OPEN",
            Self::HoldEndsInThePast => "HOLD_ENDS_IN_THE_PAST",
            Self::HoldIsTooLong => "HOLD_IS_TOO_LONG",
        }
    }

    /// The sentence.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::CircuitNotOpen => "The system is neither held nor out of service.",
            Self::HoldEndsInThePast => "A hold ends in the future.",
            Self::HoldIsTooLong => "A hold ends within seven days; hold again to go on.",
        }
    }
}

impl fmt::Display for CircuitRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

impl std::error::Error for CircuitRejection {}
