//! The numbers of this function.

use std::time::Duration;

use jiff::SignedDuration;

/// How long a claim may stay without an outcome before reconciliation asks. Longer than the
/// function may run, so that a claim that expired belongs to a run that is over.
pub const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// Calls to target systems at the same time; a batch has at most ten messages.
pub const PARALLEL_CALLS: usize = 10;
/// Kept free at the end to record what the calls answered.
pub const RECORDING_RESERVE: Duration = Duration::from_secs(5);
/// With less time than this for the calls nothing is claimed any more.
pub const LEAST_CALL_TIME: Duration = Duration::from_secs(2);
/// Kept free so that the answer to the queue still leaves.
pub const MARGIN: Duration = Duration::from_millis(500);
/// Tries to record outcomes; each is one transaction or none.
pub const RECORD_ATTEMPTS: u32 = 3;
/// Pause between those tries.
pub const RECORD_PAUSE: Duration = Duration::from_millis(200);
/// One transaction at a time in an environment, and one to spare.
pub const MAX_CONNECTIONS: usize = 2;
