//! What a callback says: from authenticated bytes to a step answer, or to the reason why not.

use jiff::Timestamp;
use order_domain::ids::RequestId;
use order_domain::step::answer::StepAnswer;
use serde::Deserialize;

use super::MAX_CALLBACK_BYTES;
use crate::digest;
use crate::fetch::is_json_type;
use crate::wire::{ReportBody, RequestStatus, parse_object};

/// A callback that follows the contract. Whom it concerns, and whether it is new, is not said yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedCallback {
    /// Our key, under which the work was asked for.
    pub request_id: RequestId,
    /// The target system's key.
    pub external_reference: Option<String>,
    /// The status as it was reported.
    pub status: RequestStatus,
    /// What it means for the step.
    pub answer: StepAnswer,
    /// When it happened, by the target system's clock; for people, never for decisions.
    pub occurred_at: Timestamp,
    /// SHA-256 of the raw bytes: the same content under a new message id is a duplicate too.
    pub digest: String,
}

/// A callback that breaks the contract: stored as MALFORMED with an incident, never applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("malformed callback: {reason}")]
pub struct MalformedCallback {
    /// The rule that was broken, without any value.
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallbackReport {
    request_id: RequestId,
    status: RequestStatus,
    occurred_at: Timestamp,
    #[serde(flatten)]
    report: ReportBody,
}

/// Reads the report of an authenticated callback.
///
/// # Errors
/// When the content type is not JSON, the body is too large, is no JSON, misses a field, has a
/// field of another type or an unknown status, or a value outside its bounds.
pub fn parse_report(content_type: &str, body: &[u8]) -> Result<ParsedCallback, MalformedCallback> {
    if !is_json_type(content_type) {
        return Err(malformed("the content type is not JSON"));
    }
    if body.len() > MAX_CALLBACK_BYTES {
        return Err(malformed(format!("the body is over {MAX_CALLBACK_BYTES} bytes")));
    }
    let parsed: CallbackReport = parse_object(body).map_err(malformed)?;
    let report = parsed.report.check().map_err(malformed)?;
    Ok(ParsedCallback {
        request_id: parsed.request_id,
        external_reference: report.external_reference.clone(),
        status: parsed.status,
        answer: report.into_answer(parsed.status),
        occurred_at: parsed.occurred_at,
        digest: digest::of_bytes(body),
    })
}

fn malformed(reason: impl Into<String>) -> MalformedCallback {
    MalformedCallback { reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use order_domain::characteristic::CharacteristicValue;
    use serde_json::{Value, json};

    use super::*;

    const JSON: &str = "application/json";

    fn report() -> Value {
        json!({
            "requestId": "01890a5d-ac96-774b-bcce-b302099a8057", "externalReference": "INV-1",
            "status": "COMPLETED", "result": {"reservationId": "R-1"}, "reasonCode": null,
            "occurredAt": "2026-05-04T10:00:00Z"
        })
    }

    fn with(field: &str, value: Value) -> Vec<u8> {
        let mut report = report();
        report[field] = value;
        report.to_string().into_bytes()
    }

    fn reason(body: &[u8]) -> String {
        parse_report(JSON, body).expect_err("the report breaks the contract").reason
    }

    #[test]
    fn a_completion_carries_reference_and_result() {
        let callback = parse_report(JSON, report().to_string().as_bytes()).unwrap();

        assert_eq!(callback.status, RequestStatus::Completed);
        let StepAnswer::Completed { external_reference, result } = callback.answer else {
            panic!("{:?}", callback.answer)
        };
        assert_eq!(external_reference.as_deref(), Some("INV-1"));
        assert_eq!(result["reservationId"], CharacteristicValue::Text("R-1".to_owned()));
    }

    #[test]
    fn a_rejection_carries_its_reason_code() {
        let mut body = report();
        body["status"] = json!("REJECTED");
        body["reasonCode"] = json!("CREDIT_CHECK_FAILED");
        let callback = parse_report(JSON, body.to_string().as_bytes()).unwrap();

        let code = "CREDIT_CHECK_FAILED".to_owned();
        let external_reference = Some("INV-1".to_owned());
        assert_eq!(callback.answer, StepAnswer::Rejected { code, external_reference });
    }

    #[test]
    fn unknown_fields_are_ignored() {
        assert!(parse_report(JSON, &with("surprise", json!({"a": [1]}))).is_ok());
    }

    #[test]
    fn every_malformed_kind_is_named() {
        assert_eq!(reason(b"hello"), "not JSON at line 1 column 1");
        assert_eq!(reason(br#"{"requestId":"#), "not JSON at line 1 column 13");
        assert_eq!(reason(&[b'"', 0xff, b'"']), "not UTF-8");
        assert!(reason(&with("externalReference", json!("A\0"))).contains("control"));
        assert!(reason(&with("result", json!({"a": "x\0"}))).contains("U+0000"));
        assert!(reason(&with("result", json!({"a": {}}))).contains("scalar"));
        assert!(reason(&with("status", json!("DONE"))).contains("what the contract says"));
        assert!(reason(&with("status", json!(3))).contains("what the contract says"));
        assert!(reason(&with("requestId", json!("O-1"))).contains("what the contract says"));
        assert!(reason(&with("requestId", Value::Null)).contains("what the contract says"));
        assert!(reason(&with("occurredAt", json!("yesterday"))).contains("what the contract says"));
        assert!(reason(&vec![b' '; MAX_CALLBACK_BYTES + 1]).contains("over 131072 bytes"));
        let wrong_type = parse_report("text/plain", b"{}").unwrap_err();
        assert_eq!(wrong_type.reason, "the content type is not JSON");
    }

    #[test]
    fn a_missing_field_is_named() {
        for field in ["requestId", "status", "occurredAt"] {
            let mut body = report();
            body.as_object_mut().unwrap().remove(field);
            assert_eq!(reason(body.to_string().as_bytes()), format!("missing field `{field}`"));
        }
    }
}
