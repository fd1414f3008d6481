//! Event subscriptions: who waits for which message, and since when.
//!
//! No filter by business key exists at the engine (it would be ignored), so none exists here.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::calls::CallKind;
use crate::client::EngineClient;
use crate::date;
use crate::error::EngineError;
use crate::page::Page;

/// Which message subscriptions to list; an empty query lists all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventSubscriptionQuery {
    /// Only for this message.
    #[serde(rename = "eventName")]
    pub message_name: Option<String>,
    /// Only of this instance.
    pub process_instance_id: Option<String>,
}

/// One execution waiting for one message.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventSubscription {
    /// Id of the subscription.
    pub id: String,
    /// The message.
    #[serde(rename = "eventName")]
    pub message_name: String,
    /// The waiting instance; absent for a message start event.
    #[serde(default)]
    pub process_instance_id: Option<String>,
    /// The element in the model.
    #[serde(default)]
    pub activity_id: Option<String>,
    /// Since when it waits.
    #[serde(with = "date::required")]
    pub created_date: Timestamp,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SubscriptionScope {
    event_type: &'static str,
    sort_by: &'static str,
    sort_order: &'static str,
}

const MESSAGES: SubscriptionScope =
    SubscriptionScope { event_type: "message", sort_by: "created", sort_order: "asc" };

impl EngineClient {
    /// Lists message subscriptions, oldest first.
    ///
    /// # Errors
    /// Only technical ones.
    pub async fn list_event_subscriptions(
        &self,
        query: &EventSubscriptionQuery,
        page: Page,
    ) -> Result<Vec<EventSubscription>, EngineError> {
        let call = self.get(CallKind::QueryEventSubscriptions, &["event-subscription"])?;
        self.ask(call.query(query).query(&MESSAGES).query(&page)).await
    }
}
