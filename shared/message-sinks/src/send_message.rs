//! One message to one queue.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::aws_client::{AwsClient, CallError};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SendMessage<'a> {
    queue_url: &'a str,
    message_body: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_attributes: Option<&'a Map<String, Value>>,
}

/// What a queue says that has taken a message; without its id, it has not.
#[derive(Deserialize)]
struct Sent {
    #[serde(rename = "MessageId")]
    _message_id: String,
}

/// Sends the message and returns when the queue has it.
pub(crate) async fn send_message(
    client: &AwsClient,
    queue_url: &str,
    message_body: &str,
    message_attributes: Option<&Map<String, Value>>,
) -> Result<(), CallError> {
    let request = SendMessage { queue_url, message_body, message_attributes };
    client.call("SendMessage", &request).await.map(|_: Sent| ())
}
