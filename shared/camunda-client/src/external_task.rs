//! An external task as the engine hands it out or lists it.

use jiff::Timestamp;
use serde::Deserialize;

use crate::date;
use crate::variables::Variables;

/// One unit of work that the engine waits for.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExternalTask {
    /// Id of the task.
    pub id: String,
    /// Capability that the task asks for.
    pub topic_name: String,
    /// Who locked it last; absent before the first fetch and after an unlock.
    #[serde(default)]
    pub worker_id: Option<String>,
    /// Until when it is locked, or until when a failed attempt waits.
    #[serde(default, with = "date::optional")]
    pub lock_expiration_time: Option<Timestamp>,
    /// When the process reached the task.
    #[serde(default, with = "date::optional")]
    pub create_time: Option<Timestamp>,
    /// Retries left; absent until the first failure, because the engine never counts itself.
    #[serde(default)]
    pub retries: Option<u32>,
    /// Business key of the instance, as text because other processes may use other keys.
    #[serde(default)]
    pub business_key: Option<String>,
    /// The process instance.
    pub process_instance_id: String,
    /// The definition in its version.
    #[serde(default)]
    pub process_definition_id: Option<String>,
    /// The definition without its version.
    #[serde(default)]
    pub process_definition_key: Option<String>,
    /// The element in the model.
    pub activity_id: String,
    /// This run of the element: stable when the task is handed out again, new after a loop back.
    pub activity_instance_id: String,
    /// Whether the instance is suspended.
    #[serde(default)]
    pub suspended: bool,
    /// Message of the last failure.
    #[serde(default)]
    pub error_message: Option<String>,
    /// Details of the last failure; only a fetch delivers them.
    #[serde(default)]
    pub error_details: Option<String>,
    /// The variables that the fetch asked for; a query delivers none.
    #[serde(default)]
    pub variables: Variables,
}
