//! How people call an order on the command line.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// Its id, or the number that people use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderName {
    /// The id, as documents and logs have it.
    Id(Uuid),
    /// The number, as customers have it.
    Number(String),
}

/// Why a text is neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("neither the id nor the number of an order")]
pub struct OrderNameError;

impl FromStr for OrderName {
    type Err = OrderNameError;

    fn from_str(text: &str) -> Result<Self, OrderNameError> {
        if let Ok(id) = text.parse() {
            return Ok(Self::Id(id));
        }
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let is_number = (1..=40).contains(&text.len()) && text.chars().all(is_plain);
        is_number.then(|| Self::Number(text.to_ascii_uppercase())).ok_or(OrderNameError)
    }
}

impl fmt::Display for OrderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Number(number) => number.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_called_by_its_id_or_its_number() {
        let id = "0195a000-0000-7000-8000-000000000001";

        assert_eq!(id.parse(), Ok(OrderName::Id(id.parse().unwrap())));
        assert_eq!("ord-0A".parse(), Ok(OrderName::Number("ORD-0A".to_owned())));
        for text in ["", "../x", "ORD 1", "ORD_1", "%2e", &"a".repeat(41)] {
            assert_eq!(text.parse::<OrderName>(), Err(OrderNameError), "{text}");
        }
    }
}
