//! The engine's incidents: external tasks without retries left.
//!
//! An incident is never deleted; raising the retries of its task removes it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::calls::CallKind;
use crate::client::EngineClient;
use crate::date;
use crate::error::EngineError;
use crate::page::Page;

/// Which incidents of exhausted external tasks to list; an empty query lists all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IncidentQuery {
    /// Only of this instance.
    pub process_instance_id: Option<String>,
    /// Only raised after this moment.
    #[serde(skip_serializing_if = "Option::is_none", with = "date::optional")]
    pub incident_timestamp_after: Option<Timestamp>,
}

/// An exhausted external task.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Incident {
    /// Id of the incident.
    pub id: String,
    /// The process instance.
    pub process_instance_id: String,
    /// The element in the model.
    pub activity_id: String,
    /// Id of the external task, which the engine calls the configuration.
    #[serde(rename = "configuration")]
    pub external_task_id: String,
    /// Message of the last failure.
    #[serde(rename = "incidentMessage", default)]
    pub message: Option<String>,
    /// When it was raised.
    #[serde(rename = "incidentTimestamp", with = "date::required")]
    pub raised_at: Timestamp,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct IncidentScope {
    incident_type: &'static str,
    sort_by: &'static str,
    sort_order: &'static str,
}

const EXHAUSTED_TASKS: IncidentScope =
    IncidentScope { incident_type: "failedExternalTask", sort_by: "incidentId", sort_order: "asc" };

impl EngineClient {
    /// Lists incidents of exhausted external tasks, sorted by id.
    ///
    /// # Errors
    /// Only technical ones.
    pub async fn list_incidents(
        &self,
        query: &IncidentQuery,
        page: Page,
    ) -> Result<Vec<Incident>, EngineError> {
        let call = self.get(CallKind::QueryIncidents, &["incident"])?;
        self.ask(call.query(query).query(&EXHAUSTED_TASKS).query(&page)).await
    }
}
