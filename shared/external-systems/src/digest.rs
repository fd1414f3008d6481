//! Content digests: SHA-256 in lowercase hex.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// Digest of raw bytes, for example of a callback's body.
#[must_use]
pub fn of_bytes(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Digest of JSON content: keys sorted, no spaces.
///
/// Formatting and key order do not matter, so the digest of a quote can be computed again from a
/// `jsonb` column, which keeps neither.
#[must_use]
pub fn of_json(value: &Value) -> String {
    let mut text = String::new();
    write_sorted(value, &mut text);
    of_bytes(text.as_bytes())
}

fn write_sorted(value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => {
            // Sorted here: whether the map keeps insertion order is decided by a cargo feature.
            let mut sorted: Vec<_> = fields.iter().collect();
            sorted.sort_by_key(|(name, _)| name.as_str());
            text.push('{');
            for (index, (name, field)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                write_sorted(field, text);
            }
            text.push('}');
        }
        Value::Array(elements) => {
            text.push('[');
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_sorted(element, text);
            }
            text.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            text.push_str(&value.to_string());
        }
    }
}

/// Whether any name or text holds U+0000, which PostgreSQL cannot store.
pub(crate) fn contains_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(elements) => elements.iter().any(contains_nul),
        Value::Object(fields) => {
            fields.iter().any(|(name, field)| name.contains('\0') || contains_nul(field))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn key_order_and_spaces_do_not_change_the_digest_and_content_does() {
        let one: Value = serde_json::from_str(r#"{"a":1,"b":[{"c":"x","d":null}]}"#).unwrap();
        let other: Value = serde_json::from_str(r#"{ "b":[{"d":null, "c":"x"}], "a":1 }"#).unwrap();

        assert_eq!(of_json(&one), of_json(&other));
        assert_ne!(of_json(&one), of_json(&json!({"a": 2, "b": [{"c": "x", "d": null}]})));
    }

    #[test]
    fn the_digest_is_plain_sha256() {
        assert_eq!(
            of_bytes(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(of_json(&json!({})), of_bytes(b"{}"));
    }

    #[test]
    fn nul_is_found_in_names_and_at_any_depth() {
        assert!(contains_nul(&json!({"a": [{"b": "x\0"}]})));
        assert!(contains_nul(&json!({"a\0": 1})));
        assert!(!contains_nul(&json!({"a": ["b", 1, null, true]})));
    }
}
