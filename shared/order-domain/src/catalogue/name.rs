//! The names a catalogue uses; each alphabet is safe in keys, URLs and log fields.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The text is outside the alphabet or length of its kind of name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a {kind}: {rule}")]
pub struct InvalidName {
    text: String,
    kind: &'static str,
    rule: &'static str,
}

fn is_screaming_snake(text: &str) -> bool {
    let rest = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    text.starts_with(|c: char| c.is_ascii_uppercase()) && text.chars().all(rest)
}

fn is_kebab(text: &str) -> bool {
    let rest = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(rest)
}

const SCREAMING_SNAKE: &str = "1 to 64 of A-Z, 0-9 and '_', starting with a letter";
const KEBAB: &str = "1 to 64 of a-z, 0-9 and '-', starting with a letter";
const MAX_LENGTH: usize = 64;

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident: $kind:literal, $is_valid:ident, $rule:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                if text.len() <= MAX_LENGTH && $is_valid(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidName { text: text.to_owned(), kind: $kind, rule: $rule })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

names! {
    /// What a target system is asked to do, e.g. `reserve-access-capacity`.
    OperationName: "operation", is_kebab, KEBAB;
    /// Code of a product, e.g. `ROUTER_RENTAL`.
    ProductCode: "product code", is_screaming_snake, SCREAMING_SNAKE;
    /// Key of a step template inside its rule, e.g. `ship-router`.
    StepTemplateKey: "step key", is_kebab, KEBAB;
    /// Kind of work, e.g. `RESERVATION`; text, so that a new kind needs no code.
    StepType: "step type", is_screaming_snake, SCREAMING_SNAKE;
    /// Code of a target system, e.g. `INVENTORY`.
    SystemCode: "target system", is_screaming_snake, SCREAMING_SNAKE;
}

impl StepType {
    /// Spelling of the one type that the domain knows: it settles the billing of a line.
    pub const BILLING: &str = "BILLING";

    /// Whether a step of this type activates, changes or ceases the billing of its line.
    #[must_use]
    pub fn is_billing(&self) -> bool {
        self.0 == Self::BILLING
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_outside_their_alphabet_are_refused() {
        for text in ["", "a", "1A", "_A", "A-B", "A b", "Ä", &"A".repeat(65)] {
            assert!(text.parse::<SystemCode>().is_err(), "{text:?}");
        }
        for text in ["", "A", "1a", "-a", "a_b", "a.b", "a#1", &"a".repeat(65)] {
            assert!(text.parse::<StepTemplateKey>().is_err(), "{text:?}");
        }
        assert!("SD_WAN_2".parse::<ProductCode>().is_ok());
        assert!("ship-router-2".parse::<OperationName>().is_ok());
    }

    #[test]
    fn a_refused_name_says_what_it_is_and_what_is_allowed() {
        let refused = "x".parse::<StepType>().unwrap_err().to_string();
        assert_eq!(refused, format!("\"x\" is not a step type: {SCREAMING_SNAKE}"));
    }
}
