//! From a queue message to what the callback says, or why it cannot be read.

use external_systems::callback::{CallbackEnvelope, ParsedCallback, parse_report};
use external_systems::digest;
use order_domain::ids::RequestId;
use order_domain::tenant::TenantId;
use order_store::commands::CallbackReceipt;
use serde_json::Value;

/// Longest reference that is looked for; a longer one is nobody's.
const MAX_REFERENCE_CHARS: usize = 255;

/// What one envelope holds.
#[derive(Debug)]
pub(crate) enum Reading {
    /// It follows the contract.
    Report(Box<ParsedCallback>),
    /// It names no request, only the target system's own reference.
    ReferenceOnly {
        /// The target system's id of the work.
        external_reference: String,
        /// The report, to be read again with the request that is found.
        report: Value,
    },
    /// It names only a reference, and nobody knows it yet; the request id in it is nobody's.
    UnknownReference(Box<ParsedCallback>),
    /// It breaks the contract; the reason repeats no value.
    Malformed(String),
}

/// Reads the raw bytes of an authenticated callback.
pub(crate) fn read(envelope: &CallbackEnvelope) -> Reading {
    let body = match envelope.body() {
        Ok(body) => body,
        Err(error) => return Reading::Malformed(error.to_string()),
    };
    match parse_report(&envelope.content_type, &body) {
        Ok(report) => Reading::Report(Box::new(report)),
        Err(malformed) => reference_of(&body)
            .map_or(Reading::Malformed(malformed.reason), |(external_reference, report)| {
                Reading::ReferenceOnly { external_reference, report }
            }),
    }
}

/// Reads a report that named no request: as the one of `request`, or of nobody yet.
pub(crate) fn of_reference(
    content_type: &str,
    mut report: Value,
    request: Option<RequestId>,
) -> Reading {
    let nobody = RequestId::from_uuid(uuid::Uuid::nil());
    report["requestId"] = Value::from(request.unwrap_or(nobody).to_string());
    match parse_report(content_type, report.to_string().as_bytes()) {
        Ok(report) if request.is_some() => Reading::Report(Box::new(report)),
        Ok(report) => Reading::UnknownReference(Box::new(report)),
        Err(malformed) => Reading::Malformed(malformed.reason),
    }
}

fn reference_of(body: &[u8]) -> Option<(String, Value)> {
    let report: Value = serde_json::from_slice(body).ok()?;
    let fields = report.as_object()?;
    let is_nameless = fields.get("requestId").is_none_or(Value::is_null);
    let reference = fields.get("externalReference").and_then(Value::as_str)?.to_owned();
    let is_usable = !reference.is_empty()
        && reference.chars().count() <= MAX_REFERENCE_CHARS
        && !reference.contains('\0');
    (is_nameless && is_usable).then_some((reference, report))
}

/// What the inbox keeps of the message, whatever it says.
pub(crate) fn receipt(
    envelope: &CallbackEnvelope,
    external_reference: Option<String>,
) -> (TenantId, CallbackReceipt) {
    let bytes = envelope.body().unwrap_or_else(|_| envelope.body_base64.clone().into_bytes());
    let receipt = CallbackReceipt {
        system: envelope.system.clone(),
        message_id: envelope.message_id.clone(),
        digest: digest::of_bytes(&bytes),
        external_reference,
        received_at: envelope.received_at,
    };
    (envelope.tenant_id.clone(), receipt)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn envelope(body: &[u8]) -> CallbackEnvelope {
        CallbackEnvelope {
            tenant_id: "acme".parse().unwrap(),
            system: "INVENTORY".to_owned(),
            message_id: "msg_1".to_owned(),
            received_at: "2026-05-04T10:00:00Z".parse().unwrap(),
            content_type: "application/json".to_owned(),
            body_base64: CallbackEnvelope::encode_body(body),
            traceparent: None,
        }
    }

    fn report() -> Value {
        json!({ "externalReference": "INV-1", "status": "COMPLETED",
            "occurredAt": "2026-05-04T10:00:00Z" })
    }

    #[test]
    fn a_report_without_request_id_is_known_by_its_reference() {
        let body = report().to_string();
        let Reading::ReferenceOnly { external_reference, report } =
            read(&envelope(body.as_bytes()))
        else {
            panic!("the request id is missing, the reference is there")
        };
        assert_eq!(external_reference, "INV-1");

        let request_id = RequestId::from_uuid(uuid::Uuid::now_v7());
        let json = "application/json";
        let unknown = of_reference(json, report.clone(), None);
        assert!(matches!(unknown, Reading::UnknownReference(_)));
        let Reading::Report(read) = of_reference(json, report, Some(request_id)) else {
            panic!("nothing else is missing")
        };
        assert_eq!(read.request_id, request_id);
    }

    #[test]
    fn a_wrong_request_id_is_malformed_even_with_a_reference() {
        let mut body = report();
        body["requestId"] = json!("O-1");

        assert!(matches!(read(&envelope(body.to_string().as_bytes())), Reading::Malformed(_)));
    }

    #[test]
    fn bytes_that_nobody_can_read_are_malformed() {
        for body in [&b"hello"[..], &[0xff], b"[]", br#"{"status":"COMPLETED"}"#] {
            assert!(matches!(read(&envelope(body)), Reading::Malformed(_)));
        }
        let mut no_base64 = envelope(b"{}");
        no_base64.body_base64 = "%".to_owned();
        assert!(matches!(read(&no_base64), Reading::Malformed(_)));
    }
}
