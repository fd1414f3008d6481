//! Listing external tasks, and raising the retries of exhausted ones.

use jiff::Timestamp;
use serde::Serialize;

use crate::calls::CallKind;
use crate::client::EngineClient;
use crate::date::EngineDate;
use crate::error::EngineError;
use crate::external_task::ExternalTask;
use crate::page::{Page, SortBy};

/// Which external tasks to list; an empty query lists all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExternalTaskQuery {
    /// Only of this topic.
    pub topic_name: Option<String>,
    /// Only locked last by this worker.
    pub worker_id: Option<String>,
    /// Only of this instance.
    pub process_instance_id: Option<String>,
    /// Only in this state of the lock.
    pub lock: Option<LockFilter>,
    /// Only with retries left, or only exhausted ones.
    pub retries: Option<RetriesFilter>,
}

/// State of a lock; one value, because the engine finds nothing for some combinations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockFilter {
    /// Locked and not yet expired; a task that waits for its retry looks locked as well.
    Locked,
    /// Never locked, unlocked, or expired.
    NotLocked,
    /// Locked once, expired before this moment and not fetched since.
    ExpiredBefore(Timestamp),
}

/// Whether the engine would hand the task out again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetriesFilter {
    /// Retries left, or never failed.
    Left,
    /// None left: the task has an incident.
    Exhausted,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct QueryBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    topic_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    worker_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    process_instance_id: Option<&'a str>,
    #[serde(skip_serializing_if = "is_false")]
    locked: bool,
    #[serde(skip_serializing_if = "is_false")]
    not_locked: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    lock_expiration_before: Option<EngineDate>,
    #[serde(skip_serializing_if = "is_false")]
    with_retries_left: bool,
    #[serde(skip_serializing_if = "is_false")]
    no_retries_left: bool,
    sorting: [SortBy; 2],
}

#[derive(Serialize)]
struct RetriesBody {
    retries: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(crate) fn is_false(value: &bool) -> bool {
    !value
}

impl ExternalTaskQuery {
    fn body(&self) -> QueryBody<'_> {
        QueryBody {
            topic_name: self.topic_name.as_deref(),
            worker_id: self.worker_id.as_deref(),
            process_instance_id: self.process_instance_id.as_deref(),
            locked: self.lock == Some(LockFilter::Locked),
            not_locked: self.lock == Some(LockFilter::NotLocked),
            lock_expiration_before: match self.lock {
                Some(LockFilter::ExpiredBefore(moment)) => Some(moment.into()),
                Some(LockFilter::Locked | LockFilter::NotLocked) | None => None,
            },
            with_retries_left: self.retries == Some(RetriesFilter::Left),
            no_retries_left: self.retries == Some(RetriesFilter::Exhausted),
            sorting: [SortBy::ascending("createTime"), SortBy::ascending("id")],
        }
    }
}

impl EngineClient {
    /// Lists external tasks, oldest first; variables are not delivered.
    ///
    /// # Errors
    /// Only technical ones.
    pub async fn list_external_tasks(
        &self,
        query: &ExternalTaskQuery,
        page: Page,
    ) -> Result<Vec<ExternalTask>, EngineError> {
        let call = self.post(CallKind::QueryExternalTasks, &["external-task"])?;
        self.ask(call.query(&page).json(&query.body())).await
    }

    /// Sets the retries of a task: removes its incident and makes it fetchable.
    ///
    /// # Errors
    /// [`EngineError::Gone`] when the task does not exist any more; may be repeated.
    pub async fn set_retries(&self, task_id: &str, retries: u32) -> Result<(), EngineError> {
        let call = self.put(CallKind::SetRetries, &["external-task", task_id, "retries"])?;
        self.send(call.json(&RetriesBody { retries })).await
    }
}
