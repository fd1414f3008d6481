//! The numbers of this function.

use std::time::Duration;

/// Kept free so that the answer to the queue still leaves.
pub const MARGIN: Duration = Duration::from_millis(500);
/// Times that a callback which names only a reference is looked for: the submit answer that brings
/// the reference may be on its way. Between two tries the queue's visibility time-out passes.
pub const REFERENCE_TRIES: u32 = 3;
/// One transaction at a time in an environment, and one to spare.
pub const MAX_CONNECTIONS: usize = 2;
