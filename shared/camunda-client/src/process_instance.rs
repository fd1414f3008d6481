//! Running process instances: find, suspend, delete.

use serde::{Deserialize, Serialize};

use crate::business_key::BusinessKey;
use crate::calls::CallKind;
use crate::client::EngineClient;
use crate::error::EngineError;
use crate::page::{Page, SortBy};

/// Which running instances to list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InstanceQuery {
    /// Only of this process: called instances carry the same business key.
    pub process_definition_key: String,
    /// Only of this order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub business_key: Option<BusinessKey>,
    /// Only suspended, or only active ones.
    #[serde(flatten)]
    pub suspension: Option<SuspensionFilter>,
}

/// Whether an instance is suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(into = "SuspensionBody")]
pub enum SuspensionFilter {
    /// Only active ones.
    Active,
    /// Only suspended ones.
    Suspended,
}

#[derive(Serialize)]
struct SuspensionBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    active: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suspended: Option<bool>,
}

impl From<SuspensionFilter> for SuspensionBody {
    fn from(filter: SuspensionFilter) -> Self {
        match filter {
            SuspensionFilter::Active => Self { active: Some(true), suspended: None },
            SuspensionFilter::Suspended => Self { active: None, suspended: Some(true) },
        }
    }
}

/// An instance that has not ended.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProcessInstance {
    /// Id of the instance.
    pub id: String,
    /// The definition in its version.
    pub definition_id: String,
    /// Business key, as text because other processes may use other keys.
    #[serde(default)]
    pub business_key: Option<String>,
    /// Whether it is suspended.
    pub suspended: bool,
}

#[derive(Serialize)]
struct SortedQuery<'a> {
    #[serde(flatten)]
    query: &'a InstanceQuery,
    sorting: [SortBy; 1],
}

#[derive(Serialize)]
struct SuspendedBody {
    suspended: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeleteOptions {
    fail_if_not_exists: bool,
}

impl InstanceQuery {
    /// All running instances of a process.
    #[must_use]
    pub fn of_process(process_definition_key: impl Into<String>) -> Self {
        let process_definition_key = process_definition_key.into();
        Self { process_definition_key, business_key: None, suspension: None }
    }

    /// The running instances of one order: at most one, unless an invariant is broken.
    #[must_use]
    pub fn of_order(process_definition_key: impl Into<String>, key: BusinessKey) -> Self {
        Self { business_key: Some(key), ..Self::of_process(process_definition_key) }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ByIdQuery<'a> {
    process_instance_ids: &'a [&'a str],
    sorting: [SortBy; 1],
}

impl EngineClient {
    /// The running ones among these instances, of whatever process, sorted by id.
    ///
    /// # Errors
    /// Only technical ones.
    pub async fn list_instances_by_id(
        &self,
        ids: &[&str],
    ) -> Result<Vec<ProcessInstance>, EngineError> {
        // Without an id the engine would list everything.
        let Ok(count @ 1..) = u32::try_from(ids.len()) else { return Ok(Vec::new()) };
        let sorting = [SortBy::ascending("instanceId")];
        let body = ByIdQuery { process_instance_ids: ids, sorting };
        let call = self.post(CallKind::QueryInstances, &["process-instance"])?;
        self.ask(call.query(&Page::first(count)).json(&body)).await
    }

    /// Lists running instances, sorted by id.
    ///
    /// # Errors
    /// Only technical ones.
    pub async fn list_instances(
        &self,
        query: &InstanceQuery,
        page: Page,
    ) -> Result<Vec<ProcessInstance>, EngineError> {
        let body = SortedQuery { query, sorting: [SortBy::ascending("instanceId")] };
        let call = self.post(CallKind::QueryInstances, &["process-instance"])?;
        self.ask(call.query(&page).json(&body)).await
    }

    /// Suspends or activates an instance; a missing one is no error for the engine.
    ///
    /// # Errors
    /// Only technical ones; may be repeated.
    pub async fn set_suspended(&self, instance: &str, suspended: bool) -> Result<(), EngineError> {
        let kind = CallKind::SuspendInstance;
        let call = self.put(kind, &["process-instance", instance, "suspended"])?;
        self.send(call.json(&SuspendedBody { suspended })).await
    }

    /// Deletes an instance with everything it waits for; a missing one is no error.
    ///
    /// # Errors
    /// Only technical ones; may be repeated.
    pub async fn delete_instance(&self, instance: &str) -> Result<(), EngineError> {
        let call = self.delete(CallKind::DeleteInstance, &["process-instance", instance])?;
        self.send(call.query(&DeleteOptions { fail_if_not_exists: false })).await
    }
}
