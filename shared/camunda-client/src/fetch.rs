//! Fetch and lock: how a topic function gets its work.
//!
//! Rivals on one topic select the same rows and come home empty, so there is one fetcher per
//! topic. Tasks are asked for oldest first, because without a sort order one can starve.

use std::time::Duration;

use serde::Serialize;

use crate::calls::CallKind;
use crate::checks::check_name;
use crate::client::EngineClient;
use crate::error::EngineError;
use crate::external_task::ExternalTask;
use crate::page::SortBy;

/// What to fetch, for how long to lock it, and how long to wait for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchRequest {
    /// New for every invocation: the engine checks only this id when a task is reported.
    pub worker_id: String,
    /// The topic.
    pub topic_name: String,
    /// Names of the variables to deliver; an empty list delivers none.
    pub variables: Vec<String>,
    /// At most so many tasks.
    pub max_tasks: u32,
    /// How long the tasks are ours.
    pub lock_duration: Duration,
    /// How long the engine may park the request while there is no work; `None` = answer at once.
    pub long_poll: Option<Duration>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FetchBody<'a> {
    worker_id: &'a str,
    max_tasks: u32,
    use_priority: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    async_response_timeout: Option<u64>,
    sorting: [SortBy; 1],
    topics: [TopicBody<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TopicBody<'a> {
    topic_name: &'a str,
    lock_duration: u64,
    variables: &'a [String],
}

impl EngineClient {
    /// Locks waiting tasks of one topic and returns them, oldest first.
    ///
    /// # Errors
    /// After a lost answer nothing needs asking: the tasks come back when their lock ends.
    pub async fn fetch_and_lock(
        &self,
        request: &FetchRequest,
    ) -> Result<Vec<ExternalTask>, EngineError> {
        let kind = CallKind::FetchAndLock;
        kind.check(check_name("worker id", &request.worker_id))?;
        kind.check(check_name("topic", &request.topic_name))?;
        let body = FetchBody {
            worker_id: &request.worker_id,
            max_tasks: request.max_tasks,
            use_priority: false,
            async_response_timeout: request.long_poll.map(millis),
            sorting: [SortBy::ascending("createTime")],
            topics: [TopicBody {
                topic_name: &request.topic_name,
                lock_duration: millis(request.lock_duration),
                variables: &request.variables,
            }],
        };
        let timeout = self.long_poll_timeout(request.long_poll.unwrap_or_default());
        let call = self.post(kind, &["external-task", "fetchAndLock"])?;
        self.ask(call.timeout(timeout).json(&body)).await
    }
}

/// Durations travel as whole milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
