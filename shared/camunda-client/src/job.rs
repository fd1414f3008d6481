//! Jobs: the engine's timers; tests and drills fire them instead of waiting.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::calls::CallKind;
use crate::client::EngineClient;
use crate::date;
use crate::error::EngineError;
use crate::page::{Page, SortBy};

/// Which jobs of one instance to list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobQuery {
    process_instance_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    activity_id: Option<String>,
}

/// A job that the engine will execute.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// Id of the job.
    pub id: String,
    /// When the engine fires it.
    #[serde(default, with = "date::optional")]
    pub due_date: Option<Timestamp>,
    /// Retries left.
    #[serde(default)]
    pub retries: u32,
    /// Message of the last failure.
    #[serde(default)]
    pub exception_message: Option<String>,
}

#[derive(Serialize)]
struct SortedQuery<'a> {
    #[serde(flatten)]
    query: &'a JobQuery,
    sorting: [SortBy; 1],
}

impl JobQuery {
    /// All jobs of one instance.
    #[must_use]
    pub fn of_instance(process_instance_id: impl Into<String>) -> Self {
        Self { process_instance_id: process_instance_id.into(), activity_id: None }
    }

    /// Only those of one element, such as a timer event.
    #[must_use]
    pub fn at_activity(mut self, activity_id: impl Into<String>) -> Self {
        self.activity_id = Some(activity_id.into());
        self
    }
}

impl EngineClient {
    /// Lists jobs, sorted by id.
    ///
    /// # Errors
    /// Only technical ones.
    pub async fn list_jobs(&self, query: &JobQuery, page: Page) -> Result<Vec<Job>, EngineError> {
        let body = SortedQuery { query, sorting: [SortBy::ascending("jobId")] };
        let call = self.post(CallKind::QueryJobs, &["job"])?;
        self.ask(call.query(&page).json(&body)).await
    }

    /// Executes a job now, whatever its due date.
    ///
    /// # Errors
    /// [`EngineError::Gone`] when the job executor was faster or the wait is over.
    pub async fn execute_job(&self, job_id: &str) -> Result<(), EngineError> {
        self.send(self.post(CallKind::ExecuteJob, &["job", job_id, "execute"])?).await
    }
}
