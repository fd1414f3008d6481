//! Characteristics: the named values that a product is configured with.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// One configured value. There is no floating point: bandwidths, counts and prices are integers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum CharacteristicValue {
    /// A yes or no.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A text.
    Text(String),
}

/// The characteristics of a line, sorted by name.
pub type Characteristics = BTreeMap<String, CharacteristicValue>;

impl fmt::Display for CharacteristicValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
        }
    }
}
