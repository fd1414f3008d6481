//! Runs of activities in history: whether a task was completed or taken away.
//!
//! The only witness after a lost answer: `end_time` set and not `canceled` means our completion
//! was applied, `canceled` means a timer, a message or an error was faster.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::calls::CallKind;
use crate::client::EngineClient;
use crate::date;
use crate::error::EngineError;
use crate::page::{Page, SortBy};

/// Which runs of activities to list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ActivityQuery {
    #[serde(skip_serializing_if = "Option::is_none")]
    activity_instance_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    process_instance_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    activity_id: Option<String>,
}

/// One run of one element of the model.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActivityInstance {
    /// Id of the run.
    pub id: String,
    /// The element in the model.
    pub activity_id: String,
    /// Kind of element, in the engine's words.
    pub activity_type: String,
    /// The process instance.
    pub process_instance_id: String,
    /// When it was entered.
    #[serde(with = "date::required")]
    pub start_time: Timestamp,
    /// When it was left.
    #[serde(default, with = "date::optional")]
    pub end_time: Option<Timestamp>,
    /// Left because a timer, a message or an error took it away.
    pub canceled: bool,
}

#[derive(Serialize)]
struct SortedActivities<'a> {
    #[serde(flatten)]
    query: &'a ActivityQuery,
    sorting: [SortBy; 2],
}

impl ActivityQuery {
    /// One run, as named by an external task.
    #[must_use]
    pub fn of_activity_instance(activity_instance_id: impl Into<String>) -> Self {
        let activity_instance_id = Some(activity_instance_id.into());
        Self { activity_instance_id, process_instance_id: None, activity_id: None }
    }

    /// All runs in one process instance.
    #[must_use]
    pub fn of_process_instance(process_instance_id: impl Into<String>) -> Self {
        let process_instance_id = Some(process_instance_id.into());
        Self { activity_instance_id: None, process_instance_id, activity_id: None }
    }

    /// Only runs of one element of the model.
    #[must_use]
    pub fn at_activity(mut self, activity_id: impl Into<String>) -> Self {
        self.activity_id = Some(activity_id.into());
        self
    }
}

impl EngineClient {
    /// Lists runs of activities, oldest first.
    ///
    /// # Errors
    /// Only technical ones.
    pub async fn list_activity_instances(
        &self,
        query: &ActivityQuery,
        page: Page,
    ) -> Result<Vec<ActivityInstance>, EngineError> {
        let sorting = [SortBy::ascending("startTime"), SortBy::ascending("activityInstanceId")];
        let call = self.post(CallKind::QueryActivities, &["history", "activity-instance"])?;
        self.ask(call.query(&page).json(&SortedActivities { query, sorting })).await
    }
}
