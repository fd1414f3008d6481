//! The plan as data: steps with their counters, and what the whole will take.

use std::collections::BTreeMap;

use petgraph::graph::NodeIndex;

use super::graph::WorkGraph;
use crate::ids::OrderLineId;

/// A plan before it has ids and statuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanBlueprint {
    /// The steps, each after everything it waits for: by stage, then by work item.
    pub steps: Vec<PlannedStep>,
    /// Keys of the steps that wait for nothing, in step order.
    pub root_step_keys: Vec<String>,
    /// Steps on the longest chain; 0 for an empty plan.
    pub critical_path_length: usize,
    /// Expected minutes of the slowest chain, which need not be the longest one.
    pub critical_path_minutes: u64,
    /// Steps of the plan that are not settled yet: all of them.
    pub remaining_step_count: usize,
    /// The same per line; steps of the whole order count for no line.
    pub remaining_step_count_by_line: BTreeMap<OrderLineId, usize>,
}

/// One step of a plan: a work item and its place in the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedStep {
    /// Key of the work item, unique in the plan.
    pub step_key: String,
    /// Index of the work item in the list that was planned.
    pub work_item_index: usize,
    /// The line; absent for work of the whole order.
    pub order_line_id: Option<OrderLineId>,
    /// Length of the longest chain that ends here; 1 for a root.
    pub stage: usize,
    /// How many steps must be settled before this one is ready.
    pub pending_dependency_count: usize,
    /// Keys of those steps, in work item order.
    pub depends_on_step_keys: Vec<String>,
    /// Keys of the steps that wait for this one, in work item order.
    pub dependent_step_keys: Vec<String>,
}

/// Draws the plan; `waiting_order` has every node after what it waits for.
pub(super) fn draw(graph: &WorkGraph<'_>, waiting_order: &[NodeIndex]) -> PlanBlueprint {
    let mut stages = vec![0_usize; waiting_order.len()];
    let mut minutes = vec![0_u64; waiting_order.len()];
    for &node in waiting_order {
        let before = graph.waits_for(node);
        let stage = before.iter().map(|n| stages[n.index()]).max().unwrap_or(0);
        let waited = before.iter().map(|n| minutes[n.index()]).max().unwrap_or(0);
        stages[node.index()] = stage + 1;
        minutes[node.index()] = waited + u64::from(graph.item(node).expected_minutes);
    }
    let mut nodes = waiting_order.to_vec();
    nodes.sort_unstable_by_key(|node| (stages[node.index()], *node));
    let steps: Vec<PlannedStep> =
        nodes.iter().map(|node| planned_step(graph, *node, stages[node.index()])).collect();
    let mut remaining_step_count_by_line = BTreeMap::new();
    for line in steps.iter().filter_map(|step| step.order_line_id) {
        *remaining_step_count_by_line.entry(line).or_insert(0) += 1;
    }
    let roots = steps.iter().filter(|step| step.pending_dependency_count == 0);
    PlanBlueprint {
        root_step_keys: roots.map(|step| step.step_key.clone()).collect(),
        critical_path_length: stages.into_iter().max().unwrap_or(0),
        critical_path_minutes: minutes.into_iter().max().unwrap_or(0),
        remaining_step_count: steps.len(),
        remaining_step_count_by_line,
        steps,
    }
}

fn planned_step(graph: &WorkGraph<'_>, node: NodeIndex, stage: usize) -> PlannedStep {
    let keys = |nodes: Vec<NodeIndex>| -> Vec<String> {
        nodes.into_iter().map(|node| graph.item(node).item_key.clone()).collect()
    };
    let depends_on_step_keys = keys(graph.waits_for(node));
    let item = graph.item(node);
    PlannedStep {
        step_key: item.item_key.clone(),
        work_item_index: node.index(),
        order_line_id: item.order_line_id,
        stage,
        pending_dependency_count: depends_on_step_keys.len(),
        depends_on_step_keys,
        dependent_step_keys: keys(graph.waited_for_by(node)),
    }
}
