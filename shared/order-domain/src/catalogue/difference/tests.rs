use serde_json::{Value, json};

use super::*;

const SAMPLE: &str = include_str!("../../../../../catalog/catalogue.json");

fn sample() -> Value {
    serde_json::from_str(SAMPLE).unwrap()
}

fn read(document: &Value) -> Catalogue {
    serde_json::from_value(document.clone()).unwrap()
}

fn between(old: &Value, new: &Value) -> CatalogueDifference {
    CatalogueDifference::between(Some(&read(old)), &read(new))
}

/// The kinds and pointers of the only product that changed.
fn places(difference: &CatalogueDifference) -> Vec<(ChangeKind, &str)> {
    let [product] = &difference.products_changed[..] else { panic!("{difference:?}") };
    product.changes.iter().map(|x| (x.kind, x.pointer.as_str())).collect()
}

#[test]
fn a_catalogue_differs_in_nothing_from_itself_and_its_version_is_no_difference() {
    let mut later = sample();
    later["version"] = json!(2);

    assert!(between(&sample(), &later).is_empty());
}

#[test]
fn what_is_moved_or_spelled_out_changes_no_work() {
    let mut other = sample();
    other["products"].as_array_mut().unwrap().reverse();
    other["products"][0]["bundle"] = json!(false);
    let step = other.pointer_mut("/products/0/rules/0/steps/0").unwrap();
    step["scope"] = step.get("scope").cloned().unwrap_or_else(|| json!("LINE"));

    assert!(between(&sample(), &other).is_empty(), "{:?}", between(&sample(), &other));
}

#[test]
fn products_are_added_and_removed_by_their_code() {
    let mut other = sample();
    other["products"][0]["code"] = json!("ANOTHER_BUNDLE");

    let difference = between(&sample(), &other);

    assert_eq!(difference.products_added, ["ANOTHER_BUNDLE"]);
    assert_eq!(difference.products_removed, ["MANAGED_CONNECTIVITY_BUNDLE"]);
    assert_eq!(difference.products_changed, []);
}

#[test]
fn rules_and_steps_are_found_again_where_they_moved_to() {
    let step =
        |key: &str| json!({"key": key, "type": "WORK", "targetSystem": "CRM", "operation": key});
    let rule = |action: &str, steps: Value| json!({"action": action, "steps": steps});
    let of = |rules: Value| json!({"version": 1, "products": [{"code": "A", "name": "A", "rules": rules}]});
    let old = of(json!([
        rule("ADD", json!([step("a"), step("b"), step("c")])),
        rule("DELETE", json!([step("d")])),
    ]));
    let mut changed = step("c");
    changed["expectedMinutes"] = json!(5);
    let new = of(json!([
        rule("MODIFY", json!([step("a")])),
        rule("ADD", json!([changed, step("a"), step("e")])),
    ]));

    let difference = between(&old, &new);

    use ChangeKind::{Added, Changed, Removed};
    let expected = [
        (Added, "/products/0/rules/0"),
        (Changed, "/products/0/rules/1/steps/0/expectedMinutes"),
        (Added, "/products/0/rules/1/steps/2"),
        (Removed, "/products/0/rules/0/steps/1"),
        (Removed, "/products/0/rules/1"),
    ];
    assert_eq!(places(&difference), expected);
    let minutes = &difference.products_changed[0].changes[1];
    assert_eq!((minutes.action, minutes.step_key.as_deref()), (Some(LineAction::Add), Some("c")));
    assert_eq!((&minutes.before, &minutes.after), (&Some(json!(0)), &Some(json!(5))));
}

#[test]
fn a_name_in_a_pointer_is_escaped() {
    let with = |value: Value| {
        let step = json!({"key": "a", "type": "WORK", "targetSystem": "CRM", "operation": "a",
            "payload": {"x/y~z": {"constant": value}}});
        json!({"version": 1, "products": [{"code": "A", "name": "A",
            "rules": [{"action": "ADD", "steps": [step]}]}]})
    };

    let difference = between(&with(json!(1)), &with(json!(2)));

    let pointer = "/products/0/rules/0/steps/0/payload/x~1y~0z/constant";
    assert_eq!(places(&difference), [(ChangeKind::Changed, pointer)]);
    assert_eq!(with(json!(2)).pointer(pointer), Some(&json!(2)));
}

#[test]
fn every_pointer_leads_to_what_it_names() {
    let (old, new) = (sample(), edited());
    let difference = between(&old, &new);
    let products = difference.products_changed.iter().flat_map(|x| &x.changes);

    for place in products.chain(&difference.calendars) {
        let document = if place.kind == ChangeKind::Removed { &old } else { &new };
        assert!(document.pointer(&place.pointer).is_some(), "{place:?}");
    }
}

/// Everything that people do to a catalogue at once.
fn edited() -> Value {
    let mut edited = sample();
    edited["version"] = json!(2);
    edited["calendars"]["standard"]["holidays"] = json!(["2026-12-25"]);
    edited["calendars"]["north"] = json!({"timeZone": "UTC", "workingDays": ["MONDAY"]});
    let product = json!({"code": "FIXED_IP", "name": "Fixed IP address"});
    edited["products"].as_array_mut().unwrap().push(product);
    edited["products"][1]["name"] = json!("Internet");
    let add = edited.pointer_mut("/products/1/rules/0").unwrap();
    add["requires"] = json!(["bandwidthMbps"]);
    let step = &mut add["steps"][0];
    step["deadline"] = json!({"hours": 1});
    step["payload"]["priority"] = json!({"constant": "HIGH"});
    step.as_object_mut().unwrap().remove("compensation");
    let last = edited["products"].as_array().unwrap().len() - 2;
    edited["products"].as_array_mut().unwrap().remove(last);
    edited
}

#[test]
fn an_edited_catalogue_is_told_place_by_place() {
    let difference = between(&sample(), &edited());
    let told = json!({"difference": difference, "sentences": difference.sentences(Some(1), 2)});

    insta::assert_snapshot!(serde_json::to_string_pretty(&told).unwrap());
}

#[test]
fn the_first_catalogue_only_adds() {
    let new = read(&sample());
    let difference = CatalogueDifference::between(None, &new);

    assert_eq!(difference.products_added.len(), new.products.len());
    assert!(difference.products_removed.is_empty() && difference.products_changed.is_empty());
    let sentences = difference.sentences(None, 1);
    assert!(sentences.iter().any(|x| x.contains("the first catalogue")), "{sentences:?}");
}

#[test]
fn who_applies_a_catalogue_hears_which_orders_keep_which_version() {
    let unchanged = CatalogueDifference::default().sentences(Some(3), 4);

    let kept = "Orders that are decomposed already keep version 3, or the earlier one that made \
                their work; from now on orders are decomposed with version 4.";
    assert_eq!(unchanged[2], kept);
    assert_eq!(unchanged[1], "No product means other work than before.");
}

#[test]
fn places_beyond_what_people_read_are_counted_and_their_products_named() {
    let place = |index: usize| PlaceDifference {
        kind: ChangeKind::Changed,
        pointer: format!("/{index}"),
        action: None,
        step_key: None,
        before: None,
        after: None,
    };
    let product = |code: &str, count: usize| ProductDifference {
        product_code: code.to_owned(),
        changes: (0..count).map(place).collect(),
    };
    let products_changed = vec![product("A", 2), product("B", 3), product("C", 1)];
    let mut difference = CatalogueDifference { products_changed, ..Default::default() };

    difference.leave_out_behind(4);

    let kept: Vec<usize> = difference.products_changed.iter().map(|x| x.changes.len()).collect();
    assert_eq!((kept, difference.places_left_out), (vec![2, 2, 0], 2));
}
