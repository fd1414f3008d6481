//! Historic instances: running and ended ones, so that a start whose answer was lost is found.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::business_key::BusinessKey;
use crate::calls::CallKind;
use crate::client::EngineClient;
use crate::date;
use crate::error::EngineError;
use crate::external_task_query::is_false;
use crate::page::{Page, SortBy};

/// Which running and ended instances to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoricInstanceQuery {
    /// Only of this process: called instances carry the same business key.
    pub process_definition_key: String,
    /// Only of this order.
    pub business_key: Option<BusinessKey>,
    /// Only of these orders; empty for all.
    pub business_keys: Vec<BusinessKey>,
    /// Only this instance.
    pub process_instance_id: Option<String>,
    /// Only running, or only ended ones.
    pub life: Option<LifeFilter>,
    /// Only started before this moment.
    pub started_before: Option<Timestamp>,
}

/// Where in its life an instance is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LifeFilter {
    /// Not ended.
    Unfinished,
    /// Ended, however.
    Finished,
    /// Ended after this moment.
    FinishedAfter(Timestamp),
}

/// How an instance stands; COMPLETED is not success, the order's own status decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum HistoricState {
    /// Running.
    Active,
    /// Running, but suspended.
    Suspended,
    /// Ended inside the model, by whichever end.
    Completed,
    /// Deleted from outside.
    ExternallyTerminated,
    /// Ended by a terminating element of a calling instance.
    InternallyTerminated,
}

/// An instance, running or ended.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoricInstance {
    /// Id of the instance.
    pub id: String,
    /// The definition in its version.
    pub process_definition_id: String,
    /// Business key, as text because other processes may use other keys.
    #[serde(default)]
    pub business_key: Option<String>,
    /// How it stands.
    pub state: HistoricState,
    /// When it started.
    #[serde(with = "date::required")]
    pub start_time: Timestamp,
    /// When it ended.
    #[serde(default, with = "date::optional")]
    pub end_time: Option<Timestamp>,
    /// Why it was deleted.
    #[serde(default)]
    pub delete_reason: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InstanceBody<'a> {
    process_definition_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    process_instance_business_key: Option<&'a BusinessKey>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    process_instance_business_key_in: &'a [BusinessKey],
    #[serde(skip_serializing_if = "Option::is_none")]
    process_instance_id: Option<&'a str>,
    #[serde(skip_serializing_if = "is_false")]
    unfinished: bool,
    #[serde(skip_serializing_if = "is_false")]
    finished: bool,
    #[serde(skip_serializing_if = "Option::is_none", with = "date::optional")]
    finished_after: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none", with = "date::optional")]
    started_before: Option<Timestamp>,
    sorting: [SortBy; 2],
}

impl HistoricInstanceQuery {
    /// All instances of a process.
    #[must_use]
    pub fn of_process(process_definition_key: impl Into<String>) -> Self {
        Self {
            process_definition_key: process_definition_key.into(),
            business_key: None,
            business_keys: Vec::new(),
            process_instance_id: None,
            life: None,
            started_before: None,
        }
    }

    /// The instances of one order, running and ended.
    #[must_use]
    pub fn of_order(process_definition_key: impl Into<String>, key: BusinessKey) -> Self {
        Self { business_key: Some(key), ..Self::of_process(process_definition_key) }
    }

    /// The instances of many orders in one question, running and ended.
    ///
    /// Without an order it would ask for all, so there must be one.
    #[must_use]
    pub fn of_orders(
        process_definition_key: impl Into<String>,
        first: BusinessKey,
        others: impl IntoIterator<Item = BusinessKey>,
    ) -> Self {
        let business_keys = std::iter::once(first).chain(others).collect();
        Self { business_keys, ..Self::of_process(process_definition_key) }
    }

    fn body(&self) -> InstanceBody<'_> {
        let finished_after = match self.life {
            Some(LifeFilter::FinishedAfter(moment)) => Some(moment),
            Some(LifeFilter::Finished | LifeFilter::Unfinished) | None => None,
        };
        InstanceBody {
            process_definition_key: &self.process_definition_key,
            process_instance_business_key: self.business_key.as_ref(),
            process_instance_business_key_in: &self.business_keys,
            process_instance_id: self.process_instance_id.as_deref(),
            unfinished: self.life == Some(LifeFilter::Unfinished),
            finished: self.life == Some(LifeFilter::Finished) || finished_after.is_some(),
            finished_after,
            started_before: self.started_before,
            sorting: [SortBy::ascending("startTime"), SortBy::ascending("instanceId")],
        }
    }
}

impl EngineClient {
    /// Lists instances, running and ended, oldest first.
    ///
    /// # Errors
    /// Only technical ones.
    pub async fn list_historic_instances(
        &self,
        query: &HistoricInstanceQuery,
        page: Page,
    ) -> Result<Vec<HistoricInstance>, EngineError> {
        let path = ["history", "process-instance"];
        let call = self.post(CallKind::QueryHistoricInstances, &path)?;
        self.ask(call.query(&page).json(&query.body())).await
    }
}
