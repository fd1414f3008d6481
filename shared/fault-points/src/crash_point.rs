//! The places at which a function can be made to die: before and after everything that another
//! party can see.

/// One place in the code of the functions.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "armed", derive(Debug, PartialOrd, Ord))]
#[cfg_attr(
    not(feature = "armed"),
    expect(missing_debug_implementations, reason = "its names stay out of shipped binaries")
)]
pub enum CrashPoint {
    /// order-intake: the key is claimed and the quote read, nothing is written.
    IntakeBeforeTransaction,
    /// order-intake: the statement that writes the order is about to leave with its COMMIT.
    IntakeBeforeCommit,
    /// order-intake: the order is there, the caller has heard nothing.
    IntakeAfterCommit,
    /// outbox-relay: rows are leased, nothing is delivered.
    RelayAfterClaim,
    /// outbox-relay: the start is recorded as STARTING, the engine has not been called.
    RelayBeforeStart,
    /// outbox-relay: the engine has an instance, the correlation does not know it.
    RelayAfterStart,
    /// outbox-relay: the correlation is RUNNING, the row is still owed.
    RelayAfterCorrelation,
    /// outbox-relay: a message is about to leave for the engine.
    RelayBeforeMessage,
    /// outbox-relay: the engine took the message, the row is still owed.
    RelayAfterMessage,
    /// outbox-relay: delivered rows are gone, the round goes on.
    RelayAfterDeletion,
    /// Topic function: a task is locked, its command has not begun.
    TopicAfterFetch,
    /// Topic function: the command has decided, its write has not left.
    TopicBeforeCommit,
    /// Topic function: the command is committed, the engine has heard nothing.
    TopicAfterCommit,
    /// Topic function: the engine has the answer, the loop goes on.
    TopicAfterComplete,
    /// fulfillment-step-executor: the step is SUBMITTING with its request id, nobody was called.
    ExecutorAfterClaim,
    /// fulfillment-step-executor: the call is about to leave.
    ExecutorBeforeCall,
    /// fulfillment-step-executor: the target system has answered, nothing is recorded.
    ExecutorAfterCall,
    /// fulfillment-step-executor: the outcome is recorded, the queue does not know.
    ExecutorAfterOutcome,
    /// callback-intake: the signature is right, the queue has nothing.
    CallbackIntakeAfterVerifying,
    /// callback-intake: the queue has the bytes, the sender has no answer.
    CallbackIntakeAfterSending,
    /// callback-processor: the batch is decided, its write has not left.
    OutcomesBeforeCommit,
    /// callback-processor: the batch is recorded, the queue does not know.
    CallbackProcessorAfterCommit,
    /// reconciliation: the target system has said what became of a request, nothing is recorded.
    ReconciliationAfterQuery,
    /// reconciliation: what was found is adopted, the round goes on.
    ReconciliationAfterAdopting,
    /// bulk-recovery: cases are in hand, none is acted on.
    BulkAfterClaim,
    /// bulk-recovery: a case is acted on, the bulk action does not know.
    BulkAfterAct,
    /// Topic function: the lock of a task in hand is about to be extended.
    RenewalBefore,
    /// Topic function: the lock is extended, the function has not heard it.
    RenewalAfter,
}

#[cfg(feature = "armed")]
impl CrashPoint {
    /// All of them, in the order of an order's life.
    pub const ALL: [Self; 28] = [
        Self::IntakeBeforeTransaction,
        Self::IntakeBeforeCommit,
        Self::IntakeAfterCommit,
        Self::RelayAfterClaim,
        Self::RelayBeforeStart,
        Self::RelayAfterStart,
        Self::RelayAfterCorrelation,
        Self::RelayBeforeMessage,
        Self::RelayAfterMessage,
        Self::RelayAfterDeletion,
        Self::TopicAfterFetch,
        Self::TopicBeforeCommit,
        Self::TopicAfterCommit,
        Self::TopicAfterComplete,
        Self::ExecutorAfterClaim,
        Self::ExecutorBeforeCall,
        Self::ExecutorAfterCall,
        Self::ExecutorAfterOutcome,
        Self::CallbackIntakeAfterVerifying,
        Self::CallbackIntakeAfterSending,
        Self::OutcomesBeforeCommit,
        Self::CallbackProcessorAfterCommit,
        Self::ReconciliationAfterQuery,
        Self::ReconciliationAfterAdopting,
        Self::BulkAfterClaim,
        Self::BulkAfterAct,
        Self::RenewalBefore,
        Self::RenewalAfter,
    ];

    /// Its name: what a process is told, and what a shipped binary must not hold.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::IntakeBeforeTransaction => "order-intake/before-transaction",
            Self::IntakeBeforeCommit => "order-intake/before-commit",
            Self::IntakeAfterCommit => "order-intake/after-commit",
            Self::RelayAfterClaim => "outbox-relay/after-claim",
            Self::RelayBeforeStart => "outbox-relay/before-start",
            Self::RelayAfterStart => "outbox-relay/after-start",
            Self::RelayAfterCorrelation => "outbox-relay/after-correlation",
            Self::RelayBeforeMessage => "outbox-relay/before-message",
            Self::RelayAfterMessage => "outbox-relay/after-message",
            Self::RelayAfterDeletion => "outbox-relay/after-deletion",
            Self::TopicAfterFetch => "topic/after-fetch",
            Self::TopicBeforeCommit => "topic/before-commit",
            Self::TopicAfterCommit => "topic/after-commit",
            Self::TopicAfterComplete => "topic/after-complete",
            Self::ExecutorAfterClaim => "fulfillment-step-executor/after-claim",
            Self::ExecutorBeforeCall => "fulfillment-step-executor/before-call",
            Self::ExecutorAfterCall => "fulfillment-step-executor/after-call",
            Self::ExecutorAfterOutcome => "fulfillment-step-executor/after-outcome",
            Self::CallbackIntakeAfterVerifying => "callback-intake/after-verifying",
            Self::CallbackIntakeAfterSending => "callback-intake/after-sending",
            Self::OutcomesBeforeCommit => "callback-processor/before-commit",
            Self::CallbackProcessorAfterCommit => "callback-processor/after-commit",
            Self::ReconciliationAfterQuery => "reconciliation/after-query",
            Self::ReconciliationAfterAdopting => "reconciliation/after-adopting",
            Self::BulkAfterClaim => "bulk-recovery/after-claim",
            Self::BulkAfterAct => "bulk-recovery/after-act",
            Self::RenewalBefore => "renewal/before",
            Self::RenewalAfter => "renewal/after",
        }
    }

    /// Whether whoever stands there holds the rows of an order: others wait for them until the
    /// platform kills it.
    #[must_use]
    pub const fn holds_row_locks(self) -> bool {
        matches!(self, Self::TopicBeforeCommit | Self::OutcomesBeforeCommit)
    }

    /// The point of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|point| point.name() == name)
    }
}

#[cfg(all(test, feature = "armed"))]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_point_has_a_name_of_its_own_and_is_found_by_it() {
        let names: BTreeSet<&str> = CrashPoint::ALL.into_iter().map(CrashPoint::name).collect();

        assert_eq!(names.len(), CrashPoint::ALL.len());
        for point in CrashPoint::ALL {
            assert_eq!(CrashPoint::named(point.name()), Some(point));
        }
    }
}
