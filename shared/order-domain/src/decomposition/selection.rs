//! Which rule answers which line.

use super::order::{LineForDecomposition, OrderForDecomposition};
use super::rejection::DecompositionRejection;
use crate::catalogue::{Catalogue, LineAction, Product, ProductRule};

/// A line with work, and the rule that describes the work.
#[derive(Debug, Clone, Copy)]
pub(super) struct RuledLine<'a> {
    /// Position in the order, from 1.
    pub(super) line_number: usize,
    /// The line.
    pub(super) line: &'a LineForDecomposition,
    /// Its product.
    pub(super) product: &'a Product,
    /// The product's rule for the line's action.
    pub(super) rule: &'a ProductRule,
}

/// The lines that have work, in line order.
pub(super) fn select_rules<'a>(
    catalogue: &'a Catalogue,
    order: &'a OrderForDecomposition,
) -> Result<Vec<RuledLine<'a>>, DecompositionRejection> {
    let numbered = order.lines.iter().enumerate();
    numbered.filter_map(|(i, line)| select_rule(catalogue, i + 1, line).transpose()).collect()
}

fn select_rule<'a>(
    catalogue: &'a Catalogue,
    line_number: usize,
    line: &'a LineForDecomposition,
) -> Result<Option<RuledLine<'a>>, DecompositionRejection> {
    let product_code = || line.product_code.clone();
    let (action, catalogue_version) = (line.action, catalogue.version);
    if action.needs_product_instance() && line.product_instance_id.is_none() {
        let product_code = product_code();
        return Err(DecompositionRejection::ProductInstanceMissing {
            line_number,
            product_code,
            action,
        });
    }
    // Before the look-up: a product that is no longer sold may still stay as it is.
    if action == LineAction::NoChange {
        return Ok(None);
    }
    let product = catalogue.find_product(&line.product_code).ok_or_else(|| {
        let product_code = product_code();
        DecompositionRejection::ProductNotInCatalogue {
            line_number,
            product_code,
            catalogue_version,
        }
    })?;
    if product.bundle {
        return Ok(None);
    }
    let rule = product.find_rule(action).ok_or_else(|| {
        let product_code = product_code();
        DecompositionRejection::ActionNotInCatalogue {
            line_number,
            product_code,
            action,
            catalogue_version,
        }
    })?;
    let ruled = RuledLine { line_number, line, product, rule };
    rule.requires.iter().try_for_each(|name| ruled.require(name))?;
    Ok(Some(ruled))
}

impl RuledLine<'_> {
    /// Refuses a line that lacks the characteristic.
    pub(super) fn require(&self, name: &str) -> Result<(), DecompositionRejection> {
        if self.line.characteristics.contains_key(name) {
            return Ok(());
        }
        Err(DecompositionRejection::CharacteristicMissing {
            line_number: self.line_number,
            product_code: self.line.product_code.clone(),
            characteristic: name.to_owned(),
        })
    }
}
