//! Order status (§2), always derived from facts, in a fixed precedence.
//!
//! ```text
//! terminal (COMPLETED, CANCELLED, FAILED)
//!   > FALLOUT                  while a blocking case is open
//!   > PARTIALLY_FULFILLED      more than one line with work, at least one settled
//!   > FULFILLMENT_IN_PROGRESS  released
//!   > DECOMPOSED > VALIDATED > CREATED
//! ```

use super::facts::OrderFacts;
use crate::text_enum::text_enum;

text_enum! {
    /// The seed's order states (§2).
    OrderStatus {
        /// Taken in; nothing checked yet.
        Created = "CREATED",
        /// Ready for fulfillment.
        Validated = "VALIDATED",
        /// Work items exist.
        Decomposed = "DECOMPOSED",
        /// The plan is released.
        FulfillmentInProgress = "FULFILLMENT_IN_PROGRESS",
        /// Some, but not all, lines with work are settled.
        PartiallyFulfilled = "PARTIALLY_FULFILLED",
        /// A blocking business exception is open.
        Fallout = "FALLOUT",
        /// The completion invariant holds (§23).
        Completed = "COMPLETED",
        /// Cancelled, with compensation carried out.
        Cancelled = "CANCELLED",
        /// Given up by an operator's decision.
        Failed = "FAILED",
    }
}

impl OrderStatus {
    /// Whether the order never changes its status again.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        match self {
            Self::Completed | Self::Cancelled | Self::Failed => true,
            Self::Created
            | Self::Validated
            | Self::Decomposed
            | Self::FulfillmentInProgress
            | Self::PartiallyFulfilled
            | Self::Fallout => false,
        }
    }
}

/// The status that the facts of a live order amount to.
#[must_use]
pub const fn derive_status(facts: &OrderFacts) -> OrderStatus {
    if facts.open_blocking_case_count > 0 {
        OrderStatus::Fallout
    } else if facts.is_released && facts.work_line_count > 1 && facts.settled_work_line_count > 0 {
        OrderStatus::PartiallyFulfilled
    } else if facts.is_released {
        OrderStatus::FulfillmentInProgress
    } else if facts.is_decomposed {
        OrderStatus::Decomposed
    } else if facts.is_validated {
        OrderStatus::Validated
    } else {
        OrderStatus::Created
    }
}
