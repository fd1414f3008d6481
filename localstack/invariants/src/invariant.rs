//! The invariants by the names that reports and documents use.

use std::fmt;

/// One promise; the sentence is what a violation breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// No accepted order is lost.
    I1,
    /// One live process instance per order.
    I2,
    /// Event versions have no gap, and transitions follow each other.
    I3,
    /// Every order transition names its event.
    I4,
    /// Every event reaches its target, every delivery is made.
    I5,
    /// No step starts before what it depends on.
    I6,
    /// One effect per request id, and none that was not stored first.
    I7,
    /// A completed order is complete.
    I8,
    /// Terminal states absorb.
    I9,
    /// The same key gets the same answer.
    I10,
    /// No two workers send one request at the same time.
    I11,
    /// Every command has its audit entry, in an unbroken chain.
    I12,
    /// A tenant's data stay the tenant's.
    I13,
    /// No order waits without an owner.
    I14,
    /// No message is left in a queue.
    I15,
    /// Every dead letter is explained.
    I16,
    /// Nothing that should be short-lived stays.
    I17,
}

impl Invariant {
    /// All, in order.
    pub const ALL: [Self; 17] = [
        Self::I1,
        Self::I2,
        Self::I3,
        Self::I4,
        Self::I5,
        Self::I6,
        Self::I7,
        Self::I8,
        Self::I9,
        Self::I10,
        Self::I11,
        Self::I12,
        Self::I13,
        Self::I14,
        Self::I15,
        Self::I16,
        Self::I17,
    ];

    /// What it promises, for people.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::I1 => "no accepted order is lost",
            Self::I2 => "one live process instance per order",
            Self::I3 => "event versions have no gap, transitions follow each other",
            Self::I4 => "every order transition names its event",
            Self::I5 => "every event reaches its target, every delivery is made",
            Self::I6 => "no step starts before what it depends on",
            Self::I7 => "one effect per request id, stored before it was sent",
            Self::I8 => "a completed order is complete",
            Self::I9 => "terminal states absorb",
            Self::I10 => "the same key gets the same answer",
            Self::I11 => "no two workers send one request at the same time",
            Self::I12 => "every command is audited, in an unbroken chain",
            Self::I13 => "a tenant's data stay the tenant's",
            Self::I14 => "no order waits without an owner",
            Self::I15 => "no message is left in a queue",
            Self::I16 => "every dead letter is explained",
            Self::I17 => "nothing short-lived stays",
        }
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
