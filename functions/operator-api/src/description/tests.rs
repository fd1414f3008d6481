//! The description says what the router does, and the files say what the description says.

use std::collections::BTreeSet;
use std::path::Path;

use api_description::{
    Conformance, Route, assert_checked_in, events_of, operations_of, page, spelled,
};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::api;
use crate::reference;

const TEMPLATE: &str = include_str!("../../../../template.yaml");

fn document() -> (String, Value) {
    spelled(api().document())
}

pub(crate) fn described() -> BTreeSet<Route> {
    operations_of(&document().1)
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
    assert_eq!(events_of(TEMPLATE, "OperatorApiFunction"), described());
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
