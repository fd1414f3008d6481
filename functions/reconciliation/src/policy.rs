//! The numbers of this function.

use std::time::Duration;

use jiff::SignedDuration;

/// Steps looked at in one round.
pub const ROUND_LIMIT: u32 = 100;
/// Pause between rounds, unless a round was full.
pub const PAUSE: Duration = Duration::from_secs(1);
/// How far a claimed check is put off, so that two runs never ask about one step at once.
pub const CHECK_LEASE: SignedDuration = SignedDuration::from_secs(60);
/// How long a READY step may wait for its dispatch before it is owed again.
pub const DISPATCH_PATIENCE: SignedDuration = SignedDuration::from_secs(60);
/// Queries at the same time, of all systems together.
pub const PARALLEL_QUERIES: usize = 16;
/// Queries at the same time to one system; its own limit counts when it is lower.
pub const QUERIES_PER_SYSTEM: usize = 8;
/// A query that takes longer tells nothing this time.
pub const QUERY_LIMIT: Duration = Duration::from_secs(10);
/// Beyond the system's own time limit, before a second 404 proves that a request never arrived.
pub const ABSENCE_GRACE: SignedDuration = SignedDuration::from_secs(5);
/// Nothing new is begun with less than this left: one query and its recording.
pub const MARGIN: Duration = Duration::from_secs(3);
/// One transaction at a time, and one to spare.
pub const MAX_CONNECTIONS: usize = 2;
