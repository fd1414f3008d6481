//! The tenant: first in every key, never inferred from an order id (§36).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Name of a tenant: 1 to 63 of `a-z`, `0-9` and `-`, starting with a letter or a digit.
///
/// The alphabet keeps it safe in business keys, URLs, lane names and log fields.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TenantId(String);

/// The text is not a tenant name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a tenant is 1 to 63 characters of a-z, 0-9 and '-', starting with a letter or digit")]
pub struct InvalidTenantId;

impl TenantId {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TenantId {
    type Err = InvalidTenantId;

    fn from_str(text: &str) -> Result<Self, InvalidTenantId> {
        let in_alphabet = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let is_valid = (1..=63).contains(&text.len())
            && !text.starts_with('-')
            && text.chars().all(in_alphabet);
        if is_valid { Ok(Self(text.to_owned())) } else { Err(InvalidTenantId) }
    }
}

impl TryFrom<String> for TenantId {
    type Error = InvalidTenantId;

    fn try_from(text: String) -> Result<Self, InvalidTenantId> {
        text.parse()
    }
}

impl From<TenantId> for String {
    fn from(tenant: TenantId) -> Self {
        tenant.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_outside_the_alphabet_or_length_are_refused() {
        for text in ["", "-a", "A", "a:b", "ä", "a b", &"a".repeat(64)] {
            assert_eq!(text.parse::<TenantId>(), Err(InvalidTenantId), "{text:?}");
        }
        for text in ["a", "acme", "enterprise-1", &"a".repeat(63)] {
            assert!(text.parse::<TenantId>().is_ok(), "{text:?}");
        }
    }
}
