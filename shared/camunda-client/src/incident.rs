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

/// An incident of any type, as the engine raised it first.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RootIncident {
    /// Id of the incident.
    pub id: String,
    /// The incident that this one only passes on to a calling instance; itself when it is the root.
    #[serde(default)]
    pub cause_incident_id: Option<String>,
    /// For example `failedExternalTask` or `failedJob`.
    pub incident_type: String,
    /// The process instance; absent for a definition's job.
    #[serde(default)]
    pub process_instance_id: Option<String>,
    /// The element in the model.
    #[serde(default)]
    pub activity_id: Option<String>,
    /// Message of the last failure.
    #[serde(rename = "incidentMessage", default)]
    pub message: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SortedById {
    sort_by: &'static str,
    sort_order: &'static str,
}

impl EngineClient {
    /// Lists incidents of every type, sorted by id, without those that calling instances inherit.
    /// A page may therefore hold fewer than it asked for; the number says how many it had.
    ///
    /// # Errors
    /// Only technical ones.
    pub async fn list_root_incidents(
        &self,
        page: Page,
    ) -> Result<(Vec<RootIncident>, usize), EngineError> {
        let sorting = SortedById { sort_by: "incidentId", sort_order: "asc" };
        let call = self.get(CallKind::QueryIncidents, &["incident"])?;
        let mut found: Vec<RootIncident> = self.ask(call.query(&sorting).query(&page)).await?;
        let count = found.len();
        found.retain(|x| x.cause_incident_id.as_ref().is_none_or(|cause| *cause == x.id));
        Ok((found, count))
    }

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
