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
/// Contradictions asked about in one round; they are rare, and all are asked at once.
pub const CONTRADICTIONS_PER_ROUND: u32 = 8;
/// Queries about one contradiction before its evidence says that nobody can tell.
pub const CONTRADICTION_ASKS: u32 = 5;
/// Nothing new is begun with less than this left: one query and its recording.
pub const MARGIN: Duration = Duration::from_secs(3);
/// One transaction at a time, and one to spare.
pub const MAX_CONNECTIONS: usize = 2;
/// Limit of one engine call.
pub const ENGINE_CALL: Duration = Duration::from_secs(5);
/// No look at the engine begins with less than this left: a look is a few calls.
pub const ENGINE_LOOK: Duration = Duration::from_secs(20);
/// How often everything that the engine reports is looked at.
pub const ENGINE_REPORTS_EVERY: SignedDuration = SignedDuration::from_secs(60);
/// A case older than this, of which nothing is owed to the engine, has its user task.
pub const USER_TASK_GRACE: SignedDuration = SignedDuration::from_mins(5);
/// Rows of one kind that a look at the engine reads; with more nothing is called resolved.
pub const ENGINE_ROWS: u32 = 1000;
/// Orders whose engine incidents are followed in one look; the others wait for the next one, so that
/// an outage does not hold up the sweeps behind it.
pub const ENGINE_CASES_PER_LOOK: u32 = 50;
/// Circuits moved in one round; more systems than that are due at once only after an outage of our own.
pub const CIRCUITS_PER_ROUND: u32 = 50;
/// Every so many rounds overdue cases are looked for: their deadlines are hours and days.
pub const OVERDUE_CASES_EVERY_ROUNDS: u32 = 30;
/// Which of those rounds: not the one that looks at all live orders, so that no round costs more.
pub const OVERDUE_CASES_ROUND: u32 = 2;
/// Overdue cases that are escalated in one transaction.
pub const OVERDUE_CASES_BATCH: u32 = 50;
/// Every so many rounds all live orders are looked at.
pub const LIVENESS_EVERY_ROUNDS: u32 = 30;
/// An order that changed more recently is not called stranded yet.
pub const LIVENESS_GRACE: SignedDuration = SignedDuration::from_secs(30);
