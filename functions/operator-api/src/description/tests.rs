//! The description says what the router does, and the files say what the description says.

use std::collections::BTreeSet;
use std::path::Path;

use api_description::{Conformance, assert_checked_in, page};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::api;
use crate::reference;

const TEMPLATE: &str = include_str!("../../../../template.yaml");

/// In the spelling of the checked-in file, whose names are sorted whatever serde_json does.
fn document() -> (String, Value) {
    let document = sorted(api().document());
    (serde_json::to_string_pretty(&document).unwrap() + "\n", document)
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.into_iter().map(|(k, v)| (k, sorted(v))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(entries.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

pub(crate) fn described() -> BTreeSet<(String, String)> {
    let (_, document) = document();
    let paths = document["paths"].as_object().unwrap().iter();
    let routes = paths.flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().keys();
        methods.map(|method| (method.clone(), path.clone())).collect::<Vec<_>>()
    });
    routes.collect()
}

#[test]
fn the_description_and_its_page_are_checked_in() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi");
    let (text, document) = document();

    assert_checked_in(&folder.join("operator-api.json"), &text);
    assert_checked_in(&folder.join("reference.html"), &page(&document));
}

#[test]
fn every_operation_is_an_event_of_the_function_in_the_template() {
    let (_, function) = TEMPLATE.split_once("  OperatorApiFunction:\n").unwrap();
    let (function, _) = function.split_once("\n  OperatorApiErrors:").unwrap();
    let events = function.split(" Method: ").skip(1).map(|event| {
        let (method, rest) = event.split_once([',', '\n']).unwrap();
        let (_, path) = rest.split_once("Path: '").unwrap();
        (method.to_lowercase(), path.split('\'').next().unwrap().to_owned())
    });

    assert_eq!(events.collect::<BTreeSet<_>>(), described());
}

#[test]
fn every_example_is_what_is_described() {
    let count = Conformance::new(document().1).check_examples();

    assert!(matches!(count, Ok(count) if count >= 60), "{count:?}");
}

#[test]
fn the_page_loads_nothing_and_its_style_is_the_one_that_is_allowed() {
    let page = reference::PAGE;
    let (_, rest) = page.split_once("<style>").unwrap();
    let (style, _) = rest.split_once("</style>").unwrap();
    let hash = STANDARD.encode(digest(&SHA256, style.as_bytes()));

    assert!(reference::POLICY.contains(&format!("'sha256-{hash}'")), "{hash}");
    for foreign in ["<script", "<link", "<img", "src=", "url(", "@import", " style="] {
        assert!(!page.contains(foreign), "{foreign}");
    }
}
