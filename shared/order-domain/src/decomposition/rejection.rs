//! Why an order cannot be decomposed.

use crate::catalogue::LineAction;

/// The order cannot be decomposed; each sentence is for the operator who gets the case.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecompositionRejection {
    /// The catalogue does not know the product.
    #[error(
        "line {line_number}: product {product_code} is not in catalogue version \
         {catalogue_version}; add it to the catalogue or correct the order"
    )]
    ProductNotInCatalogue {
        /// Position of the line, from 1.
        line_number: usize,
        /// The code on the line.
        product_code: String,
        /// The catalogue that was asked.
        catalogue_version: u32,
    },
    /// The product is known but does not offer this action.
    #[error(
        "line {line_number}: product {product_code} cannot be ordered with {action} in catalogue \
         version {catalogue_version}; add a rule to the catalogue or correct the order"
    )]
    ActionNotInCatalogue {
        /// Position of the line, from 1.
        line_number: usize,
        /// The code on the line.
        product_code: String,
        /// The action without a rule.
        action: LineAction,
        /// The catalogue that was asked.
        catalogue_version: u32,
    },
    /// A characteristic that the rule needs is not on the line.
    #[error(
        "line {line_number}: product {product_code} needs the characteristic {characteristic:?}"
    )]
    CharacteristicMissing {
        /// Position of the line, from 1.
        line_number: usize,
        /// The code on the line.
        product_code: String,
        /// Name of the characteristic.
        characteristic: String,
    },
    /// A characteristic that counts something is not a whole number of at least 1.
    #[error(
        "line {line_number}: product {product_code} needs the characteristic {characteristic:?} \
         as a whole number of at least 1"
    )]
    CharacteristicNotACount {
        /// Position of the line, from 1.
        line_number: usize,
        /// The code on the line.
        product_code: String,
        /// Name of the characteristic.
        characteristic: String,
    },
    /// The action is about an existing product, but the line does not say which.
    #[error("line {line_number}: {action} of {product_code} does not name the product instance")]
    ProductInstanceMissing {
        /// Position of the line, from 1.
        line_number: usize,
        /// The code on the line.
        product_code: String,
        /// The action that needs an instance.
        action: LineAction,
    },
    /// Quantities or repetitions multiply to more work than one order may have.
    #[error(
        "the order would need more than {} work items or {} dependencies; split it",
        super::MAX_WORK_ITEMS,
        super::MAX_DEPENDENCIES
    )]
    OrderTooLarge,
}

impl DecompositionRejection {
    /// The stable code of the business refusal.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ProductNotInCatalogue { .. } | Self::ActionNotInCatalogue { .. } => {
                "PRODUCT_NOT_IN_CATALOGUE"
            }
            Self::CharacteristicMissing { .. } | Self::CharacteristicNotACount { .. } => {
                "CHARACTERISTIC_MISSING"
            }
            Self::ProductInstanceMissing { .. } => "PRODUCT_INSTANCE_MISSING",
            Self::OrderTooLarge => "ORDER_TOO_LARGE",
        }
    }
}
