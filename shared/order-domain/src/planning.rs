//! Planning: work items become a plan, a directed acyclic graph of steps (§10).
//!
//! The plan stores what a settling step needs to know, so that nothing walks the graph at run
//! time: every step carries how many steps it waits for and which steps wait for it.
//! Steps come in waiting order, stage by stage; the same items always give the same plan.

mod blueprint;
pub(crate) mod cycle;
mod graph;
mod rejection;

use crate::decomposition::WorkItem;

pub use blueprint::{PlanBlueprint, PlannedStep};
pub use rejection::PlanningRejection;

/// The plan of `items`; an empty list gives an empty plan.
///
/// # Errors
/// A [`PlanningRejection`] when two items share a key, an item waits for one that does not exist,
/// a mandatory item waits for an optional one, or items wait for each other.
pub fn plan(items: &[WorkItem]) -> Result<PlanBlueprint, PlanningRejection> {
    let graph = graph::WorkGraph::build(items)?;
    let waiting_order = graph.waiting_order()?;
    Ok(blueprint::draw(&graph, &waiting_order))
}

#[cfg(test)]
mod tests;
