//! This description itself.

use api_description::Operation;
use serde_json::json;

use super::REFERENCE;

pub(super) fn document() -> Operation {
    let schema = json!({"type": "object", "required": ["openapi", "info", "paths", "components"]});
    let example = json!({"openapi": "3.1.0", "info": {}, "paths": {}, "components": {}});
    Operation::get("/openapi.json", "getDescription")
        .says((REFERENCE, "This document"), "The API in OpenAPI 3.1.")
        .answers_with(("application/json", schema), "The document.", ("shortened", example))
}

pub(super) fn page() -> Operation {
    let schema = json!({"type": "string"});
    Operation::get("/reference", "getReference")
        .says((REFERENCE, "This document as a page"), "The same for people, without scripts.")
        .answers_with(
            ("text/html; charset=utf-8", schema),
            "The page.",
            ("shortened", json!("<!doctype html>")),
        )
}
