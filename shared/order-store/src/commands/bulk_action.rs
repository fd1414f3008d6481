//! Bulk actions: prepared and moved by people, advanced by their worker (§20).
//!
//! A bulk action changes no order. What it does to a case is [`act_on_case()`](super::act_on_case()),
//! under a key of its own per case; here are the list, the status and the results.

mod advance;
mod movement;
mod person;
mod prepare;
mod row;

pub use advance::{AdvanceOutcome, advance_bulk_action};
pub use person::{BulkMoved, MoveBulkAction, move_bulk_action};
pub use prepare::{BulkPrepared, PrepareBulkAction, prepare_bulk_action};
pub(crate) use row::{COUNT_ITEMS, LOCK_BULK};

use order_domain::bulk::BulkRefusal;

/// What a person's request came to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum BulkOutcome<T> {
    /// Done, now or before with the same key.
    Done(T),
    /// A business "no"; audited, and kept under the key.
    Refused(BulkRefusal),
    /// The key was used with another request.
    KeyReused,
    /// The tenant has no such bulk action.
    NotFound,
    /// Another request with the same key was faster: repeat.
    Busy,
}
