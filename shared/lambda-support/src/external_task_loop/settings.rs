//! What a topic function chooses; the defaults are the starting values of the design.

use std::time::Duration;

/// The pointers every process carries (§6); fallout topics add `falloutCaseId`.
pub const POINTER_VARIABLES: [&str; 5] =
    ["tenantId", "orderId", "orderVersion", "correlationId", "workflowRunId"];

/// Settings of one loop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoopSettings {
    /// First part of the worker id.
    pub function: String,
    /// The capability that is fetched.
    pub topic: String,
    /// Names of the variables that are delivered with a task.
    pub variables: Vec<String>,
    /// Tasks per fetch; past 100 there is little gain.
    pub max_tasks: u32,
    /// After a crash the tasks are free again when it ends.
    pub lock_duration: Duration,
    /// Age of a lock at which it is extended; well below `lock_duration`.
    pub extend_after: Duration,
    /// How the engine is asked while there is no work.
    pub polling: Polling,
    /// Nothing is started in this last part of the invocation.
    pub margin: Duration,
    /// Tasks in hand at once; four saturate a two-core engine.
    pub parallel: usize,
    /// When the loop ends.
    pub mode: LoopMode,
}

/// How the engine is asked while there is no work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Polling {
    /// The engine parks the request: for milestone topics, where waiting costs the customer.
    Long(Duration),
    /// One request per interval: for exception topics, because parked requests cost the engine.
    Every(Duration),
}

/// When the loop ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoopMode {
    /// At the deadline less the margin.
    UntilDeadline,
    /// As soon as a fetch with empty hands brings nothing: for tests and drills.
    Drain,
}

impl LoopSettings {
    /// The defaults for a milestone topic.
    #[must_use]
    pub fn new(function: impl Into<String>, topic: impl Into<String>) -> Self {
        Self {
            function: function.into(),
            topic: topic.into(),
            variables: POINTER_VARIABLES.map(ToOwned::to_owned).to_vec(),
            max_tasks: 100,
            lock_duration: Duration::from_secs(30),
            extend_after: Duration::from_secs(10),
            polling: Polling::Long(Duration::from_secs(5)),
            margin: Duration::from_secs(3),
            parallel: 4,
            mode: LoopMode::UntilDeadline,
        }
    }

    /// Delivers one more variable with each task.
    #[must_use]
    pub fn with_variable(mut self, name: impl Into<String>) -> Self {
        self.variables.push(name.into());
        self
    }

    /// Ends as soon as no task is left.
    #[must_use]
    pub const fn draining(mut self) -> Self {
        self.mode = LoopMode::Drain;
        self
    }
}
