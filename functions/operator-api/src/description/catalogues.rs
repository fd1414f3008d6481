//! Catalogues: `GET /catalogues`, one of them, and `POST /catalogues`.

use std::borrow::Cow;

use api_description::{Link, Operation, Parameter, Patch, Refusal};
use http::StatusCode;
use lambda_support::problem::ProblemCode;
use order_domain::catalogue::CatalogueRejection;
use schemars::generate::SchemaGenerator;
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use super::{CATALOGUES, example, keys, names, refusals};
use crate::catalogues::answer::{ApplyAnswer, CatalogueDocument, CatalogueList};
use crate::catalogues::apply::{REFUSED, status_of};
use crate::catalogues::{READERS, SCOPE_READ, SCOPE_WRITE, WRITERS};
use crate::problem::CATALOGUE_INVALID;

/// The schema that documents are checked against; its parts become components with this prefix.
const SCHEMA: &str = include_str!("../../../../catalog/schema/catalogue.schema.json");
const COMPONENT: &str = "Catalogue";
const NEXT: &str = "The document that follows it: compare first, then apply.";

pub(super) fn list() -> Operation {
    Operation::get("/catalogues", "listCatalogues")
        .says(
            (CATALOGUES, "List the versions of the catalogue"),
            "One page of the tenant's versions, newest first. Orders keep the version that made \
             their work, so none is ever deleted.",
        )
        .allows(SCOPE_READ, &names(READERS))
        .pages()
        .answers::<CatalogueList>(
            "The page.",
            vec![("aPage", example(include_str!("examples/catalogue-list.json")))],
        )
        .leads_to(Link {
            name: "showCatalogue",
            operation_id: "getCatalogue",
            parameters: vec![("version", "$response.body#/catalogues/0/version")],
            description: "What it says.",
        })
}

pub(super) fn current() -> Operation {
    let operation = Operation::get("/catalogues/current", "getCurrentCatalogue").says(
        (CATALOGUES, "Show the current catalogue"),
        "What orders are decomposed with from now on; 404 until there is one.",
    );
    one(operation.refuses(refusals(&[ProblemCode::NotFound])))
}

pub(super) fn show() -> Operation {
    let version = json!({"type": "integer", "minimum": 1, "maximum": i32::MAX});
    let version = Parameter::path("version", version, json!(1)).says("The version.");
    let operation = Operation::get("/catalogues/{version}", "getCatalogue").says(
        (CATALOGUES, "Show one version of the catalogue"),
        "What a version says; it never changes.",
    );
    one(operation.takes(version))
}

fn one(operation: Operation) -> Operation {
    operation
        .allows(SCOPE_READ, &names(READERS))
        .answers::<CatalogueDocument>(
            "The version. `ETag` is its number, for `If-Match` of the next one.",
            vec![("oneProduct", example(include_str!("examples/catalogue.json")))],
        )
        .with_header("ETag")
        .leads_to(Link {
            name: "applyCatalogue",
            operation_id: "applyCatalogue",
            parameters: vec![("header.If-Match", "$response.header.ETag")],
            description: NEXT,
        })
}

pub(super) fn apply() -> Operation {
    let rejected = CatalogueRejection::ALL.iter().map(|rejection| Refusal {
        status: status_of(*rejection),
        code: rejection.code(),
        title: REFUSED,
        detail: Some(rejection.to_string()),
    });
    let invalid = Refusal {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        code: CATALOGUE_INVALID,
        title: "The document is not a valid catalogue.",
        detail: None,
    };
    let preview = json!({"type": "boolean", "default": false});
    let preview = Parameter::query("preview", preview, Value::Null).says(
        "Only tell what it would change and what would refuse it: nothing is written, no key or \
         version needed.",
    );
    Operation::post("/catalogues", "applyCatalogue")
        .says((CATALOGUES, "Apply a catalogue"), ABOUT)
        .allows(SCOPE_WRITE, &names(WRITERS))
        .takes(preview)
        .takes(Parameter::idempotency_key())
        .takes(if_match())
        .takes(if_none_match())
        .reads::<CatalogueSchema>(vec![(
            "oneProduct".to_owned(),
            "One product, done in one step".to_owned(),
            example(include_str!("examples/catalogue.json"))["document"].clone(),
        )])
        .refuses(keys())
        .refuses(refusals(&[ProblemCode::PreconditionRequired]))
        .refuses(rejected)
        .refuses([invalid])
        .answers::<ApplyAnswer>(
            "What became of it and what it changes. What was current already is \
             `ALREADY_APPLIED`.",
            vec![
                ("applied", example(include_str!("examples/catalogue-applied.json"))),
                ("preview", example(include_str!("examples/catalogue-preview.json"))),
            ],
        )
        .leads_to(Link {
            name: "showCatalogue",
            operation_id: "getCatalogue",
            parameters: vec![("version", "$response.body#/version")],
            description: "The version as it is kept.",
        })
}

const ABOUT: &str = "\
Makes the document of the body the tenant's current catalogue. Of two people who saw the same \
current one, one wins and the other is told 412, reads again and compares again. A version never \
changes its content and is never lower than the current one.

The document is checked as a whole, against its schema and by the rules behind it; every place that \
is wrong is named. At most 2 MiB.

Whatever was asked is kept in the tenant's audit chain, refused or not.";

fn if_match() -> Parameter {
    let schema = json!({"type": "string", "pattern": "^\"[0-9]{1,9}\"$"});
    Parameter::header("If-Match", schema, json!("\"1\""))
        .says("The `ETag` of the current catalogue. Without it: 428, but for a preview.")
}

fn if_none_match() -> Parameter {
    let schema = json!({"type": "string", "enum": ["*"]});
    Parameter::header("If-None-Match", schema, Value::Null)
        .says("Instead of `If-Match`, for the first catalogue of a tenant: there is none yet.")
}

/// What types cannot tell: a version and its document are what the schema of catalogues says.
pub(super) fn patches() -> Vec<Patch> {
    let document = json!({"$ref": format!("#/components/schemas/{COMPONENT}")});
    vec![Patch {
        component: "CatalogueDocument",
        pointer: "/properties/document",
        keywords: document,
    }]
}

/// The schema of catalogues as a type, so that it becomes a component like every other.
struct CatalogueSchema;

impl JsonSchema for CatalogueSchema {
    fn schema_name() -> Cow<'static, str> {
        COMPONENT.into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = example(SCHEMA);
        point_at_components(&mut schema);
        let fields = schema.as_object_mut().expect("a schema is an object");
        let parts = fields.remove("$defs").expect("it has parts");
        for keyword in ["$schema", "$id"] {
            fields.remove(keyword);
        }
        for (name, part) in parts.as_object().expect("parts have names") {
            generator.definitions_mut().insert(component_of(name), part.clone());
        }
        Schema::try_from(schema).expect("a schema")
    }
}

/// `kebab` → `CatalogueKebab`.
fn component_of(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    format!("{COMPONENT}{}{rest}", first.to_uppercase())
}

fn point_at_components(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.values_mut().for_each(point_at_components);
            if let Some(Value::String(target)) = fields.get_mut("$ref") {
                let name = target.rsplit('/').next().unwrap_or_default();
                *target = format!("#/components/schemas/{}", component_of(name));
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(point_at_components),
        _ => {}
    }
}
