//! `name=value` and `name:=json` on the command line.

use std::str::FromStr;

use serde_json::Value;

/// A named value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The name.
    pub name: String,
    /// A text, unless it was written as JSON.
    pub value: Value,
}

/// Why a text is no named value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PairError {
    /// There is no `=`, or nothing before it.
    #[error("write name=value for a text, name:=json for a number, a flag or a list")]
    NoName,
    /// What stands after `:=` is no JSON.
    #[error("what stands after := is not JSON")]
    NoJson,
}

impl FromStr for Pair {
    type Err = PairError;

    fn from_str(text: &str) -> Result<Self, PairError> {
        let (name, value) = text.split_once('=').ok_or(PairError::NoName)?;
        let (name, value) = match name.strip_suffix(':') {
            Some(name) => (name, serde_json::from_str(value).map_err(|_text| PairError::NoJson)?),
            None => (name, Value::from(value)),
        };
        let name = Some(name).filter(|name| !name.is_empty()).ok_or(PairError::NoName)?;
        Ok(Self { name: name.to_owned(), value })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_text_unless_it_is_written_as_json() {
        let value = |text: &str| text.parse::<Pair>().map(|pair| (pair.name, pair.value));

        assert_eq!(value("port=12"), Ok(("port".to_owned(), json!("12"))));
        assert_eq!(value("port:=12"), Ok(("port".to_owned(), json!(12))));
        assert_eq!(value("note=a=b"), Ok(("note".to_owned(), json!("a=b"))));
        assert_eq!(value("note="), Ok(("note".to_owned(), json!(""))));
        assert_eq!(value("port"), Err(PairError::NoName));
        assert_eq!(value("=12"), Err(PairError::NoName));
        assert_eq!(value("port:=a b"), Err(PairError::NoJson));
    }
}
