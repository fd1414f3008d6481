//! Facts about an order that decisions need, computed by the store under the order's row lock.

/// What is true of an order at the moment of a decision.
///
/// Commands test facts, never "status = X only": work goes on under FALLOUT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OrderFacts {
    /// All readiness checks held, or were overridden by authority.
    pub is_validated: bool,
    /// Work items exist.
    pub is_decomposed: bool,
    /// A plan exists that is not cancelled.
    pub is_planned: bool,
    /// The plan was released.
    pub is_released: bool,
    /// Open cases that block.
    pub open_blocking_case_count: u32,
    /// Lines that have steps of their own.
    pub work_line_count: u32,
    /// Lines with steps of their own that are FULFILLED or WAIVED.
    pub settled_work_line_count: u32,
    /// Mandatory lines that are neither FULFILLED nor WAIVED.
    pub unfulfilled_mandatory_line_count: u32,
    /// The billing milestone was passed: every line is active, changed, ceased, deferred or not billable.
    pub is_billing_settled: bool,
    /// A cancellation was requested and decides the order's fate.
    pub is_cancellation_requested: bool,
}
