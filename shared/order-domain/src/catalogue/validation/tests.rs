use serde_json::{Value, json};

use crate::catalogue::{Catalogue, CatalogueProblemKind as Kind};

fn step(key: &str, kind: &str, depends_on: &[&str]) -> Value {
    let depends_on: Vec<Value> = depends_on.iter().map(|key| json!({"step": key})).collect();
    json!({"key": key, "type": kind, "targetSystem": "INVENTORY", "operation": key, "dependsOn": depends_on})
}

fn with(mut step: Value, field: &str, value: Value) -> Value {
    step[field] = value;
    step
}

fn of_steps(steps: &[Value]) -> Value {
    json!({"version": 1, "products": [
        {"code": "A", "name": "A", "rules": [{"action": "ADD", "steps": steps}]}
    ]})
}

fn problems(document: Value) -> Vec<(String, Kind)> {
    let catalogue: Catalogue = serde_json::from_value(document).unwrap();
    let problems = catalogue.validate().err().unwrap_or_default();
    problems.into_iter().map(|problem| (problem.pointer, problem.kind)).collect()
}

fn assert_only_problem(document: Value, pointer: &str, kind: Kind) {
    assert_eq!(problems(document), [(pointer.to_owned(), kind)]);
}

#[test]
fn a_catalogue_that_holds_together_has_no_problem() {
    let steps = [step("a", "WORK", &[]), step("b", "WORK", &["a"]), step("c", "BILLING", &[])];
    assert_eq!(problems(of_steps(&steps)), []);
}

#[test]
fn every_problem_is_reported_at_once() {
    let document = json!({"version": 0, "products": [
        {"code": "A", "name": "A", "bundle": true, "rules": [
            {"action": "NO_CHANGE", "steps": []}, {"action": "NO_CHANGE", "steps": []}]},
        {"code": "A", "name": "B"}
    ]});
    let no_change = crate::catalogue::LineAction::NoChange;
    let expected = [
        ("/version", Kind::VersionOutOfRange),
        ("/products/0/rules", Kind::BundleWithRules),
        ("/products/0/rules/0/action", Kind::RuleForNoChange),
        ("/products/0/rules/1/action", Kind::RuleForNoChange),
        ("/products/0/rules/1/action", Kind::DuplicateRule(no_change)),
        ("/products/1/code", Kind::DuplicateProduct("A".to_owned())),
    ];
    assert_eq!(problems(document), expected.map(|(pointer, kind)| (pointer.to_owned(), kind)));
}

#[test]
fn a_cycle_is_named_in_waiting_order() {
    let steps = [step("a", "WORK", &["c"]), step("b", "WORK", &["a"]), step("c", "WORK", &["b"])];
    let kind = Kind::Cycle(["a", "c", "b"].map(str::to_owned).to_vec());
    assert_eq!(kind.to_string(), "the steps wait for each other: a → c → b → a");
    assert_only_problem(of_steps(&steps), "/products/0/rules/0/steps", kind);
}

#[test]
fn a_step_that_waits_for_itself_is_a_cycle_of_one() {
    let kind = Kind::Cycle(vec!["a".to_owned()]);
    assert_eq!(kind.to_string(), "the steps wait for each other: a → a");
    assert_only_problem(of_steps(&[step("a", "WORK", &["a"])]), "/products/0/rules/0/steps", kind);
}

#[test]
fn nothing_in_a_line_can_wait_for_its_billing() {
    let steps = [step("a", "WORK", &["bill"]), step("bill", "BILLING", &[])];
    let kind = Kind::Cycle(["a", "bill"].map(str::to_owned).to_vec());
    assert_only_problem(of_steps(&steps), "/products/0/rules/0/steps", kind);
}

#[test]
fn billing_is_one_step_per_line_and_not_repeated() {
    let steps = [step("a", "BILLING", &[]), step("b", "BILLING", &[])];
    assert_only_problem(
        of_steps(&steps),
        "/products/0/rules/0/steps/1/type",
        Kind::SecondBillingStep,
    );
    let per_unit = with(step("a", "BILLING", &[]), "scope", json!("UNIT"));
    let pointer = "/products/0/rules/0/steps/0";
    assert_only_problem(of_steps(&[per_unit]), pointer, Kind::BillingNotOncePerLine);
    let repeated = with(step("a", "BILLING", &[]), "repeat", json!({"characteristic": "n"}));
    assert_only_problem(of_steps(&[repeated]), pointer, Kind::BillingNotOncePerLine);
}

#[test]
fn a_mandatory_step_cannot_depend_on_an_optional_one() {
    let optional = with(step("a", "WORK", &[]), "mandatory", json!(false));
    let kind = Kind::MandatoryOnOptional("a".to_owned());
    let pointer = "/products/0/rules/0/steps/1/dependsOn/0";
    assert_only_problem(of_steps(&[optional.clone(), step("b", "WORK", &["a"])]), pointer, kind);
    let also_optional = with(step("b", "WORK", &["a"]), "mandatory", json!(false));
    assert_eq!(problems(of_steps(&[optional.clone(), also_optional])), []);
    // Billing waits for the rest of its line, but a mandatory one leaves optional steps out.
    assert_eq!(problems(of_steps(&[optional, step("c", "BILLING", &[])])), []);
}

#[test]
fn dependencies_name_what_exists() {
    let on = |dependency: Value| {
        of_steps(&[with(step("a", "WORK", &[]), "dependsOn", json!([dependency]))])
    };
    let pointer = "/products/0/rules/0/steps/0/dependsOn/0";
    let field = |name: &str| format!("{pointer}/{name}");
    assert_only_problem(
        on(json!({"step": "x"})),
        &field("step"),
        Kind::UnknownStep("x".to_owned()),
    );
    let no_product = json!({"step": "x", "product": "X", "scope": "SAME_ORDER"});
    assert_only_problem(on(no_product), &field("product"), Kind::UnknownProduct("X".to_owned()));
    let no_step = json!({"step": "x", "product": "A", "scope": "PARENT_LINE"});
    assert_only_problem(on(no_step), &field("step"), Kind::UnknownStep("x".to_owned()));
    for contradiction in
        [json!({"step": "b", "scope": "CHILD_LINES"}), json!({"step": "b", "product": "A"})]
    {
        let steps = [
            with(step("a", "WORK", &[]), "dependsOn", json!([contradiction])),
            step("b", "WORK", &[]),
        ];
        assert_only_problem(of_steps(&steps), &field("scope"), Kind::ScopeContradictsProduct);
    }
}

/// A step that is told `x` of the result of step `a`.
fn told(depends_on: &[&str], source: &str) -> Value {
    let payload = json!({"a/x": {source: {"step": "a", "field": "x"}}});
    with(step("b", "WORK", depends_on), "payload", payload)
}

const TOLD: &str = "/products/0/rules/0/steps/1/payload/a~1x";

#[test]
fn a_result_is_that_of_a_step_that_is_waited_for_in_the_same_line() {
    let giver = || step("a", "WORK", &[]);
    assert_eq!(problems(of_steps(&[giver(), told(&["a"], "stepResult")])), []);
    let kind = || Kind::ResultNotAwaited("a".to_owned());
    assert_only_problem(of_steps(&[giver(), told(&[], "optionalStepResult")]), TOLD, kind());
    let behind = [giver(), told(&["c"], "stepResult"), step("c", "WORK", &["a"])];
    assert_only_problem(of_steps(&behind), TOLD, kind());
    let elsewhere = json!([{"step": "a", "product": "A", "scope": "SAME_ORDER"}]);
    let of_other_lines = with(told(&[], "stepResult"), "dependsOn", elsewhere);
    assert_only_problem(of_steps(&[giver(), of_other_lines]), TOLD, kind());
    // Billing waits for the rest of its line without saying so.
    let billing = with(told(&[], "stepResult"), "type", json!("BILLING"));
    assert_eq!(problems(of_steps(&[giver(), billing])), []);
}

#[test]
fn a_result_is_that_of_one_step() {
    let scoped = |step: Value, scope: &str| with(step, "scope", json!(scope));
    let document = |giver: &str, reader: &str| {
        let reader = scoped(told(&["a"], "stepResult"), reader);
        of_steps(&[scoped(step("a", "WORK", &[]), giver), reader])
    };
    let ambiguous = || Kind::ResultAmbiguous("a".to_owned());
    for fits in [("LINE", "UNIT"), ("UNIT", "UNIT"), ("ORDER", "LINE"), ("ORDER", "ORDER")] {
        assert_eq!(problems(document(fits.0, fits.1)), [], "{fits:?}");
    }
    for (giver, reader) in [("UNIT", "LINE"), ("LINE", "ORDER")] {
        assert_only_problem(document(giver, reader), TOLD, ambiguous());
    }
    let per = |step: Value, name: &str| with(step, "repeat", json!({"characteristic": name}));
    let repeated = |name: &str| {
        of_steps(&[per(step("a", "WORK", &[]), "n"), per(told(&["a"], "stepResult"), name)])
    };
    assert_eq!(problems(repeated("n")), []);
    assert_only_problem(repeated("m"), TOLD, ambiguous());
}

#[test]
fn a_result_of_a_step_with_a_condition_is_optional() {
    let when = |step: Value| with(step, "when", json!({"exists": "c"}));
    let giver = || when(step("a", "WORK", &[]));
    let kind = Kind::ResultMayBeMissing("a".to_owned());
    assert_only_problem(of_steps(&[giver(), told(&["a"], "stepResult")]), TOLD, kind);
    assert_eq!(problems(of_steps(&[giver(), told(&["a"], "optionalStepResult")])), []);
    assert_eq!(problems(of_steps(&[giver(), when(told(&["a"], "stepResult"))])), []);
}

#[test]
fn a_deadline_names_a_calendar_of_the_catalogue() {
    let steps = [with(step("a", "WORK", &[]), "deadline", json!({"businessDays": 2}))];
    let kind = Kind::UnknownCalendar("standard".to_owned());
    assert_only_problem(of_steps(&steps), "/products/0/rules/0/steps/0/deadline", kind);
    let mut document = of_steps(&steps);
    document["calendars"] = json!({"standard": {"timeZone": "UTC", "workingDays": ["MONDAY"]}});
    assert_eq!(problems(document), []);
}

#[test]
fn a_step_of_the_whole_order_does_not_look_at_a_line() {
    let of_order = |field: &str, value: Value| {
        of_steps(&[with(with(step("a", "WORK", &[]), "scope", json!("ORDER")), field, value)])
    };
    let pointer = "/products/0/rules/0/steps/0";
    for (field, value) in [
        ("payload", json!({"x": {"characteristic": "x"}})),
        ("payload", json!({"x": {"line": "QUANTITY"}})),
        ("when", json!({"exists": "x"})),
    ] {
        assert_only_problem(of_order(field, value), pointer, Kind::OrderScopeReadsLine);
    }
    let repeat = json!({"characteristic": "n"});
    let pointer = "/products/0/rules/0/steps/0/repeat";
    assert_only_problem(of_order("repeat", repeat), pointer, Kind::RepeatOutsideLineScope);
    assert_eq!(problems(of_order("payload", json!({"x": {"order": "ORDER_NUMBER"}}))), []);
}

#[test]
fn steps_of_the_whole_order_agree_between_the_rules_of_a_product() {
    let of_order = with(step("a", "WORK", &[]), "scope", json!("ORDER"));
    let other = with(of_order.clone(), "expectedMinutes", json!(5));
    let document = |second: Value| {
        json!({"version": 1, "products": [{"code": "A", "name": "A", "rules": [
            {"action": "ADD", "steps": [of_order]}, {"action": "DELETE", "steps": [second]}]}]})
    };
    assert_eq!(problems(document(of_order.clone())), []);
    let kind = Kind::OrderScopeDiffers("a".to_owned());
    assert_only_problem(document(other), "/products/0/rules/1/steps/0", kind);
}

#[test]
fn keys_are_unique_in_a_rule_and_charges_need_a_point_of_no_return() {
    let kind = Kind::DuplicateStep("a".to_owned());
    let twice = [step("a", "WORK", &[]), step("a", "WORK", &[])];
    assert_only_problem(of_steps(&twice), "/products/0/rules/0/steps/1/key", kind);
    let charge = json!({"kind": "NONE", "charge": {"amountMinor": 1, "currency": "EUR"}});
    let charged = with(step("a", "WORK", &[]), "pointOfNoReturn", charge);
    let pointer = "/products/0/rules/0/steps/0/pointOfNoReturn";
    assert_only_problem(of_steps(&[charged]), pointer, Kind::ChargeWithoutPointOfNoReturn);
}

#[test]
fn an_unknown_field_is_refused() {
    let surprise = with(step("a", "WORK", &[]), "surprise", json!(1));
    assert!(serde_json::from_value::<Catalogue>(of_steps(&[surprise])).is_err());
}
