//! Process variables: only decisions and pointers, never business data (§6).
//!
//! The engine wraps each value as `{"value":…,"type":…}`; the type is always sent, so that a
//! number arrives as the type the model expects.

use std::collections::BTreeMap;
use std::collections::btree_map;

use jiff::Timestamp;
use serde::de::Deserializer;
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use crate::checks::{RequestFlaw, check_name, check_text};
use crate::date::EngineDate;

/// One value, in the engine's types.
#[derive(Debug, Clone, PartialEq)]
pub enum VariableValue {
    /// No value, but the variable exists.
    Null,
    /// At most 4000 characters.
    Text(String),
    /// A truth value.
    Boolean(bool),
    /// A 32 bit number.
    Integer(i32),
    /// A 64 bit number.
    Long(i64),
    /// A moment, cut to milliseconds by the engine.
    Date(Timestamp),
    /// A type that we read past but never send on purpose (object, file, bytes, double).
    Other {
        /// The engine's name of the type.
        type_name: String,
        /// The value as it came.
        value: serde_json::Value,
    },
}

impl From<&str> for VariableValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for VariableValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for VariableValue {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<i32> for VariableValue {
    fn from(value: i32) -> Self {
        Self::Integer(value)
    }
}

impl From<i64> for VariableValue {
    fn from(value: i64) -> Self {
        Self::Long(value)
    }
}

impl From<Timestamp> for VariableValue {
    fn from(value: Timestamp) -> Self {
        Self::Date(value)
    }
}

/// Variables by name, in a stable order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Variables(BTreeMap<String, VariableValue>);

impl Variables {
    /// No variables.
    #[must_use]
    pub const fn none() -> Self {
        Self(BTreeMap::new())
    }

    /// These variables and one more; a second value for a name replaces the first.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<VariableValue>) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }

    /// The value of a variable.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&VariableValue> {
        self.0.get(name)
    }

    /// The text of a variable; `None` when absent or of another type.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(VariableValue::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The number of a variable, whether the engine calls it Integer or Long.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<i64> {
        match self.get(name) {
            Some(VariableValue::Integer(value)) => Some(i64::from(*value)),
            Some(VariableValue::Long(value)) => Some(*value),
            _ => None,
        }
    }

    /// The truth value of a variable.
    #[must_use]
    pub fn boolean(&self, name: &str) -> Option<bool> {
        match self.get(name) {
            Some(VariableValue::Boolean(value)) => Some(*value),
            _ => None,
        }
    }

    /// Whether there are none; they are then left out of a request.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All variables by name.
    pub fn iter(&self) -> btree_map::Iter<'_, String, VariableValue> {
        self.0.iter()
    }

    pub(crate) fn check(&self) -> Result<(), RequestFlaw> {
        for (name, value) in self {
            check_name("a variable name", name)?;
            if let VariableValue::Text(text) = value {
                check_text(&format!("variable {name}"), text)?;
            }
        }
        Ok(())
    }
}

impl<'a> IntoIterator for &'a Variables {
    type Item = (&'a String, &'a VariableValue);
    type IntoIter = btree_map::Iter<'a, String, VariableValue>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[derive(Serialize, Deserialize)]
struct Wire {
    #[serde(default)]
    value: serde_json::Value,
    #[serde(rename = "type", default)]
    type_name: Option<String>,
}

impl Serialize for VariableValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (type_name, value) = match self {
            Self::Null => ("Null", serde_json::Value::Null),
            Self::Text(text) => ("String", text.as_str().into()),
            Self::Boolean(value) => ("Boolean", (*value).into()),
            Self::Integer(value) => ("Integer", (*value).into()),
            Self::Long(value) => ("Long", (*value).into()),
            Self::Date(moment) => ("Date", EngineDate::from(*moment).to_string().into()),
            Self::Other { type_name, value } => (type_name.as_str(), value.clone()),
        };
        Wire { value, type_name: Some(type_name.to_owned()) }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for VariableValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::read(Wire::deserialize(deserializer)?))
    }
}

impl VariableValue {
    /// Never fails: one odd variable must not make a whole batch of tasks unreadable.
    fn read(wire: Wire) -> Self {
        let Wire { value, type_name } = wire;
        let type_name = type_name.unwrap_or_default();
        let read = match (type_name.as_str(), &value) {
            (_, serde_json::Value::Null) => Some(Self::Null),
            ("String", serde_json::Value::String(text)) => Some(Self::Text(text.clone())),
            ("Boolean", serde_json::Value::Bool(value)) => Some(Self::Boolean(*value)),
            ("Integer", number) => {
                number.as_i64().and_then(|n| n.try_into().ok()).map(Self::Integer)
            }
            ("Long", number) => number.as_i64().map(Self::Long),
            ("Date", serde_json::Value::String(text)) => {
                text.parse().ok().map(|date: EngineDate| Self::Date(date.timestamp()))
            }
            _ => None,
        };
        read.unwrap_or(Self::Other { type_name, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_carry_their_type_on_the_wire() {
        let moment: Timestamp = "2026-01-31T12:00:00Z".parse().expect("RFC 3339");
        let variables = Variables::none()
            .with("a", "text")
            .with("b", true)
            .with("c", 7)
            .with("d", 8_i64)
            .with("e", moment)
            .with("f", VariableValue::Null);

        let json = serde_json::to_value(&variables).expect("serialisable");

        assert_eq!(json["a"], serde_json::json!({"value": "text", "type": "String"}));
        assert_eq!(json["b"]["type"], "Boolean");
        assert_eq!(json["c"]["type"], "Integer");
        assert_eq!(json["d"]["type"], "Long");
        assert_eq!(json["e"]["value"], "2026-01-31T12:00:00.000+0000");
        assert_eq!(json["f"], serde_json::json!({"value": null, "type": "Null"}));
        assert_eq!(serde_json::from_value::<Variables>(json).expect("readable"), variables);
    }

    #[test]
    fn a_value_of_a_foreign_type_is_kept_and_never_fails_the_reader() {
        let json = r#"{"o":{"value":"rO0","type":"Object","valueInfo":{}},"i":{"value":"x","type":"Integer"}}"#;

        let variables: Variables = serde_json::from_str(json).expect("readable");

        assert!(matches!(variables.get("o"), Some(VariableValue::Other { .. })));
        assert!(matches!(variables.get("i"), Some(VariableValue::Other { .. })));
        assert_eq!(variables.number("i"), None);
    }

    #[test]
    fn text_of_4001_characters_or_with_nul_is_refused_before_sending() {
        assert!(Variables::none().with("note", "x".repeat(4000)).check().is_ok());
        assert!(Variables::none().with("note", "x".repeat(4001)).check().is_err());
        assert!(Variables::none().with("note", "a\0b").check().is_err());
        assert!(Variables::none().with("", "a").check().is_err());
    }
}
