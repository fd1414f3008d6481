//! The graph of work items, and the order in which they can be done.

use std::collections::HashMap;

use petgraph::Direction::{Incoming, Outgoing};
use petgraph::algo::toposort;
use petgraph::graph::{DiGraph, NodeIndex};

use super::cycle::find_cycle;
use super::rejection::PlanningRejection;
use crate::decomposition::WorkItem;

/// Work items as nodes; an edge leads from an item to one that waits for it.
#[derive(Debug)]
pub(super) struct WorkGraph<'a> {
    graph: DiGraph<&'a WorkItem, ()>,
}

impl<'a> WorkGraph<'a> {
    /// Links the items by their keys.
    pub(super) fn build(items: &'a [WorkItem]) -> Result<Self, PlanningRejection> {
        let mut graph = DiGraph::with_capacity(items.len(), items.len());
        let mut nodes = HashMap::with_capacity(items.len());
        for item in items {
            if nodes.insert(item.item_key.as_str(), graph.add_node(item)).is_some() {
                return Err(PlanningRejection::StepDuplicated { step_key: item.item_key.clone() });
            }
        }
        for (index, item) in items.iter().enumerate() {
            for key in &item.depends_on {
                let Some(&needed) = nodes.get(key.as_str()) else {
                    return Err(PlanningRejection::DependencyMissing {
                        step_key: item.item_key.clone(),
                        dependency_key: key.clone(),
                    });
                };
                let needed_item: &WorkItem = graph[needed];
                if item.mandatory && !needed_item.mandatory {
                    return Err(PlanningRejection::MandatoryOnOptional {
                        step_key: item.item_key.clone(),
                        dependency_key: key.clone(),
                    });
                }
                // A dependency that is named twice still counts once.
                graph.update_edge(needed, NodeIndex::new(index), ());
            }
        }
        Ok(Self { graph })
    }

    /// The nodes so that each comes after what it waits for; refuses a cycle and names it.
    pub(super) fn waiting_order(&self) -> Result<Vec<NodeIndex>, PlanningRejection> {
        toposort(&self.graph, None).map_err(|_| {
            let waits_for: Vec<Vec<usize>> = self
                .graph
                .node_indices()
                .map(|node| self.waits_for(node).into_iter().map(NodeIndex::index).collect())
                .collect();
            let cycle = find_cycle(&waits_for).unwrap_or_default();
            let key_of = |node| self.item(NodeIndex::new(node)).item_key.clone();
            PlanningRejection::HasCycle { step_keys: cycle.into_iter().map(key_of).collect() }
        })
    }

    /// The item of a node.
    pub(super) fn item(&self, node: NodeIndex) -> &'a WorkItem {
        self.graph[node]
    }

    /// The nodes that `node` waits for, in item order.
    pub(super) fn waits_for(&self, node: NodeIndex) -> Vec<NodeIndex> {
        self.neighbours(node, Incoming)
    }

    /// The nodes that wait for `node`, in item order.
    pub(super) fn waited_for_by(&self, node: NodeIndex) -> Vec<NodeIndex> {
        self.neighbours(node, Outgoing)
    }

    fn neighbours(&self, node: NodeIndex, direction: petgraph::Direction) -> Vec<NodeIndex> {
        let mut nodes: Vec<_> = self.graph.neighbors_directed(node, direction).collect();
        nodes.sort_unstable();
        nodes
    }
}
