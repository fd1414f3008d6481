//! Paging: the engine's pages are stable only when the query names a sort order.
//!
//! Every query of this crate sorts by something unique, so that pages neither repeat nor skip.

use serde::Serialize;

/// Which part of a sorted result is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    first_result: u32,
    max_results: u32,
}

impl Page {
    /// The first `max_results` rows.
    #[must_use]
    pub const fn first(max_results: u32) -> Self {
        Self { first_result: 0, max_results }
    }

    /// The page after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self { first_result: self.first_result + self.max_results, max_results: self.max_results }
    }
}

/// One level of a sort order, as the engine's POST queries take it.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SortBy {
    sort_by: &'static str,
    sort_order: &'static str,
}

impl SortBy {
    pub(crate) const fn ascending(sort_by: &'static str) -> Self {
        Self { sort_by, sort_order: "asc" }
    }
}
