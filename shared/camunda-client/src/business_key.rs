//! The business key `ORDER:{tenant}:{order}`: how the engine names one of our orders.
//!
//! The engine stores text of at most 255 characters and does not keep it unique.
//! Only the canonical spelling is accepted, so that two texts never mean the same order.

use std::fmt;
use std::str::FromStr;

use order_domain::ids::OrderId;
use order_domain::tenant::TenantId;
use serde::{Deserialize, Serialize};

const PREFIX: &str = "ORDER";

/// Names one order of one tenant at the engine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BusinessKey {
    tenant: TenantId,
    order_id: OrderId,
}

/// The text is not a business key of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a business key is ORDER:{{tenant}}:{{order id}} in canonical spelling")]
pub struct InvalidBusinessKey;

impl BusinessKey {
    /// The key of an order.
    #[must_use]
    pub const fn of_order(tenant: TenantId, order_id: OrderId) -> Self {
        Self { tenant, order_id }
    }

    /// The tenant the order belongs to.
    #[must_use]
    pub const fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// The order.
    #[must_use]
    pub const fn order_id(&self) -> OrderId {
        self.order_id
    }
}

impl fmt::Display for BusinessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}:{}:{}", self.tenant, self.order_id)
    }
}

impl FromStr for BusinessKey {
    type Err = InvalidBusinessKey;

    fn from_str(text: &str) -> Result<Self, InvalidBusinessKey> {
        let mut parts = text.splitn(3, ':');
        let (prefix, tenant, order) = (parts.next(), parts.next(), parts.next());
        if prefix != Some(PREFIX) {
            return Err(InvalidBusinessKey);
        }
        let tenant = tenant.unwrap_or_default().parse().map_err(|_| InvalidBusinessKey)?;
        let order_id = order.unwrap_or_default().parse().map_err(|_| InvalidBusinessKey)?;
        let key = Self { tenant, order_id };
        if key.to_string() == text { Ok(key) } else { Err(InvalidBusinessKey) }
    }
}

impl TryFrom<String> for BusinessKey {
    type Error = InvalidBusinessKey;

    fn try_from(text: String) -> Result<Self, InvalidBusinessKey> {
        text.parse()
    }
}

impl From<BusinessKey> for String {
    fn from(key: BusinessKey) -> Self {
        key.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

    #[test]
    fn a_key_survives_being_written_and_read() {
        let key: BusinessKey = format!("ORDER:acme:{ORDER}").parse().expect("canonical key");

        assert_eq!(key.tenant().as_str(), "acme");
        assert_eq!(key.order_id().to_string(), ORDER);
        assert_eq!(key.to_string(), format!("ORDER:acme:{ORDER}"));
    }

    #[test]
    fn other_spellings_are_refused() {
        let upper = ORDER.to_uppercase();
        let simple = ORDER.replace('-', "");
        for text in [
            "",
            "ORDER",
            "ORDER:acme",
            "ORDER:acme:O-1",
            &format!("order:acme:{ORDER}"),
            &format!("ORDER:Acme:{ORDER}"),
            &format!("ORDER:acme:{upper}"),
            &format!("ORDER:acme:{simple}"),
            &format!("ORDER:acme:{ORDER}:x"),
            &format!(" ORDER:acme:{ORDER}"),
        ] {
            assert_eq!(text.parse::<BusinessKey>(), Err(InvalidBusinessKey), "{text:?}");
        }
    }
}
