//! Conditions over the characteristics of a line, old and new.
//!
//! A comparison with a characteristic that the line does not have is false, never an error:
//! what a rule cannot do without stands in its `requires`.

use serde::{Deserialize, Serialize};

use crate::characteristic::{CharacteristicValue, Characteristics};

/// When a step template applies, e.g. `{"greaterThan": {"characteristic": "x", "value": 5}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Condition {
    /// Every condition holds; true when there is none.
    All(Vec<Condition>),
    /// At least one condition holds; false when there is none.
    Any(Vec<Condition>),
    /// The condition does not hold.
    Not(Box<Condition>),
    /// The line has the characteristic.
    Exists(String),
    /// Its value is equal, in type and content.
    Equals(EqualsOperands),
    /// The line has it with another value.
    NotEquals(EqualsOperands),
    /// It is a whole number above the bound.
    GreaterThan(GreaterThanOperands),
    /// Old and new differ; appearing and disappearing count.
    Changed(String),
    /// Old and new are whole numbers and the new one is larger.
    Increased(String),
    /// Old and new are whole numbers and the new one is smaller.
    Decreased(String),
}

/// A characteristic and the value it is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct EqualsOperands {
    /// Name of the characteristic.
    pub characteristic: String,
    /// The value.
    pub value: CharacteristicValue,
}

/// A characteristic and the bound it must exceed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct GreaterThanOperands {
    /// Name of the characteristic.
    pub characteristic: String,
    /// The bound, itself excluded.
    pub value: i64,
}

/// What conditions look at.
#[derive(Debug, Clone, Copy)]
pub struct ConditionFacts<'a> {
    /// The characteristics that the line asks for.
    pub new: &'a Characteristics,
    /// The characteristics that the product instance has today; empty for ADD.
    pub old: &'a Characteristics,
}

impl Condition {
    /// Whether the condition holds.
    #[must_use]
    pub fn holds(&self, facts: ConditionFacts<'_>) -> bool {
        let new = |name: &str| facts.new.get(name);
        match self {
            Self::All(conditions) => conditions.iter().all(|condition| condition.holds(facts)),
            Self::Any(conditions) => conditions.iter().any(|condition| condition.holds(facts)),
            Self::Not(condition) => !condition.holds(facts),
            Self::Exists(name) => new(name).is_some(),
            Self::Equals(than) => new(&than.characteristic) == Some(&than.value),
            Self::NotEquals(than) => new(&than.characteristic).is_some_and(|v| *v != than.value),
            Self::GreaterThan(than) => {
                whole_number(new(&than.characteristic)).is_some_and(|number| number > than.value)
            }
            Self::Changed(name) => new(name) != facts.old.get(name),
            Self::Increased(name) => facts.compare(name, |old, new| new > old),
            Self::Decreased(name) => facts.compare(name, |old, new| new < old),
        }
    }
}

impl ConditionFacts<'_> {
    fn compare(&self, name: &str, holds: fn(i64, i64) -> bool) -> bool {
        let old = whole_number(self.old.get(name));
        let new = whole_number(self.new.get(name));
        old.zip(new).is_some_and(|(old, new)| holds(old, new))
    }
}

fn whole_number(value: Option<&CharacteristicValue>) -> Option<i64> {
    match value? {
        CharacteristicValue::Integer(number) => Some(*number),
        CharacteristicValue::Boolean(_) | CharacteristicValue::Text(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(condition: &str) -> bool {
        let condition: Condition = serde_json::from_str(condition).unwrap();
        let new = r#"{"mbps": 1000, "managed": true, "tier": "gold", "site": "A"}"#;
        let old = r#"{"mbps": 500, "managed": true, "tier": "silver", "gone": 1}"#;
        condition.holds(ConditionFacts {
            new: &serde_json::from_str(new).unwrap(),
            old: &serde_json::from_str(old).unwrap(),
        })
    }

    #[test]
    fn conditions_that_hold() {
        for condition in [
            r#"{"all": []}"#,
            r#"{"all": [{"exists": "mbps"}, {"not": {"exists": "gone"}}]}"#,
            r#"{"any": [{"exists": "gone"}, {"exists": "tier"}]}"#,
            r#"{"equals": {"characteristic": "managed", "value": true}}"#,
            r#"{"notEquals": {"characteristic": "tier", "value": "silver"}}"#,
            r#"{"greaterThan": {"characteristic": "mbps", "value": 999}}"#,
            r#"{"changed": "tier"}"#,
            r#"{"changed": "gone"}"#,
            r#"{"changed": "site"}"#,
            r#"{"increased": "mbps"}"#,
        ] {
            assert!(holds(condition), "{condition}");
        }
    }

    #[test]
    fn conditions_that_do_not_hold() {
        for condition in [
            r#"{"any": []}"#,
            r#"{"not": {"exists": "mbps"}}"#,
            r#"{"equals": {"characteristic": "mbps", "value": "1000"}}"#,
            r#"{"notEquals": {"characteristic": "absent", "value": 1}}"#,
            r#"{"greaterThan": {"characteristic": "mbps", "value": 1000}}"#,
            r#"{"greaterThan": {"characteristic": "tier", "value": 0}}"#,
            r#"{"changed": "managed"}"#,
            r#"{"changed": "absent"}"#,
            r#"{"increased": "tier"}"#,
            r#"{"increased": "site"}"#,
            r#"{"decreased": "mbps"}"#,
        ] {
            assert!(!holds(condition), "{condition}");
        }
    }

    #[test]
    fn an_unknown_condition_is_refused() {
        for condition in [r#"{"matches": "x"}"#, r#"{"exists": "x", "changed": "x"}"#, "{}"] {
            assert!(serde_json::from_str::<Condition>(condition).is_err(), "{condition}");
        }
    }
}
