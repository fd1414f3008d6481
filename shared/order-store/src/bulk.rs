//! What the worker of bulk actions reads and keeps: whose turn it is, and what it came to.
//!
//! Only the list of live bulk actions is read across tenants. Everything else is one tenant's, so
//! that the worker's role sees orders of one tenant at a time only.

mod claim;
mod dry_run;
mod live;
mod results;

pub use claim::{Claim, ClaimLimits, ClaimedItem, claim_items};
pub use dry_run::{ItemForecast, keep_forecasts, list_selected};
pub use live::{LiveBulkAction, take_turns};
pub use results::{ActedItem, follow_items, keep_acts};

use order_domain::ids::{FalloutCaseId, OrderId};

/// One case of a bulk action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BulkItem {
    /// Its place in the list.
    pub position: i32,
    /// The order.
    pub order_id: OrderId,
    /// The case.
    pub fallout_case_id: FalloutCaseId,
    /// The case's version when it was selected.
    pub case_version: i64,
}

/// The statements of this module.
pub(crate) fn statements() -> Vec<(&'static str, &'static str)> {
    vec![
        ("bulk::TAKE_TURNS", live::TAKE_TURNS),
        ("bulk::LIST_SELECTED", dry_run::LIST_SELECTED),
        ("bulk::KEEP_FORECASTS", dry_run::KEEP_FORECASTS),
        ("bulk::LOCK_STATUS", claim::LOCK_STATUS),
        ("bulk::FIND_PACES", claim::FIND_PACES),
        ("bulk::CANDIDATES", claim::CANDIDATES),
        ("bulk::TAKE", claim::TAKE),
        ("bulk::KEEP_ACTS", results::KEEP_ACTS),
        ("bulk::LIST_RUNNING", results::LIST_RUNNING),
        ("bulk::KEEP_RESULTS", results::KEEP_RESULTS),
    ]
}
