//! The numbers of this function.

use std::time::Duration;

/// Kept free so that the answer to the queue still leaves.
pub const MARGIN: Duration = Duration::from_millis(500);
/// One transaction at a time in an environment, and one to spare.
pub const MAX_CONNECTIONS: usize = 2;
