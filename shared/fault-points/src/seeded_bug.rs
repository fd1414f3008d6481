//! Mistakes that a test run must notice: the proof that the suite can fail.
//!
//! Each stands as one branch at the place where the real code does better. The number is part of the
//! table that `cargo local seeded-bugs` prints, so it stays.

/// One mistake.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "armed", derive(Debug, PartialOrd, Ord))]
#[cfg_attr(
    not(feature = "armed"),
    expect(missing_debug_implementations, reason = "its names stay out of shipped binaries")
)]
pub enum SeededBug {
    /// An event reaches the bus although its transaction may not be committed.
    PublishBeforeCommit = 1,
    /// A worker's outcome counts whatever its lease says.
    NoLeaseCheck = 2,
    /// An unknown outcome is sent again instead of asked about.
    ResendWithoutQuery = 3,
    /// A queue message is acknowledged although recording it failed.
    AcknowledgeOnError = 4,
    /// The engine is told while the callback's transaction is open.
    CorrelateInCallback = 5,
    /// A callback that comes later overwrites a settled step.
    TrustCallbackOrder = 6,
    /// The outbox is read by "sequence greater than the last one seen".
    OutboxByCursor = 7,
    /// The same callback is applied as often as it comes.
    NoInboxDedupe = 8,
    /// The engine hears "complete" before the command is committed.
    CompleteBeforeCommit = 9,
    /// A business rejection is taken for a technical failure and sent again.
    RetryBusinessRejection = 10,
    /// Every attempt gets a request id of its own.
    NewRequestIdPerAttempt = 11,
    /// 409 "already known" is taken for a refusal.
    IgnoreConflict = 12,
    /// A start whose answer was lost is repeated without asking.
    StartWithoutAsking = 13,
    /// "Nobody waits for this message" is taken for delivered.
    NoMatchIsDelivered = 14,
    /// A task that is gone when it is completed is reported as failed.
    GoneIsFailure = 15,
    /// One bad message sends its whole batch back.
    OneBadFailsBatch = 16,
    /// The queue is told positions instead of message ids.
    WrongItemIds = 17,
    /// A key is replayed without comparing what was asked for.
    NoFingerprint = 18,
    /// The key of a command names the activity and not its run.
    KeyByActivity = 19,
    /// A failure is reported without the retries that are left.
    NoRetriesInFailure = 20,
    /// A step waits for its answer without a due time.
    NoResponseDue = 21,
    /// Events of one order leave in any order.
    EventsOutOfOrder = 22,
    /// A business error is reported as a technical failure.
    BusinessErrorAsFailure = 23,
    /// Every invocation has the same worker id.
    OneWorkerId = 24,
}

impl SeededBug {
    /// Whether this process makes the mistake: never, in what ships.
    #[cfg(not(feature = "armed"))]
    #[must_use]
    #[inline(always)]
    pub const fn is_present(self) -> bool {
        false
    }

    /// Whether this process makes the mistake.
    #[cfg(feature = "armed")]
    #[must_use]
    pub fn is_present(self) -> bool {
        armed::chosen() == Some(self)
    }
}

#[cfg(feature = "armed")]
mod armed {
    use std::sync::OnceLock;

    use super::SeededBug;

    static CHOSEN: OnceLock<Option<SeededBug>> = OnceLock::new();

    pub(super) fn chosen() -> Option<SeededBug> {
        *CHOSEN.get_or_init(|| {
            #[expect(clippy::disallowed_methods, reason = "a test tells its process")]
            let number = std::env::var("OMS_SEEDED_BUG").ok()?;
            let bug = number.parse().ok().and_then(SeededBug::numbered);
            Some(bug.unwrap_or_else(|| panic!("OMS_SEEDED_BUG is 1 to 24, not {number}")))
        })
    }

    impl SeededBug {
        /// All of them, by their numbers.
        pub const ALL: [Self; 24] = [
            Self::PublishBeforeCommit,
            Self::NoLeaseCheck,
            Self::ResendWithoutQuery,
            Self::AcknowledgeOnError,
            Self::CorrelateInCallback,
            Self::TrustCallbackOrder,
            Self::OutboxByCursor,
            Self::NoInboxDedupe,
            Self::CompleteBeforeCommit,
            Self::RetryBusinessRejection,
            Self::NewRequestIdPerAttempt,
            Self::IgnoreConflict,
            Self::StartWithoutAsking,
            Self::NoMatchIsDelivered,
            Self::GoneIsFailure,
            Self::OneBadFailsBatch,
            Self::WrongItemIds,
            Self::NoFingerprint,
            Self::KeyByActivity,
            Self::NoRetriesInFailure,
            Self::NoResponseDue,
            Self::EventsOutOfOrder,
            Self::BusinessErrorAsFailure,
            Self::OneWorkerId,
        ];

        /// The number by which it is chosen.
        #[must_use]
        pub const fn number(self) -> u8 {
            self as u8
        }

        /// The bug of that number.
        #[must_use]
        pub fn numbered(number: u8) -> Option<Self> {
            Self::ALL.into_iter().find(|bug| bug.number() == number)
        }
    }
}

#[cfg(all(test, feature = "armed"))]
mod tests {
    use super::*;

    #[test]
    fn bugs_are_numbered_from_one_without_a_gap() {
        let numbers: Vec<u8> = SeededBug::ALL.into_iter().map(SeededBug::number).collect();

        assert_eq!(numbers, (1..=24).collect::<Vec<u8>>());
        assert!(SeededBug::numbered(0).is_none());
    }

    #[test]
    fn a_process_that_is_told_nothing_makes_no_mistake() {
        assert!(SeededBug::ALL.into_iter().all(|bug| !bug.is_present()));
    }
}
