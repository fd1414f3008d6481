//! The body of `POST /orders/from-quote`: a reference, nothing else.
//!
//! What was sold is read from the CPQ, so that nobody can order what was not quoted.

use external_systems::digest::of_json;
use external_systems::quote::MAX_ID_CHARS;
use serde::Deserialize;
use serde_json::json;

/// A quote revision, by name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct FromQuote {
    pub(crate) quote_id: QuoteId,
    pub(crate) revision: Revision,
}

impl FromQuote {
    /// Names the content of the request, however it was formatted.
    ///
    /// The caller's subject is not part of it: a key belongs to the tenant, so a colleague or a
    /// second instance of the same sales system that repeats a request gets the same answer.
    pub(crate) fn fingerprint(&self) -> String {
        of_json(&json!({ "quoteId": self.quote_id.0, "revision": self.revision.0 }))
    }
}

/// A key of the CPQ: 1 to 128 characters, none of them a control character.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "String")]
pub(crate) struct QuoteId(String);

impl QuoteId {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for QuoteId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_bounded = (1..=MAX_ID_CHARS).contains(&text.chars().count());
        if is_bounded && !text.chars().any(char::is_control) {
            Ok(Self(text))
        } else {
            Err("a quote id has 1 to 128 characters and no control characters")
        }
    }
}

/// A revision: 1 to what the database's integer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "u32")]
pub(crate) struct Revision(i32);

impl Revision {
    pub(crate) const fn as_u32(self) -> u32 {
        self.0.unsigned_abs()
    }
}

impl TryFrom<u32> for Revision {
    type Error = &'static str;

    fn try_from(number: u32) -> Result<Self, Self::Error> {
        match i32::try_from(number) {
            Ok(revision) if revision > 0 => Ok(Self(revision)),
            _ => Err("a revision is 1 to 2147483647"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> FromQuote {
        serde_json::from_str(body).unwrap()
    }

    #[test]
    fn the_fingerprint_names_the_content_and_not_its_formatting() {
        let one = read(r#"{"quoteId":"Q-1","revision":3}"#);
        let same = read(r#"{ "revision": 3, "quoteId": "Q-1" }"#);
        let other = read(r#"{"quoteId":"Q-1","revision":4}"#);

        assert_eq!(one.fingerprint(), same.fingerprint());
        assert_ne!(one.fingerprint(), other.fingerprint());
    }

    #[test]
    fn revisions_and_quote_ids_outside_their_bounds_are_refused() {
        let long = "x".repeat(129);
        for (quote_id, revision) in
            [("", 1), (long.as_str(), 1), ("a\u{7}b", 1), ("Q", 0), ("Q", 2_147_483_648_u64)]
        {
            let body = json!({ "quoteId": quote_id, "revision": revision });
            assert!(serde_json::from_value::<FromQuote>(body).is_err(), "{quote_id} {revision}");
        }
    }
}
