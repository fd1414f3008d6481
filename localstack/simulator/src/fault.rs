//! Faults on purpose: what can go wrong, where, and for which requests.
//!
//! A [`Plan`] names one [`Fault`], a [`Place`], and whom it hits. The [`Board`] holds the plans and
//! counts their hits; it is a part of the world, so plans, hits and attempt numbers survive a
//! restart. The places look at it like this:
//!
//! 1. `targets::submit`, before the request is recorded ([`answer::instead`]): nothing happens;
//! 2. `targets::submit`, before the answer leaves ([`answer::after`]): the work is taken;
//! 3. `targets::query` and `sources`, the same two ways; what is told stays true;
//! 4. `delivery::deliver`, before a callback leaves; fixed in the journal when a request is taken,
//!    so that a restart in the middle of a fault keeps it.
//!
//! Each is a `match` without `_`: a new fault does not compile until every place has decided.

pub(crate) mod answer;
mod board;
mod decision;
mod plan;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub(crate) use board::{Arrival, Board, Listing};
pub(crate) use plan::Plan;

/// Where a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Place {
    /// A submit to a target system.
    Submit,
    /// A read: the query of a request, or an object of a source system.
    Query,
    /// The callback of a request.
    Callback,
}

/// What goes wrong. Unit variants have braces, so that an unknown field is refused there too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    deny_unknown_fields,
    tag = "kind",
    rename_all = "SCREAMING_SNAKE_CASE",
    rename_all_fields = "camelCase"
)]
pub(crate) enum Fault {
    /// The connection is closed without an answer, and nothing was recorded.
    Refuse {},
    /// No answer ever comes, and nothing was recorded.
    Hang {},
    /// 429.
    TooManyRequests { retry_after_seconds: Option<u32> },
    /// 503.
    Unavailable { retry_after_seconds: Option<u32> },
    /// A status that says "the request itself is wrong".
    TechnicalRefusal {
        #[serde(default = "defaults::refusal")]
        status: u16,
    },
    /// 307 to the same path: whoever follows it has sent the request a second time.
    Redirect {},
    /// 500, and nothing was recorded.
    #[serde(rename = "ERROR_500_BEFORE")]
    Error500Before {},
    /// 500, although the work was taken.
    #[serde(rename = "ERROR_500_AFTER")]
    Error500After {},
    /// The work was taken; the connection is closed instead of an answer.
    AnswerLost {},
    /// The work was taken; the connection is reset in the middle of the answer's body.
    Reset {},
    /// The work was taken; the answer's body comes byte by byte.
    SlowDrip {
        #[serde(default = "defaults::drip_ms")]
        drip_ms: u64,
    },
    /// The work was taken; the answer's body is cut JSON.
    InvalidJson {},
    /// The work was taken; the answer says that it is HTML.
    WrongContentType {},
    /// The work was taken; the answer's body is far too large.
    Oversized {
        #[serde(default = "defaults::bytes")]
        bytes: usize,
    },
    /// The callback comes more than once.
    Duplicated {
        #[serde(default = "defaults::copies")]
        copies: u8,
        /// Each copy under a message id of its own.
        #[serde(default)]
        new_id: bool,
    },
    /// The callback comes later than the outcome.
    Delayed { delay_ms: u64 },
    /// The callback comes before the answer to the submit.
    Early {},
    /// No callback comes.
    Missing {},
    /// A second callback, under an id of its own, says the opposite.
    Contradictory {
        /// The wrong one comes first.
        #[serde(default)]
        lie_first: bool,
    },
    /// A callback that breaks the contract comes in place of the right one.
    Malformed { malformation: Malformation },
}

/// How a callback breaks the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Malformation {
    NotJson,
    WrongContentType,
    NoRequestId,
    UnknownStatus,
    WrongTypes,
    Oversized,
    InvalidUtf8,
    Truncated,
}

/// Where a kind can strike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Submits and reads.
    Calls,
    /// Submits only: for a read there is no "after".
    Submits,
    Callbacks,
}

impl Fault {
    /// The name under which hits are added up.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Refuse {} => "REFUSE",
            Self::Hang {} => "HANG",
            Self::TooManyRequests { .. } => "TOO_MANY_REQUESTS",
            Self::Unavailable { .. } => "UNAVAILABLE",
            Self::TechnicalRefusal { .. } => "TECHNICAL_REFUSAL",
            Self::Redirect {} => "REDIRECT",
            Self::Error500Before {} => "ERROR_500_BEFORE",
            Self::Error500After {} => "ERROR_500_AFTER",
            Self::AnswerLost {} => "ANSWER_LOST",
            Self::Reset {} => "RESET",
            Self::SlowDrip { .. } => "SLOW_DRIP",
            Self::InvalidJson {} => "INVALID_JSON",
            Self::WrongContentType {} => "WRONG_CONTENT_TYPE",
            Self::Oversized { .. } => "OVERSIZED",
            Self::Duplicated { .. } => "DUPLICATED",
            Self::Delayed { .. } => "DELAYED",
            Self::Early {} => "EARLY",
            Self::Missing {} => "MISSING",
            Self::Contradictory { .. } => "CONTRADICTORY",
            Self::Malformed { .. } => "MALFORMED",
        }
    }

    const fn reach(&self) -> Reach {
        match self {
            Self::Refuse {}
            | Self::Hang {}
            | Self::TooManyRequests { .. }
            | Self::Unavailable { .. }
            | Self::TechnicalRefusal { .. }
            | Self::Redirect {}
            | Self::Error500Before {}
            | Self::AnswerLost {}
            | Self::Reset {}
            | Self::SlowDrip { .. }
            | Self::InvalidJson {}
            | Self::WrongContentType {}
            | Self::Oversized { .. } => Reach::Calls,
            Self::Error500After {} => Reach::Submits,
            Self::Duplicated { .. }
            | Self::Delayed { .. }
            | Self::Early {}
            | Self::Missing {}
            | Self::Contradictory { .. }
            | Self::Malformed { .. } => Reach::Callbacks,
        }
    }
}

mod defaults {
    pub(super) const fn refusal() -> u16 {
        400
    }

    pub(super) const fn drip_ms() -> u64 {
        1000
    }

    pub(super) const fn bytes() -> usize {
        10 * 1024 * 1024
    }

    pub(super) const fn copies() -> u8 {
        1
    }
}
