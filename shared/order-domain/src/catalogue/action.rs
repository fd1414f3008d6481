//! What an order line asks for.

use crate::text_enum::text_enum;

text_enum! {
    /// What happens to the product of a line.
    LineAction {
        /// A new product; billing is activated.
        Add = "ADD",
        /// An existing product changes; billing changes.
        Modify = "MODIFY",
        /// An existing product ends; billing ceases.
        Delete = "DELETE",
        /// An existing product stays as it is; no work and no billing.
        NoChange = "NO_CHANGE",
    }
}

impl LineAction {
    /// Whether the line must name the product instance that it is about.
    #[must_use]
    pub const fn needs_product_instance(self) -> bool {
        match self {
            Self::Add => false,
            Self::Modify | Self::Delete | Self::NoChange => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_read_as_it_is_written() {
        for action in LineAction::ALL {
            assert_eq!(action.as_str().parse(), Ok(*action));
            assert_eq!(serde_json::to_value(action).unwrap(), action.as_str());
        }
        assert!("add".parse::<LineAction>().is_err());
    }
}
