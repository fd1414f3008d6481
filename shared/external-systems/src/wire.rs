//! What every message of a target system has in common: status, result, bounded texts.
//!
//! Answers and callbacks are validated like user input: what is outside the bounds is malformed,
//! and no reason repeats a value, because reasons are logged and stored.

use order_domain::characteristic::{CharacteristicValue, Characteristics};
use order_domain::step::answer::StepAnswer;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Most entries of a `result`.
pub const MAX_RESULT_ENTRIES: usize = 64;
/// Longest name of a `result` entry in characters.
pub const MAX_RESULT_NAME_CHARS: usize = 128;
/// Longest text in a `result` in characters.
pub const MAX_RESULT_TEXT_CHARS: usize = 1024;
/// Longest `externalReference` in characters.
pub const MAX_REFERENCE_CHARS: usize = 255;
/// Longest `reasonCode` in characters.
pub const MAX_REASON_CODE_CHARS: usize = 128;

/// Where a request stands, as the target system sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RequestStatus {
    /// Taken, not begun.
    Accepted,
    /// Begun, not done.
    InProgress,
    /// Done.
    Completed,
    /// Refused for a business reason.
    Rejected,
    /// Tried and definitively not done.
    Failed,
    /// Withdrawn.
    Cancelled,
}

impl RequestStatus {
    /// Every status, in life-cycle order.
    pub const ALL: [Self; 6] = [
        Self::Accepted,
        Self::InProgress,
        Self::Completed,
        Self::Rejected,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The reason code of a definitive "no" that came without one.
    const fn default_reason_code(self) -> &'static str {
        match self {
            Self::Accepted | Self::InProgress | Self::Completed | Self::Rejected => {
                "REJECTED_BY_TARGET"
            }
            Self::Failed => "FAILED_AT_TARGET",
            Self::Cancelled => "CANCELLED_AT_TARGET",
        }
    }
}

/// The parts of an answer or callback that decide about a step, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) external_reference: Option<String>,
    pub(crate) result: Characteristics,
    pub(crate) reason_code: Option<String>,
}

/// The same parts as they travel. Fields that are not in the contract are ignored.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReportBody {
    #[serde(default)]
    pub(crate) external_reference: Option<String>,
    #[serde(default)]
    pub(crate) result: Option<Value>,
    #[serde(default)]
    pub(crate) reason_code: Option<String>,
}

impl ReportBody {
    /// Checks the bounds; the error says which rule was broken.
    pub(crate) fn check(self) -> Result<Report, String> {
        let reference = self.external_reference.as_deref();
        bounded("externalReference", reference, MAX_REFERENCE_CHARS)?;
        bounded("reasonCode", self.reason_code.as_deref(), MAX_REASON_CODE_CHARS)?;
        Ok(Report {
            external_reference: self.external_reference,
            result: flat_result(self.result)?,
            reason_code: self.reason_code,
        })
    }
}

impl Report {
    /// What a status, asked for or called back, means for a step.
    pub(crate) fn into_answer(self, status: RequestStatus) -> StepAnswer {
        let Self { external_reference, result, reason_code } = self;
        match status {
            RequestStatus::Accepted | RequestStatus::InProgress => {
                StepAnswer::Accepted { external_reference }
            }
            RequestStatus::Completed => StepAnswer::Completed { external_reference, result },
            RequestStatus::Rejected | RequestStatus::Failed | RequestStatus::Cancelled => {
                let code = reason_code.unwrap_or_else(|| status.default_reason_code().to_owned());
                StepAnswer::Rejected { code, external_reference }
            }
        }
    }
}

/// A flat object of booleans, 64-bit integers and texts; absent and null mean empty.
pub(crate) fn flat_result(result: Option<Value>) -> Result<Characteristics, String> {
    let fields = match result {
        None | Some(Value::Null) => return Ok(Characteristics::new()),
        Some(Value::Object(fields)) => fields,
        Some(_) => return Err("result is no object".to_owned()),
    };
    if fields.len() > MAX_RESULT_ENTRIES {
        return Err(format!("result has over {MAX_RESULT_ENTRIES} entries"));
    }
    fields.into_iter().map(|(name, value)| result_entry(name, value)).collect()
}

fn result_entry(name: String, value: Value) -> Result<(String, CharacteristicValue), String> {
    if !is_bounded_text(&name, MAX_RESULT_NAME_CHARS) {
        return Err(format!(
            "result has a name that is not 1 to {MAX_RESULT_NAME_CHARS} characters"
        ));
    }
    let value = match value {
        Value::Bool(value) => CharacteristicValue::Boolean(value),
        Value::Number(number) => CharacteristicValue::Integer(
            number.as_i64().ok_or("result has a number that is no 64-bit integer")?,
        ),
        Value::String(text) if text.contains('\0') => {
            return Err("result has a text with U+0000".to_owned());
        }
        Value::String(text) if text.chars().count() > MAX_RESULT_TEXT_CHARS => {
            return Err(format!("result has a text over {MAX_RESULT_TEXT_CHARS} characters"));
        }
        Value::String(text) => CharacteristicValue::Text(text),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            return Err("result has a value that is no scalar".to_owned());
        }
    };
    Ok((name, value))
}

fn bounded(name: &str, text: Option<&str>, max_chars: usize) -> Result<(), String> {
    match text {
        Some(text) if !is_bounded_text(text, max_chars) => {
            Err(format!("{name} is not 1 to {max_chars} characters without control characters"))
        }
        Some(_) | None => Ok(()),
    }
}

/// 1 to `max_chars` characters, none of them a control character.
pub(crate) fn is_bounded_text(text: &str, max_chars: usize) -> bool {
    !text.is_empty() && text.chars().count() <= max_chars && !text.chars().any(char::is_control)
}

/// Reads one JSON object; the error says what is wrong without repeating any value.
///
/// A struct would also be read from an array, by position; that is not in the contract.
pub(crate) fn parse_object<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> Result<T, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "not UTF-8")?;
    if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
        return Err(format!("not JSON at line {} column {}", error.line(), error.column()));
    }
    if !text.trim_ascii_start().starts_with('{') {
        return Err("not a JSON object".to_owned());
    }
    let mut json = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut json).map_err(|error| contract_problem(&error))
}

/// What is wrong with well-formed JSON: the field, and what was expected there.
///
/// The messages of the JSON library quote values ("invalid type: string \"…\""), which may be
/// personal; they are left out.
pub(crate) fn contract_problem(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let path = match error.path().to_string() {
        path if path == "." => String::new(),
        path => format!("{path}: "),
    };
    let message = error.inner().to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    match message.rsplit_once(", expected ") {
        _ if message.starts_with("missing field") => format!("{path}{message}"),
        Some((_, expected)) => format!("{path}not what the contract says: expected {expected}"),
        None => format!("{path}not what the contract says"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(result: Value) -> String {
        flat_result(Some(result)).expect_err("the result breaks the contract")
    }

    #[test]
    fn a_result_is_a_flat_object_of_booleans_integers_and_texts() {
        let result = flat_result(Some(json!({"a": true, "b": -3, "c": "x"}))).unwrap();

        assert_eq!(result.len(), 3);
        assert_eq!(result["b"], CharacteristicValue::Integer(-3));
        assert_eq!(flat_result(None), Ok(Characteristics::new()));
        assert_eq!(flat_result(Some(Value::Null)), Ok(Characteristics::new()));
    }

    #[test]
    fn floats_nested_values_nulls_and_large_integers_are_no_result() {
        for result in [json!({"a": 1.5}), json!({"a": {}}), json!({"a": []}), json!({"a": null})] {
            assert!(refusal(result).starts_with("result has a"));
        }
        assert!(refusal(json!({"a": u64::MAX})).contains("64-bit"));
        assert!(refusal(json!([1])).contains("no object"));
    }

    #[test]
    fn a_result_is_bounded_in_entries_names_and_texts() {
        let entries = |count: usize| (0..count).map(|n| (format!("k{n}"), json!(n))).collect();
        let text = |chars: usize| json!({"a": "ä".repeat(chars)});

        assert!(flat_result(Some(Value::Object(entries(64)))).is_ok());
        assert!(refusal(Value::Object(entries(65))).contains("64 entries"));
        assert!(flat_result(Some(text(1024))).is_ok());
        assert!(refusal(text(1025)).contains("1024"));
        assert!(refusal(json!({"": 1})).contains("name"));
        assert!(refusal(json!({"a": "x\0"})).contains("U+0000"));
    }

    #[test]
    fn every_status_means_one_answer() {
        let report = || Report {
            external_reference: Some("R-1".to_owned()),
            result: Characteristics::new(),
            reason_code: None,
        };
        let codes: Vec<_> = RequestStatus::ALL
            .into_iter()
            .map(|status| match report().into_answer(status) {
                StepAnswer::Accepted { .. } => "accepted".to_owned(),
                StepAnswer::Completed { .. } => "completed".to_owned(),
                StepAnswer::Rejected { code, .. } => code,
                other => panic!("{status:?} became {other:?}"),
            })
            .collect();

        assert_eq!(
            codes,
            [
                "accepted",
                "accepted",
                "completed",
                "REJECTED_BY_TARGET",
                "FAILED_AT_TARGET",
                "CANCELLED_AT_TARGET"
            ]
        );
    }

    #[test]
    fn a_json_problem_never_repeats_a_value() {
        #[derive(Debug, Deserialize)]
        struct Typed {
            #[expect(dead_code, reason = "only its parsing is of interest")]
            status: RequestStatus,
        }
        for (body, expected) in [
            (r#"{"status":"Jane"}"#, "status: not what the contract says: expected one of"),
            (r#"{"status":["Jane"]}"#, "status: not what the contract says"),
            (r#"{"status":3}"#, "status: not what the contract says"),
            (r#"{"status":Jane"#, "not JSON at line 1 column 11"),
            (r#"["COMPLETED"]"#, "not a JSON object"),
            ("{}", "missing field `status`"),
        ] {
            let problem = parse_object::<Typed>(body.as_bytes()).unwrap_err();
            assert!(problem.starts_with(expected) && !problem.contains("Jane"), "{problem}");
        }
    }
}
