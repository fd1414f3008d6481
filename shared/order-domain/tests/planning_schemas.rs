//! The JSON Schemas of `catalog/` name exactly what the Rust types accept.

use order_domain::catalogue::{
    Condition, DependencyScope, LineAction, LineField, OrderField, PayloadSource,
    PointOfNoReturnKind, StepScope,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn schema(name: &str) -> Value {
    let path = format!("{}/../../catalog/schema/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).expect("a schema is JSON")
}

fn listed(schema: &Value, pointer: &str) -> Vec<Value> {
    schema.pointer(pointer).and_then(Value::as_array).expect("an enum in the schema").clone()
}

/// Every listed value is read, and the enum has no other: serde names all variants when it refuses.
fn assert_enum<T: DeserializeOwned + std::fmt::Debug>(listed: &[Value]) {
    for value in listed {
        assert!(serde_json::from_value::<T>(value.clone()).is_ok(), "{value}");
    }
    let refused = serde_json::from_value::<T>(json!("?")).expect_err("no variant").to_string();
    let (_, expected) = refused.split_once("expected ").expect("serde lists the variants");
    assert_eq!(expected.matches('`').count() / 2, listed.len(), "{refused}");
}

#[test]
fn enums_of_the_catalogue_schema_are_those_of_the_types() {
    let schema = schema("catalogue");
    let step = |field: &str| format!("/$defs/step/properties/{field}/enum");
    assert_enum::<StepScope>(&listed(&schema, &step("scope")));
    let kind = "/$defs/step/properties/pointOfNoReturn/properties/kind/enum";
    assert_enum::<PointOfNoReturnKind>(&listed(&schema, kind));
    let scope = "/$defs/dependency/properties/scope/enum";
    assert_enum::<DependencyScope>(&listed(&schema, scope));
    let source = |field: &str| format!("/$defs/payloadSource/properties/{field}/enum");
    assert_enum::<LineField>(&listed(&schema, &source("line")));
    assert_enum::<OrderField>(&listed(&schema, &source("order")));
    // NO_CHANGE is an action of lines, but not of rules.
    let actions = listed(&schema, "/$defs/rule/properties/action/enum");
    let rules = LineAction::ALL.iter().filter(|action| **action != LineAction::NoChange);
    assert_eq!(actions, rules.map(|action| json!(action)).collect::<Vec<_>>());
}

#[test]
fn actions_of_the_quote_schema_are_those_of_the_type() {
    let actions = listed(&schema("quote"), "/$defs/item/properties/action/enum");
    assert_eq!(actions, LineAction::ALL.iter().map(|action| json!(action)).collect::<Vec<_>>());
}

#[test]
fn conditions_and_payload_sources_of_the_schema_are_those_of_the_types() {
    let schema = schema("catalogue");
    let count = |definition: &str| {
        let pointer = format!("/$defs/{definition}/properties");
        schema.pointer(&pointer).and_then(Value::as_object).expect("properties").len()
    };
    let variants = |refused: serde_json::Error| refused.to_string().matches('`').count() / 2 - 1;
    let condition = serde_json::from_value::<Condition>(json!({"?": 1})).expect_err("no variant");
    assert_eq!(count("condition"), variants(condition));
    let source = serde_json::from_value::<PayloadSource>(json!({"?": 1})).expect_err("no variant");
    assert_eq!(count("payloadSource"), variants(source));
}
