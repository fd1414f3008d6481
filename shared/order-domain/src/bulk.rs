//! One action on many cases: prepared without effect, tried on a few, let go by a second person.
//!
//! ```text
//! PREPARING → PREPARED → CANARY → AWAITING_APPROVAL → RUNNING → COMPLETED
//!                          ↕                            ↕
//!                        PAUSED                       PAUSED
//! any of them but COMPLETED → ABORTING → ABORTED
//! ```
//!
//! What is done to a case is the semantic action of the case, decided again when its turn comes; a
//! bulk action owns nothing but the list, the pace and the results.

mod advance;
mod command;
mod counts;
mod forecast;
mod item;
pub mod reason;
mod refusal;
mod result;
mod status;

use jiff::SignedDuration;

pub use advance::{Advance, BulkFacts, advance};
pub use command::{BulkAsker, BulkCommand, decide_command};
pub use counts::ItemCounts;
pub use forecast::BulkForecast;
pub use item::BulkItemStatus;
pub use refusal::BulkRefusal;
pub use result::{FollowedCase, ItemResult, result_of};
pub use status::{BulkStatus, PauseReason};

/// Cases in one bulk action.
pub const MAX_ITEMS: u32 = 10_000;
/// How much of a pause a bulk action makes up for: who looks once a second still keeps the pace.
pub const CATCH_UP: SignedDuration = SignedDuration::from_secs(1);
/// Cases that one person may have tried alone.
pub const MAX_CANARY: u32 = 25;
