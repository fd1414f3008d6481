//! Decomposition: order lines become work items, by the rules of the catalogue (§9).
//!
//! Three steps, each over the whole order: pick the rule of every line, instantiate the step
//! templates whose condition holds, link the instances. The result depends on nothing but the
//! arguments, so decomposing again with the same catalogue version gives the same items with the
//! same keys; no id is generated here.
//!
//! Lines with `NO_CHANGE` and bundle parents make no work items. A dependency on a step that a
//! condition left out is replaced by what that step would have waited for, so leaving a step out
//! never loosens the order of the others.
//!
//! What a payload takes from another step's result is not known yet: the item says whose and what.
//!
//! Mandatory on an item is the step's own flag. Whether a failure blocks the order depends on the
//! line as well, and is not decided here.

mod instance;
mod link;
mod order;
mod payload;
mod rejection;
mod results;
mod selection;
mod work_item;

use crate::catalogue::Catalogue;

pub use order::{LineForDecomposition, OrderForDecomposition};
pub use rejection::DecompositionRejection;
pub use work_item::{NeededResult, NeededResults, WorkItem};

/// Most work items one order may have.
///
/// Quantities and repetitions come from outside, and one large number must not exhaust memory.
pub const MAX_WORK_ITEMS: usize = 2_000;

/// Most dependencies between the work items of one order.
pub const MAX_DEPENDENCIES: usize = 20_000;

/// The work items of `order`, in line order and template order.
///
/// # Errors
/// A [`DecompositionRejection`] for the first line that cannot be decomposed: its product or
/// action is not in the catalogue, a characteristic or the product instance is missing, or the
/// order would become too large.
pub fn decompose(
    catalogue: &Catalogue,
    order: &OrderForDecomposition,
) -> Result<Vec<WorkItem>, DecompositionRejection> {
    let lines = selection::select_rules(catalogue, order)?;
    let mut instances = instance::instantiate(catalogue, order, &lines)?;
    link::link(&lines, &mut instances)?;
    results::note_needs(&lines, &mut instances);
    Ok(instances.into_items())
}

#[cfg(test)]
mod tests;
