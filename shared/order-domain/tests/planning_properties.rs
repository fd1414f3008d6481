//! Random plans against a small reference that shares no code with the planner.

#[path = "planning_properties/reference.rs"]
mod reference;

use std::collections::{BTreeMap, BTreeSet};

use order_domain::decomposition::WorkItem;
use order_domain::ids::OrderLineId;
use order_domain::planning::{PlanningRejection, plan};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use reference::Reference;
use uuid::Uuid;

/// Node → the nodes it waits for, and expected minutes per node.
#[derive(Debug, Clone)]
struct Dag {
    waits_for: Vec<BTreeSet<usize>>,
    minutes: Vec<u32>,
}

/// Up to 200 nodes in random positions; edges lead from higher to lower rank, so there is no cycle.
fn dags() -> impl Strategy<Value = Dag> {
    (1_usize..=200).prop_flat_map(|size| {
        let ranks = Just((0..size).collect::<Vec<_>>()).prop_shuffle();
        let edges = vec((0..size, 0..size), 0..size * 3);
        (ranks, edges, vec(0_u32..1_000, size)).prop_map(move |(ranks, edges, minutes)| {
            let mut waits_for = vec![BTreeSet::new(); size];
            for (a, b) in edges.into_iter().filter(|(a, b)| a != b) {
                let (low, high) = if ranks[a] < ranks[b] { (a, b) } else { (b, a) };
                waits_for[high].insert(low);
            }
            Dag { waits_for, minutes }
        })
    })
}

fn key(node: usize) -> String {
    format!("line-{}.step#{node}", node % 7 + 1)
}

fn line_of(node: usize) -> Option<OrderLineId> {
    let line = node % 7;
    (line != 0).then(|| OrderLineId::from_uuid(Uuid::from_u128(line as u128)))
}

fn items(dag: &Dag) -> Vec<WorkItem> {
    let document = |node: usize| {
        serde_json::json!({
            "itemKey": key(node), "orderLineId": line_of(node), "templateKey": "step",
            "stepType": "WORK", "targetSystem": "S", "operation": "work",
            "dependsOn": dag.waits_for[node].iter().copied().map(key).collect::<Vec<_>>(),
            "mandatory": true, "expectedMinutes": dag.minutes[node], "deadline": null,
            "payload": {}, "compensation": null, "pointOfNoReturn": {"kind": "NONE"},
            "ruleId": "A/ADD", "catalogueVersion": 1
        })
    };
    let item = |node| serde_json::from_value(document(node)).expect("a work item");
    (0..dag.waits_for.len()).map(item).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_agrees_with_the_reference(dag in dags()) {
        let plan = plan(&items(&dag)).expect("a graph without cycle plans");
        let reference = Reference::of(&dag.waits_for, &dag.minutes).expect("no cycle");

        prop_assert_eq!(plan.critical_path_length, reference.longest_chain);
        prop_assert_eq!(plan.critical_path_minutes, reference.slowest_chain_minutes);
        prop_assert_eq!(plan.remaining_step_count, dag.waits_for.len());

        let position: BTreeMap<&str, usize> =
            plan.steps.iter().enumerate().map(|(at, step)| (step.step_key.as_str(), at)).collect();
        prop_assert_eq!(position.len(), dag.waits_for.len());
        for step in &plan.steps {
            let node = step.work_item_index;
            let expected: Vec<String> = dag.waits_for[node].iter().copied().map(key).collect();
            prop_assert_eq!(&step.depends_on_step_keys, &expected);
            prop_assert_eq!(step.pending_dependency_count, expected.len());
            prop_assert_eq!(step.stage, reference.stages[node]);
            let dependents: Vec<String> =
                reference.waited_for_by[node].iter().copied().map(key).collect();
            prop_assert_eq!(&step.dependent_step_keys, &dependents);
            for needed in &expected {
                prop_assert!(position[needed.as_str()] < position[step.step_key.as_str()]);
            }
        }
        let roots: BTreeSet<&String> = plan.root_step_keys.iter().collect();
        let expected: Vec<String> = reference.roots.iter().copied().map(key).collect();
        prop_assert_eq!(roots, expected.iter().collect::<BTreeSet<_>>());
    }

    #[test]
    fn the_counts_per_line_add_up(dag in dags()) {
        let plan = plan(&items(&dag)).expect("a graph without cycle plans");

        let mut expected: BTreeMap<OrderLineId, usize> = BTreeMap::new();
        for line in (0..dag.waits_for.len()).filter_map(line_of) {
            *expected.entry(line).or_default() += 1;
        }
        prop_assert_eq!(plan.remaining_step_count_by_line, expected);
    }

    #[test]
    fn settling_steps_in_any_ready_order_releases_every_step(dag in dags(), picks in vec(any::<Index>(), 200)) {
        let plan = plan(&items(&dag)).expect("a graph without cycle plans");
        let by_key: BTreeMap<&str, usize> =
            plan.steps.iter().enumerate().map(|(at, step)| (step.step_key.as_str(), at)).collect();
        let mut pending: Vec<usize> =
            plan.steps.iter().map(|step| step.pending_dependency_count).collect();
        let mut ready: Vec<usize> =
            plan.root_step_keys.iter().map(|key| by_key[key.as_str()]).collect();

        let mut settled = 0;
        for pick in picks {
            if ready.is_empty() {
                break;
            }
            let step = &plan.steps[ready.swap_remove(pick.index(ready.len()))];
            settled += 1;
            for dependent in &step.dependent_step_keys {
                let at = by_key[dependent.as_str()];
                pending[at] -= 1;
                if pending[at] == 0 {
                    ready.push(at);
                }
            }
        }

        prop_assert_eq!(settled, plan.steps.len());
    }

    #[test]
    fn a_cycle_is_found_and_the_named_one_is_real(dag in dags(), ring in vec(any::<Index>(), 1..6)) {
        let size = dag.waits_for.len();
        let mut cyclic = dag;
        let ring: Vec<usize> = ring.iter().map(|index| index.index(size)).collect();
        for (at, node) in ring.iter().enumerate() {
            cyclic.waits_for[*node].insert(ring[(at + 1) % ring.len()]);
        }

        let refused = plan(&items(&cyclic)).expect_err("there is a cycle");

        prop_assert!(Reference::of(&cyclic.waits_for, &cyclic.minutes).is_none());
        let PlanningRejection::HasCycle { step_keys } = refused else {
            panic!("{refused:?} instead of a cycle");
        };
        let node_of: BTreeMap<String, usize> = (0..size).map(|node| (key(node), node)).collect();
        let nodes: Vec<usize> = step_keys.iter().map(|key| node_of[key]).collect();
        prop_assert!(!nodes.is_empty());
        prop_assert_eq!(nodes.iter().collect::<BTreeSet<_>>().len(), nodes.len());
        for (at, node) in nodes.iter().enumerate() {
            prop_assert!(cyclic.waits_for[*node].contains(&nodes[(at + 1) % nodes.len()]));
        }
    }
}
