//! The operations of SQS that dead letters need, as its JSON protocol writes them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

macro_rules! requests {
    ($($name:ident { $($field:ident: $type:ty),+ $(,)? })+) => {$(
        #[derive(Debug, Serialize)]
        #[serde(rename_all = "PascalCase")]
        pub(super) struct $name<'a> {
            $(pub(super) $field: $type),+
        }
    )+};
}

requests! {
    GetQueueAttributes { queue_url: &'a str, attribute_names: [&'static str; 1] }
    ReceiveMessage {
        queue_url: &'a str, max_number_of_messages: usize, visibility_timeout: u32,
        message_system_attribute_names: [&'static str; 1],
        message_attribute_names: [&'static str; 1],
    }
    ChangeMessageVisibility {
        queue_url: &'a str, receipt_handle: &'a str, visibility_timeout: u32,
    }
    DeleteMessage { queue_url: &'a str, receipt_handle: &'a str }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Queues {
    pub(super) queue_urls: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Attributes {
    pub(super) attributes: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Messages {
    pub(super) messages: Option<Vec<Message>>,
}

/// A message that was handed out.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Message {
    pub(super) message_id: String,
    pub(super) receipt_handle: String,
    #[serde(default)]
    pub(super) body: String,
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, String>,
    /// Sent back as they are, whatever their types.
    #[serde(default)]
    pub(super) message_attributes: Map<String, Value>,
}
