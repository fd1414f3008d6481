//! Counts every request that leaves for the engine, by kind.
//!
//! The happy path of an order is nine calls besides the fetches; a test asserts it, and the
//! functions log the counts. Requests refused before sending are not counted.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! call_kinds {
    ($($(#[$doc:meta])* $name:ident => $text:literal),+ $(,)?) => {
        /// What a request asks of the engine; also how errors name the operation that failed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum CallKind {
            $($(#[$doc])* $name),+
        }

        impl CallKind {
            /// Every kind, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The name used in logs and errors.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text),+
                }
            }
        }
    };
}

call_kinds! {
    /// Start of a process instance.
    StartProcess => "start process",
    /// Fetch and lock of external tasks.
    FetchAndLock => "fetch and lock",
    /// Completion of an external task.
    CompleteTask => "complete external task",
    /// BPMN error on an external task.
    BpmnError => "report BPMN error",
    /// Failure of an external task.
    TaskFailure => "report task failure",
    /// Extension of a lock.
    ExtendLock => "extend lock",
    /// Release of a lock.
    Unlock => "unlock external task",
    /// Change of the retries of an external task.
    SetRetries => "set retries",
    /// Correlation of a message.
    CorrelateMessage => "correlate message",
    /// Query of user tasks.
    QueryUserTasks => "query user tasks",
    /// Completion of a user task.
    CompleteUserTask => "complete user task",
    /// Query of variables.
    QueryVariables => "query variables",
    /// Query of running process instances.
    QueryInstances => "query process instances",
    /// Query of running and ended process instances.
    QueryHistoricInstances => "query historic process instances",
    /// Query of activity instances in history.
    QueryActivities => "query historic activity instances",
    /// Query of incidents.
    QueryIncidents => "query incidents",
    /// Query of external tasks.
    QueryExternalTasks => "query external tasks",
    /// Query of jobs.
    QueryJobs => "query jobs",
    /// Execution of a job.
    ExecuteJob => "execute job",
    /// Query of event subscriptions.
    QueryEventSubscriptions => "query event subscriptions",
    /// Deletion of a process instance.
    DeleteInstance => "delete process instance",
    /// Suspension or activation of a process instance.
    SuspendInstance => "suspend process instance",
    /// Deployment of models.
    Deploy => "deploy",
    /// Version of the engine.
    Version => "version",
    /// Readiness of the engine and its database.
    Readiness => "readiness",
}

impl std::fmt::Display for CallKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Live counters, shared by the clones of one client.
#[derive(Debug, Default)]
pub(crate) struct CallCounter([AtomicU64; CallKind::ALL.len()]);

impl CallCounter {
    pub(crate) fn count(&self, kind: CallKind) {
        self.0[kind as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn snapshot(&self) -> EngineCalls {
        EngineCalls(std::array::from_fn(|index| self.0[index].load(Ordering::Relaxed)))
    }
}

/// How many requests a client had sent, by kind, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineCalls([u64; CallKind::ALL.len()]);

impl EngineCalls {
    /// Requests of one kind.
    #[must_use]
    pub const fn count(&self, kind: CallKind) -> u64 {
        self.0[kind as usize]
    }

    /// All requests.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// All requests but the fetches, which belong to no single order.
    #[must_use]
    pub fn total_without_fetches(&self) -> u64 {
        self.total() - self.count(CallKind::FetchAndLock)
    }

    /// What was sent between an earlier moment and this one.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self(std::array::from_fn(|index| self.0[index].saturating_sub(earlier.0[index])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_counted_apart_and_together() {
        let counter = CallCounter::default();
        let before = counter.snapshot();
        for kind in CallKind::ALL {
            counter.count(*kind);
        }
        counter.count(CallKind::FetchAndLock);

        let calls = counter.snapshot().since(&before);

        assert_eq!(calls.count(CallKind::FetchAndLock), 2);
        assert_eq!(calls.count(CallKind::Readiness), 1);
        assert_eq!(calls.total_without_fetches() + 2, calls.total());
    }
}
