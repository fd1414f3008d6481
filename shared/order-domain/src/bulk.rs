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
mod pace;
pub mod reason;
mod refusal;
mod result;
mod status;

pub use advance::{Advance, BulkFacts, advance};
pub use command::{BulkAsker, BulkCommand, decide_command};
pub use counts::ItemCounts;
pub use forecast::BulkForecast;
pub use item::BulkItemStatus;
pub use pace::{PACE_SLACK, Pace};
pub use refusal::BulkRefusal;
pub use result::{FollowedCase, ItemResult, result_of};
pub use status::{BulkStatus, PauseReason};

/// Cases in one bulk action.
pub const MAX_ITEMS: u32 = 10_000;
/// Cases that one person may have tried alone.
pub const MAX_CANARY: u32 = 25;
