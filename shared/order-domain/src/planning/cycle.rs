//! Finding a cycle and naming it in waiting order.

use std::collections::{BTreeSet, VecDeque};

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

/// A cycle in `waits_for` (node → the nodes it waits for), each node once, if there is one.
///
/// Every node waits for the next and the last for the first. The result is a shortest cycle
/// through the lowest node of its component, so the same graph always gives the same answer.
pub(crate) fn find_cycle(waits_for: &[Vec<usize>]) -> Option<Vec<usize>> {
    let mut graph = DiGraph::<(), ()>::with_capacity(waits_for.len(), 0);
    let nodes: Vec<NodeIndex> = waits_for.iter().map(|_| graph.add_node(())).collect();
    for (node, targets) in waits_for.iter().enumerate() {
        for target in targets {
            graph.add_edge(nodes[node], nodes[*target], ());
        }
    }
    // Kosaraju, because Tarjan's algorithm is recursive in petgraph and chains can be long.
    kosaraju_scc(&graph)
        .into_iter()
        .map(|component| component.into_iter().map(NodeIndex::index).collect::<BTreeSet<_>>())
        .filter_map(|component| Some((*component.first()?, component)))
        .filter(|(first, component)| component.len() > 1 || waits_for[*first].contains(first))
        .min_by_key(|(first, _)| *first)
        .map(|(first, component)| shortest_way_back(waits_for, first, &component))
}

/// Breadth first from `start` inside its component until an edge leads back to it.
fn shortest_way_back(
    waits_for: &[Vec<usize>],
    start: usize,
    component: &BTreeSet<usize>,
) -> Vec<usize> {
    let mut came_from: Vec<Option<usize>> = vec![None; waits_for.len()];
    let mut open = VecDeque::from([start]);
    while let Some(node) = open.pop_front() {
        for &next in &waits_for[node] {
            if next == start {
                return way_to(node, start, &came_from);
            }
            if component.contains(&next) && came_from[next].is_none() {
                came_from[next] = Some(node);
                open.push_back(next);
            }
        }
    }
    // Unreachable for a strongly connected component; an empty cycle still refuses the plan.
    Vec::new()
}

fn way_to(end: usize, start: usize, came_from: &[Option<usize>]) -> Vec<usize> {
    let mut way = vec![end];
    let mut node = end;
    while node != start
        && let Some(previous) = came_from[node]
    {
        way.push(previous);
        node = previous;
    }
    way.reverse();
    way
}
