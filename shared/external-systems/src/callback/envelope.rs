//! The message on the queue `external-callbacks`: authenticated raw bytes and how they came.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use order_domain::tenant::TenantId;
use serde::{Deserialize, Serialize};

/// One authenticated callback on its way from the edge to the inbox.
///
/// Tenant and system are those whose secret verified the message: nothing in the body can change
/// them. The body travels as base64, because a queue carries text and a body may be anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CallbackEnvelope {
    /// Tenant of the secret.
    pub tenant_id: TenantId,
    /// System of the secret, for example `INVENTORY`.
    pub system: String,
    /// `webhook-id`, unique per tenant and system.
    pub message_id: String,
    /// When the edge had verified it.
    pub received_at: Timestamp,
    /// `Content-Type`, empty when there was none.
    pub content_type: String,
    /// The raw bytes in base64.
    pub body_base64: String,
    /// Trace context of the edge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

/// The envelope's body is no base64; only a foreign writer on the queue can cause that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body of the callback envelope is not base64")]
pub struct InvalidEnvelopeBody;

impl CallbackEnvelope {
    /// Encodes raw bytes for [`CallbackEnvelope::body_base64`].
    #[must_use]
    pub fn encode_body(body: &[u8]) -> String {
        STANDARD.encode(body)
    }

    /// The raw bytes.
    ///
    /// # Errors
    /// When the text is no base64.
    pub fn body(&self) -> Result<Vec<u8>, InvalidEnvelopeBody> {
        STANDARD.decode(&self.body_base64).map_err(|_| InvalidEnvelopeBody)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_envelope_carries_any_bytes_through_json() {
        let envelope = CallbackEnvelope {
            tenant_id: "acme".parse().unwrap(),
            system: "INVENTORY".to_owned(),
            message_id: "msg_1".to_owned(),
            received_at: "2026-05-04T10:00:00Z".parse().unwrap(),
            content_type: "application/json".to_owned(),
            body_base64: CallbackEnvelope::encode_body(&[0, 255, b'{']),
            traceparent: None,
        };

        let text = serde_json::to_string(&envelope).unwrap();
        let read: CallbackEnvelope = serde_json::from_str(&text).unwrap();

        assert_eq!(read, envelope);
        assert_eq!(read.body(), Ok(vec![0, 255, b'{']));
        let names = json!({
            "tenantId": "acme", "system": "INVENTORY", "messageId": "msg_1",
            "receivedAt": "2026-05-04T10:00:00Z", "contentType": "application/json",
            "bodyBase64": "AP97"
        });
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), names);
    }

    #[test]
    fn a_body_that_is_no_base64_is_said_so() {
        let envelope: CallbackEnvelope = serde_json::from_value(json!({
            "tenantId": "acme", "system": "INVENTORY", "messageId": "msg_1",
            "receivedAt": "2026-05-04T10:00:00Z", "contentType": "", "bodyBase64": "%",
            "traceparent": "00-1-2-01"
        }))
        .unwrap();

        assert_eq!(envelope.body(), Err(InvalidEnvelopeBody));
    }
}
