//! Codes of cases in a bulk action that no refusal of the action itself gives.

/// A second person would have to agree to the single case.
pub const NEEDS_APPROVAL: &str = "NEEDS_APPROVAL";
/// The order has no such case any more.
pub const CASE_NOT_FOUND: &str = "CASE_NOT_FOUND";
/// The key of the action on the case belongs to another request.
pub const KEY_REUSED: &str = "IDEMPOTENCY_KEY_REUSED";
/// The order was given up after the action.
pub const ORDER_GIVEN_UP: &str = "ORDER_GIVEN_UP";
/// The case was cancelled after the action.
pub const CASE_CANCELLED: &str = "CASE_CANCELLED";
/// The store did not answer for this case, again and again.
pub const NOT_ANSWERED: &str = "NOT_ANSWERED";
/// An incident holds the step: the target system refuses us, and not the order.
pub const STEP_IS_HELD: &str = "STEP_IS_HELD";
/// The case was closed otherwise than by the work being done.
pub const SETTLED_BY_SOMEBODY: &str = "SETTLED_BY_SOMEBODY";
