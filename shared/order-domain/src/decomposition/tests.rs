use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::catalogue::LineAction;
use crate::characteristic::{CharacteristicValue, Characteristics};
use crate::ids::OrderLineId;

fn step(key: &str, extra: &Value) -> Value {
    let mut step = json!({"key": key, "type": "WORK", "targetSystem": "S", "operation": key});
    for (name, value) in extra.as_object().unwrap() {
        step[name] = value.clone();
    }
    step
}

/// A product A with these steps for ADD and MODIFY, and a bundle B.
fn catalogue(steps: &[Value]) -> Catalogue {
    let document = json!({"version": 7, "products": [
        {"code": "A", "name": "A", "rules": [
            {"action": "ADD", "steps": steps}, {"action": "MODIFY", "steps": steps}]},
        {"code": "B", "name": "B", "bundle": true},
    ]});
    let catalogue: Catalogue = serde_json::from_value(document).unwrap();
    assert_eq!(catalogue.validate(), Ok(()));
    catalogue
}

fn line(product: &str, action: LineAction, characteristics: &Value) -> LineForDecomposition {
    LineForDecomposition {
        id: OrderLineId::from_uuid(Uuid::from_u128(1)),
        parent_line_id: None,
        product_code: product.to_owned(),
        action,
        quantity: 1,
        characteristics: serde_json::from_value(characteristics.clone()).unwrap(),
        previous_characteristics: Characteristics::new(),
        recurring_price: None,
        one_time_price: None,
        product_instance_id: action.needs_product_instance().then(|| "PI-1".to_owned()),
    }
}

fn add(characteristics: &Value) -> LineForDecomposition {
    line("A", LineAction::Add, characteristics)
}

/// The lines as one order; ids follow the positions.
fn order(lines: impl IntoIterator<Item = LineForDecomposition>) -> OrderForDecomposition {
    let mut lines: Vec<_> = lines.into_iter().collect();
    for (number, line) in (1..).zip(&mut lines) {
        line.id = OrderLineId::from_uuid(Uuid::from_u128(number));
    }
    OrderForDecomposition {
        order_number: "O-1".to_owned(),
        customer_id: "C-1".to_owned(),
        billing_account_id: "BA-1".to_owned(),
        lines,
    }
}

/// Item keys with what they wait for.
fn links(steps: &[Value], lines: impl IntoIterator<Item = LineForDecomposition>) -> Vec<String> {
    let items = decompose(&catalogue(steps), &order(lines)).unwrap();
    items.iter().map(|item| format!("{} <- {}", item.item_key, item.depends_on.join(" "))).collect()
}

fn refusal(steps: &[Value], line: LineForDecomposition) -> (&'static str, String) {
    let refused = decompose(&catalogue(steps), &order([line])).unwrap_err();
    (refused.code(), refused.to_string())
}

#[test]
fn unchanged_lines_and_bundle_parents_have_no_work() {
    let none = json!({});
    let lines = [
        line("B", LineAction::Add, &none),
        line("A", LineAction::NoChange, &none),
        // A product that is no longer sold may stay as it is.
        line("GONE", LineAction::NoChange, &none),
    ];
    assert_eq!(links(&[step("a", &none)], lines), Vec::<String>::new());
}

#[test]
fn an_item_records_the_rule_and_the_catalogue_version_that_made_it() {
    let modify = line("A", LineAction::Modify, &json!({}));
    let items = decompose(&catalogue(&[step("a", &json!({}))]), &order([modify])).unwrap();
    assert_eq!((items[0].rule_id.as_str(), items[0].catalogue_version), ("A/MODIFY", 7));
}

#[test]
fn a_dependency_on_a_step_left_out_is_replaced_by_what_that_step_waited_for() {
    let steps = [
        step("first", &json!({})),
        step("maybe", &json!({"when": {"exists": "x"}, "dependsOn": [{"step": "first"}]})),
        step("rather", &json!({"when": {"exists": "x"}, "dependsOn": [{"step": "maybe"}]})),
        step("last", &json!({"dependsOn": [{"step": "rather"}]})),
    ];
    let without = links(&steps, [add(&json!({}))]);
    assert_eq!(without, ["line-1.first <- ", "line-1.last <- line-1.first"]);
    let with = links(&steps, [add(&json!({"x": 1}))]);
    assert_eq!(with[3], "line-1.last <- line-1.rather");
}

#[test]
fn units_wait_for_their_own_unit_and_single_steps_for_all_of_them() {
    let steps = [
        step("a", &json!({"scope": "UNIT"})),
        step("b", &json!({"scope": "UNIT", "dependsOn": [{"step": "a"}]})),
        step("c", &json!({"dependsOn": [{"step": "b"}]})),
        step("d", &json!({"scope": "UNIT", "dependsOn": [{"step": "c"}]})),
    ];
    let expected = [
        "line-1.a#1 <- ",
        "line-1.a#2 <- ",
        "line-1.b#1 <- line-1.a#1",
        "line-1.b#2 <- line-1.a#2",
        "line-1.c <- line-1.b#1 line-1.b#2",
        "line-1.d#1 <- line-1.c",
        "line-1.d#2 <- line-1.c",
    ];
    let two = LineForDecomposition { quantity: 2, ..add(&json!({})) };
    assert_eq!(links(&steps, [two]), expected);
}

#[test]
fn repetitions_over_different_characteristics_wait_for_all() {
    let repeat = |name: &str| json!({"repeat": {"characteristic": name}});
    let mut second = repeat("m");
    second["dependsOn"] = json!([{"step": "a"}]);
    let links =
        links(&[step("a", &repeat("n")), step("b", &second)], [add(&json!({"n": 2, "m": 1}))]);
    assert_eq!(links[2], "line-1.b#1 <- line-1.a#1 line-1.a#2");
}

#[test]
fn scopes_pick_the_lines_a_dependency_looks_at() {
    let waiting_for = |scope: &str| {
        let dependency = json!([{"step": "a", "product": "A", "scope": scope}]);
        let b = json!({"dependsOn": dependency, "when": {"exists": "b"}});
        let steps = [step("a", &json!({"when": {"exists": "a"}})), step("b", &b)];
        // Lines 1 and 4 are top level, 2 and 3 are parts of 1; only line 2 has step b.
        let mut lines =
            [json!({"a": 1}), json!({"a": 1, "b": 1}), json!({"a": 1}), json!({"a": 1})]
                .map(|c| add(&c));
        let parent = Some(OrderLineId::from_uuid(Uuid::from_u128(1)));
        lines[1].parent_line_id = parent;
        lines[2].parent_line_id = parent;
        links(&steps, lines).into_iter().find(|link| link.starts_with("line-2.b")).unwrap()
    };
    assert_eq!(waiting_for("SAME_ORDER"), "line-2.b <- line-1.a line-2.a line-3.a line-4.a");
    assert_eq!(waiting_for("PARENT_LINE"), "line-2.b <- line-1.a");
    assert_eq!(waiting_for("SIBLING_LINES"), "line-2.b <- line-3.a");
    assert_eq!(waiting_for("CHILD_LINES"), "line-2.b <- ");
}

#[test]
fn a_step_of_the_whole_order_is_made_once_and_belongs_to_no_line() {
    let steps = [
        step("once", &json!({"scope": "ORDER"})),
        step("each", &json!({"dependsOn": [{"step": "once"}]})),
        step("close", &json!({"scope": "ORDER", "dependsOn": [{"step": "each"}]})),
    ];
    let lines = || [add(&json!({})), add(&json!({}))];
    let expected = [
        "order.A.once <- ",
        "line-1.each <- order.A.once",
        "order.A.close <- line-1.each line-2.each",
        "line-2.each <- order.A.once",
    ];
    assert_eq!(links(&steps, lines()), expected);
    let items = decompose(&catalogue(&steps), &order(lines())).unwrap();
    assert_eq!(items[0].order_line_id, None);
}

#[test]
fn billing_waits_for_the_rest_of_its_line_only() {
    let steps = [
        step("a", &json!({})),
        step("b", &json!({"mandatory": false})),
        step("o", &json!({"scope": "ORDER"})),
        step("bill", &json!({"type": "BILLING"})),
    ];
    let links = links(&steps, [add(&json!({})), add(&json!({}))]);
    assert_eq!(links[3], "line-1.bill <- line-1.a");
    assert_eq!(links[6], "line-2.bill <- line-2.a");
}

#[test]
fn the_payload_comes_from_characteristics_constants_line_and_order() {
    let payload = json!({"payload": {
        "c": {"characteristic": "c"}, "old": {"previousCharacteristic": "c"},
        "absent": {"optionalCharacteristic": "x"}, "fixed": {"constant": true},
        "action": {"line": "ACTION"}, "instance": {"line": "PRODUCT_INSTANCE_ID"},
        "price": {"line": "RECURRING_AMOUNT_MINOR"}, "currency": {"line": "CURRENCY"},
        "customer": {"order": "CUSTOMER_ID"},
    }});
    let mut modify = line("A", LineAction::Modify, &json!({"c": 2}));
    modify.previous_characteristics.insert("c".to_owned(), CharacteristicValue::Integer(1));
    modify.recurring_price =
        serde_json::from_value(json!({"amountMinor": 5, "currency": "EUR"})).unwrap();
    let items = decompose(&catalogue(&[step("a", &payload)]), &order([modify])).unwrap();
    let expected = json!({"action": "MODIFY", "c": 2, "currency": "EUR", "customer": "C-1",
        "fixed": true, "instance": "PI-1", "old": 1, "price": 5});
    assert_eq!(serde_json::to_value(&items[0].payload).unwrap(), expected);
}

/// Which items are told results, and whose.
fn needs(steps: &[Value], line: LineForDecomposition) -> Vec<String> {
    let items = decompose(&catalogue(steps), &order([line])).unwrap();
    let of_item = |item: &WorkItem| {
        assert_eq!(item.payload, Characteristics::new());
        let needs = item.needed_results.iter();
        let tell = |(name, need): (&String, &NeededResult)| {
            let mark = if need.is_optional { "?" } else { "" };
            format!("{}.{name} = {}.{}{mark}", item.item_key, need.step_key, need.field)
        };
        needs.map(tell).collect::<Vec<_>>()
    };
    items.iter().flat_map(of_item).collect()
}

#[test]
fn a_value_of_another_steps_result_is_noted_and_not_yet_part_of_the_payload() {
    let told = json!({"dependsOn": [{"step": "a"}], "payload": {
        "site": {"stepResult": {"step": "a", "field": "siteId"}},
        "lift": {"optionalStepResult": {"step": "a", "field": "hasLift"}}}});
    let expected = ["line-1.b.lift = line-1.a.hasLift?", "line-1.b.site = line-1.a.siteId"];
    assert_eq!(needs(&[step("a", &json!({})), step("b", &told)], add(&json!({}))), expected);
}

#[test]
fn each_unit_is_told_the_result_of_its_own_unit_and_all_of_them_that_of_a_single_step() {
    let result = |step: &str| json!({"stepResult": {"step": step, "field": "id"}});
    let steps = [
        step("once", &json!({})),
        step("a", &json!({"scope": "UNIT"})),
        step(
            "b",
            &json!({"scope": "UNIT", "dependsOn": [{"step": "once"}, {"step": "a"}],
                "payload": {"own": result("a"), "shared": result("once")}}),
        ),
    ];
    let two = LineForDecomposition { quantity: 2, ..add(&json!({})) };
    let expected = [
        "line-1.b#1.own = line-1.a#1.id",
        "line-1.b#1.shared = line-1.once.id",
        "line-1.b#2.own = line-1.a#2.id",
        "line-1.b#2.shared = line-1.once.id",
    ];
    assert_eq!(needs(&steps, two), expected);
}

#[test]
fn a_step_that_a_condition_left_out_gives_no_result() {
    let told = json!({"dependsOn": [{"step": "a"}],
        "payload": {"x": {"optionalStepResult": {"step": "a", "field": "x"}}}});
    let steps = [step("a", &json!({"when": {"exists": "a"}})), step("b", &told)];
    assert_eq!(needs(&steps, add(&json!({}))), Vec::<String>::new());
    assert_eq!(needs(&steps, add(&json!({"a": 1}))), ["line-1.b.x = line-1.a.x?"]);
}

#[test]
fn refusals_name_line_product_and_what_is_missing() {
    let none = json!({});
    let plain = [step("a", &none)];
    let unknown = refusal(&plain, line("X", LineAction::Add, &none));
    assert_eq!(unknown.0, "PRODUCT_NOT_IN_CATALOGUE");
    assert!(
        unknown.1.starts_with("line 1: product X is not in catalogue version 7"),
        "{}",
        unknown.1
    );
    let no_rule = refusal(&plain, line("A", LineAction::Delete, &none));
    assert_eq!(no_rule.0, "PRODUCT_NOT_IN_CATALOGUE");
    assert!(no_rule.1.contains("cannot be ordered with DELETE"), "{}", no_rule.1);
    let without_instance = LineForDecomposition {
        product_instance_id: None,
        ..line("A", LineAction::NoChange, &none)
    };
    assert_eq!(refusal(&plain, without_instance).0, "PRODUCT_INSTANCE_MISSING");
    let mapped = [step("a", &json!({"payload": {"p": {"characteristic": "speed"}}}))];
    let missing = refusal(&mapped, add(&none));
    let sentence = "line 1: product A needs the characteristic \"speed\"";
    assert_eq!(missing, ("CHARACTERISTIC_MISSING", sentence.to_owned()));
}

#[test]
fn a_characteristic_that_a_rule_requires_must_be_there_even_if_no_step_reads_it() {
    let document = json!({"version": 1, "products": [{"code": "A", "name": "A", "rules": [
        {"action": "ADD", "requires": ["siteId"], "steps": [step("a", &json!({}))]}]}]});
    let catalogue: Catalogue = serde_json::from_value(document).unwrap();
    let refused = decompose(&catalogue, &order([add(&json!({}))])).unwrap_err();
    assert_eq!(refused.code(), "CHARACTERISTIC_MISSING");
    assert!(decompose(&catalogue, &order([add(&json!({"siteId": "S"}))])).is_ok());
}

#[test]
fn a_repetition_needs_a_whole_number_of_at_least_one() {
    let steps = [step("a", &json!({"repeat": {"characteristic": "n"}}))];
    for value in [json!(0), json!(-1), json!("3"), json!(true)] {
        let (code, sentence) = refusal(&steps, add(&json!({"n": value})));
        assert_eq!(code, "CHARACTERISTIC_MISSING");
        assert!(sentence.ends_with("as a whole number of at least 1"), "{sentence}");
    }
    assert_eq!(refusal(&steps, add(&json!({}))).0, "CHARACTERISTIC_MISSING");
}

#[test]
fn numbers_from_outside_cannot_exhaust_memory() {
    let repeat = json!({"repeat": {"characteristic": "n"}});
    let too_many = refusal(&[step("a", &repeat)], add(&json!({"n": i64::MAX})));
    assert_eq!(too_many.0, "ORDER_TOO_LARGE");
    let units = [step("a", &json!({"scope": "UNIT"}))];
    let many = LineForDecomposition { quantity: u32::MAX, ..add(&json!({})) };
    assert_eq!(refusal(&units, many).0, "ORDER_TOO_LARGE");
    // 200 × 200 dependencies, although 400 items are fine.
    let crossed = json!({"repeat": {"characteristic": "m"}, "dependsOn": [{"step": "a"}]});
    let steps = [step("a", &repeat), step("b", &crossed)];
    assert_eq!(refusal(&steps, add(&json!({"n": 200, "m": 200}))).0, "ORDER_TOO_LARGE");
    assert_eq!(links(&steps, [add(&json!({"n": 100, "m": 200}))]).len(), 300);
}

#[test]
fn decomposing_again_gives_the_same_items() {
    let steps = [step("a", &json!({})), step("b", &json!({"dependsOn": [{"step": "a"}]}))];
    let order = order([add(&json!({})), add(&json!({}))]);
    let catalogue = catalogue(&steps);
    assert_eq!(decompose(&catalogue, &order), decompose(&catalogue, &order));
}
