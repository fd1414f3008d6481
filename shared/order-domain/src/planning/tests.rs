use serde_json::json;

use super::*;

fn item(key: &str, depends_on: &[&str], mandatory: bool, minutes: u32) -> WorkItem {
    serde_json::from_value(json!({
        "itemKey": key, "orderLineId": null, "templateKey": "a", "stepType": "WORK",
        "targetSystem": "S", "operation": "a", "dependsOn": depends_on, "mandatory": mandatory,
        "expectedMinutes": minutes, "deadline": null, "payload": {}, "compensation": null,
        "pointOfNoReturn": {"kind": "NONE"}, "ruleId": "A/ADD", "catalogueVersion": 1
    }))
    .unwrap()
}

fn step(key: &str, depends_on: &[&str]) -> WorkItem {
    item(key, depends_on, true, 1)
}

fn refusal(items: &[WorkItem]) -> (&'static str, String) {
    let refused = plan(items).unwrap_err();
    (refused.code(), refused.to_string())
}

#[test]
fn a_plan_lists_steps_by_stage_with_counters_and_dependents() {
    let items = [step("d", &["b", "c"]), step("c", &["a"]), step("b", &["a"]), step("a", &[])];
    let plan = plan(&items).unwrap();
    let keys: Vec<_> = plan.steps.iter().map(|s| (s.step_key.as_str(), s.stage)).collect();
    assert_eq!(keys, [("a", 1), ("c", 2), ("b", 2), ("d", 3)]);
    assert_eq!(plan.steps[0].dependent_step_keys, ["c", "b"]);
    assert_eq!(plan.steps[3].depends_on_step_keys, ["c", "b"]);
    assert_eq!(plan.steps[3].pending_dependency_count, 2);
    assert_eq!(plan.root_step_keys, ["a"]);
    assert_eq!(plan.remaining_step_count, 4);
    assert_eq!(items[plan.steps[0].work_item_index].item_key, "a");
}

#[test]
fn the_longest_chain_and_the_slowest_chain_are_different_questions() {
    let items = [
        item("a", &[], true, 1),
        item("b", &["a"], true, 1),
        item("c", &["b"], true, 1),
        item("slow", &[], true, 500),
    ];
    let plan = plan(&items).unwrap();
    assert_eq!((plan.critical_path_length, plan.critical_path_minutes), (3, 500));
}

#[test]
fn no_work_is_an_empty_plan() {
    let plan = plan(&[]).unwrap();
    assert_eq!((plan.steps.len(), plan.critical_path_length, plan.remaining_step_count), (0, 0, 0));
}

#[test]
fn a_dependency_that_is_named_twice_counts_once() {
    let plan = plan(&[step("a", &[]), step("b", &["a", "a"])]).unwrap();
    assert_eq!(plan.steps[1].pending_dependency_count, 1);
    assert_eq!(plan.steps[0].dependent_step_keys, ["b"]);
}

#[test]
fn a_cycle_is_refused_and_named_in_waiting_order() {
    let items = [step("x", &[]), step("a", &["b", "x"]), step("b", &["c"]), step("c", &["a"])];
    let (code, sentence) = refusal(&items);
    assert_eq!(code, "PLAN_HAS_CYCLE");
    assert_eq!(sentence, "the steps wait for each other: a → b → c → a; correct the catalogue");
    assert_eq!(refusal(&[step("a", &["a"])]).0, "PLAN_HAS_CYCLE");
}

#[test]
fn a_missing_dependency_is_refused_and_named() {
    let (code, sentence) = refusal(&[step("a", &["gone"])]);
    assert_eq!(code, "PLAN_DEPENDENCY_MISSING");
    assert_eq!(sentence, "step a waits for gone, which is not part of the order");
}

#[test]
fn a_mandatory_step_on_an_optional_one_is_refused() {
    let items = [item("a", &[], false, 1), item("b", &["a"], true, 1)];
    assert_eq!(refusal(&items).0, "PLAN_MANDATORY_ON_OPTIONAL");
    let items = [item("a", &[], false, 1), item("b", &["a"], false, 1)];
    assert!(plan(&items).is_ok());
}

#[test]
fn two_items_with_one_key_are_refused() {
    assert_eq!(refusal(&[step("a", &[]), step("a", &[])]).0, "PLAN_STEP_DUPLICATED");
}

#[test]
fn a_long_chain_does_not_exhaust_the_stack() {
    let keys: Vec<String> = (0..20_000).map(|n| format!("s{n}")).collect();
    let chain = |first: Option<&str>| -> Vec<WorkItem> {
        let before = |n: usize| {
            if n == 0 { first } else { Some(keys[n - 1].as_str()) }
        };
        (0..keys.len()).map(|n| step(&keys[n], before(n).as_slice())).collect()
    };
    assert_eq!(plan(&chain(None)).unwrap().critical_path_length, keys.len());
    let PlanningRejection::HasCycle { step_keys } = plan(&chain(Some("s19999"))).unwrap_err()
    else {
        panic!("a ring is a cycle");
    };
    assert_eq!(step_keys.len(), keys.len());
}
