//! The numbers of this function.

use std::time::Duration;

use jiff::SignedDuration;

/// Bulk actions looked at in one round, the oldest first.
pub const ROUND_LIMIT: u32 = 50;
/// Pause between rounds: a pace is kept to the second.
pub const PAUSE: Duration = Duration::from_secs(1);
/// Cases of which one snapshot is read in a dry run.
pub const DRY_RUN_BATCH: u32 = 100;
/// Cases taken in hand together, and with them what a worker that dies leaves in hand.
pub const CLAIM_LIMIT: u32 = 50;
/// How long a case stays in hand; afterwards another worker takes it over.
pub const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// Cases acted on at the same time.
pub const PARALLEL_ACTS: usize = 4;
/// Cases whose result is looked for in one round.
pub const FOLLOW_LIMIT: u32 = 500;
/// One connection per act, and one to spare.
pub const MAX_CONNECTIONS: usize = PARALLEL_ACTS + 1;
/// Nothing new is begun with less than this left: one batch of acts and its recording.
pub const MARGIN: Duration = Duration::from_secs(5);
