//! The whole document: operations by path, components, who may ask.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::codes::Codes;
use crate::operation::{Access, Body, Operation, Refusal, Schema, Success};
use crate::schemas::{Patch, Schemas};

/// Statuses whose refusals are the same for every operation.
const SHARED: [u16; 5] = [401, 413, 415, 500, 503];
const PROBLEM: &str = "application/problem+json";
const SCHEME: &str = "bearer";
const CORRELATION_ID: &str = "018f3a5e-7c1d-7c52-9f0a-3d3f5b1c2a10";

/// A group of operations.
#[derive(Debug, Clone, Copy)]
pub struct Tag {
    /// Its name.
    pub name: &'static str,
    /// What is in it.
    pub description: &'static str,
}

/// What a document is made of.
#[derive(Debug)]
pub struct Api {
    /// Its name.
    pub title: &'static str,
    /// Rises when a caller has to change.
    pub version: &'static str,
    /// What callers have to know before the first request.
    pub description: &'static str,
    /// The groups, in the order of reading.
    pub tags: Vec<Tag>,
    /// One entry per operation.
    pub operations: Vec<Operation>,
    /// What types cannot tell about themselves.
    pub patches: Vec<Patch>,
    /// What codes mean.
    pub codes: Codes,
}

impl Api {
    /// The OpenAPI 3.1 document.
    ///
    /// # Panics
    /// The description contradicts itself: a code without meaning, a patch without place, two
    /// operations of one method and path.
    #[must_use]
    pub fn document(&self) -> Value {
        let mut schemas = Schemas::new();
        let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
        let mut shared = Map::new();
        for operation in &self.operations {
            let described = self.operation(operation, &mut schemas, &mut shared);
            self.assert_links(operation);
            let before = paths
                .entry(operation.path)
                .or_default()
                .insert(operation.method.to_owned(), described);
            assert!(before.is_none(), "{} {} twice", operation.method, operation.path);
        }
        let tags: Vec<Value> = self
            .tags
            .iter()
            .map(|tag| json!({"name": tag.name, "description": tag.description}))
            .collect();
        json!({
            "openapi": "3.1.0",
            "info": {"title": self.title, "version": self.version, "description": self.description,
                "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"}},
            "servers": [{"url": "./", "description": "The base URL that serves this document."}],
            "tags": tags,
            "paths": paths,
            "components": {
                "schemas": schemas.components(&self.patches),
                "responses": shared,
                "headers": headers(),
                "securitySchemes": {SCHEME: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                    "description": "Claims: `tenant`, `sub`, `scope` (words), `roles` (list). An operation names the scope that it needs and the roles of which one is needed."}},
            },
        })
    }

    fn assert_links(&self, operation: &Operation) {
        for link in operation.successes.iter().flat_map(|success| &success.links) {
            let target = self.operations.iter().find(|x| x.id == link.operation_id);
            let target = target.unwrap_or_else(|| panic!("{} leads nowhere", link.name));
            for (name, _) in &link.parameters {
                let bare = name.rsplit('.').next().unwrap_or(name);
                let is_known = target.parameters.iter().any(|x| x.name() == bare);
                assert!(is_known, "{} takes no {bare}", target.id);
            }
        }
    }

    fn operation(
        &self,
        operation: &Operation,
        schemas: &mut Schemas,
        shared: &mut Map<String, Value>,
    ) -> Value {
        let mut responses = Map::new();
        for success in &operation.successes {
            let described = answer(success, schemas);
            let known = responses.entry(success.status.as_u16().to_string()).or_insert(json!({}));
            if let (Some(Value::Object(content)), Value::Object(more)) =
                (known.get_mut("content"), &described["content"])
            {
                content.extend(more.clone()); // the same in another content type
            } else {
                *known = described;
            }
        }
        let mut refusals: BTreeMap<u16, Vec<&Refusal>> = BTreeMap::new();
        for refusal in &operation.refusals {
            refusals.entry(refusal.status.as_u16()).or_default().push(refusal);
        }
        for (status, refusals) in refusals {
            let is_shared = SHARED.contains(&status);
            // What is shared is shown where the document begins.
            let shown = if is_shared { &self.operations[0] } else { operation };
            let mut described = self.problem(status, &refusals, shown);
            if is_shared {
                let name = format!("Refused{status}");
                described = shared_response(shared, &name, described);
            }
            responses.insert(status.to_string(), described);
        }
        let (security, access) = access(&operation.access);
        let description = format!("{}\n\n{access}", operation.description);
        let parameters: Vec<Value> = operation.parameters.iter().map(|x| x.document()).collect();
        let mut described = json!({"operationId": operation.id, "tags": [operation.tag],
            "summary": operation.summary, "description": description.trim(),
            "security": security, "parameters": parameters, "responses": responses});
        if let Some(body) = &operation.body {
            let examples =
                examples(body.examples.iter().map(|(a, b, c)| (a.as_str(), b.as_str(), c)));
            described["requestBody"] = json!({"required": true, "content": {"application/json":
                {"schema": schemas.received(body.schema), "examples": examples}}});
        }
        described
    }

    /// The path with the examples of its parameters.
    fn example_path(&self, operation: &Operation) -> String {
        let parameters = operation.parameters.iter().filter(|x| x.place() == "path");
        parameters.fold(operation.path.to_owned(), |path, parameter| {
            let example = parameter.example().as_str().unwrap_or_default();
            path.replace(&format!("{{{}}}", parameter.name()), example)
        })
    }

    fn problem(&self, status: u16, refusals: &[&Refusal], shown: &Operation) -> Value {
        let codes: Vec<&str> = refusals.iter().map(|refusal| refusal.code).collect();
        let meaning = |code: &&str| format!("- `{code}`: {}", self.codes.meaning(code));
        let meanings: Vec<String> = codes.iter().map(meaning).collect();
        let path = self.example_path(shown);
        let field = shown.body.as_ref().and_then(Body::first_field);
        let at = (path.as_str(), field.as_deref().unwrap_or("/reasonCode"));
        let occurrences: Vec<Value> = refusals.iter().map(|x| occurrence(x, at)).collect();
        let named = codes.iter().zip(refusals).zip(&occurrences);
        let examples = examples(named.map(|((code, x), value)| (*code, x.title, value)));
        let title = StatusCode::from_u16(status).ok().and_then(|x| x.canonical_reason());
        let description = format!("{}\n\n{}", title.unwrap_or_default(), meanings.join("\n"));
        let schema = json!({"$ref": "#/components/schemas/Problem",
            "properties": {"status": {"const": status}, "code": {"enum": codes}}});
        let mut headers = vec!["X-Correlation-Id"];
        headers.extend(match status {
            401 | 403 => Some("WWW-Authenticate"),
            503 => Some("Retry-After"),
            _ => None,
        });
        json!({"description": description, "headers": header_references(&headers),
            "content": {PROBLEM: {"schema": schema, "examples": examples}}})
    }
}

/// The response by reference; what is called the same is the same.
fn shared_response(shared: &mut Map<String, Value>, name: &str, described: Value) -> Value {
    let known = shared.entry(name).or_insert_with(|| described.clone());
    assert_eq!(*known, described, "{name} differs between operations");
    json!({"$ref": format!("#/components/responses/{name}")})
}

fn answer(success: &Success, schemas: &mut Schemas) -> Value {
    let schema = match &success.schema {
        Schema::Type(schema) => schemas.sent(*schema),
        Schema::Written(schema) => schema.clone(),
    };
    let examples = examples(success.examples.iter().map(|(name, value)| (*name, "", value)));
    let headers = header_references(&[&["X-Correlation-Id"], &success.headers[..]].concat());
    let mut answer = json!({"description": success.description, "headers": headers,
        "content": {success.content_type: {"schema": schema, "examples": examples}}});
    let link = |link: &crate::Link| {
        let parameters: BTreeMap<_, _> = link.parameters.iter().copied().collect();
        let document = json!({"operationId": link.operation_id, "parameters": parameters,
            "description": link.description});
        (link.name.to_owned(), document)
    };
    let links: Map<String, Value> = success.links.iter().map(link).collect();
    if !links.is_empty() {
        answer["links"] = Value::Object(links);
    }
    answer
}

/// Security requirement, and the sentence that says the same.
fn access(access: &Access) -> (Value, String) {
    match access {
        Access::Anybody => (json!([]), "No token is needed.".to_owned()),
        Access::Token { scope, roles } => {
            let roles: Vec<String> = roles.iter().map(|role| format!("`{role}`")).collect();
            let one_of = if roles.is_empty() { "" } else { ", one of the roles " };
            let sentence = format!("Needs the scope `{scope}`{one_of}{}.", roles.join(", "));
            (json!([{SCHEME: [scope]}]), sentence)
        }
    }
}

fn examples<'a>(named: impl Iterator<Item = (&'a str, &'a str, &'a Value)>) -> Value {
    let example = |(name, summary, value): (&str, &str, &Value)| {
        let mut example = json!({"value": value});
        if !summary.is_empty() {
            example["summary"] = json!(summary);
        }
        (name.to_owned(), example)
    };
    Value::Object(named.map(example).collect())
}

fn occurrence(refusal: &Refusal, (path, field): (&str, &str)) -> Value {
    let mut problem = json!({"type": format!("urn:oms:problem:{}", refusal.code),
        "title": refusal.title, "status": refusal.status.as_u16(), "code": refusal.code,
        "instance": path, "correlationId": CORRELATION_ID});
    if let Some(detail) = &refusal.detail {
        problem["detail"] = json!(detail);
    }
    let place = match refusal.code {
        "BODY_INVALID" => Some((field, "the value does not fit the schema")),
        "FIELD_UNKNOWN" => Some(("/unknownField", "the schema has no such field")),
        "PARAMETER_INVALID" => Some(("limit", "a whole number from 1 to 100")),
        _ => None,
    };
    if let Some((pointer, detail)) = place {
        problem["errors"] = json!([{"pointer": pointer, "detail": detail}]);
    }
    problem
}

fn header_references(names: &[&str]) -> Value {
    let reference =
        |name: &&str| ((*name).to_owned(), json!({"$ref": format!("#/components/headers/{name}")}));
    Value::Object(names.iter().map(reference).collect())
}

fn headers() -> Value {
    let header = |is_required: bool, description: &str, schema: Value| {
        json!({
        "required": is_required, "description": description, "schema": schema})
    };
    json!({
        "X-Correlation-Id": header(true, "Leads to our log; the request's own, if it had one.",
            json!({"type": "string", "format": "uuid"})),
        "ETag": header(true, "The version, for `If-Match`. It does not say that a copy is still good.",
            json!({"type": "string", "pattern": "^\"[0-9]+\"$"})),
        "Location": header(true, "Where what was made is, relative to the request's own URL.",
            json!({"type": "string", "format": "uri-reference"})),
        "Retry-After": header(true, "Seconds after which the same request may do.",
            json!({"type": "integer", "minimum": 1})),
        "WWW-Authenticate": header(false, "What is wrong with the token (RFC 6750).",
            json!({"type": "string"})),
    })
}
