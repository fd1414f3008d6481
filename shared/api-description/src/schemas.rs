//! JSON Schemas of wire types, collected as components of one document.

use schemars::generate::{Contract, SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

/// What a type cannot tell: merged over the place of a component that a pointer names.
#[derive(Debug, Clone)]
pub struct Patch {
    /// The component.
    pub component: &'static str,
    /// JSON pointer into it; it must exist, so that a renamed field is noticed.
    pub pointer: &'static str,
    /// Keywords to set there.
    pub keywords: Value,
}

/// How an operation names the schema of a body.
pub(crate) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

pub(crate) fn schema_of<T: JsonSchema>() -> SchemaOf {
    |generator| generator.subschema_for::<T>()
}

/// Types that are sent and types that are received: a default makes a field optional in one only.
#[derive(Debug)]
pub(crate) struct Schemas {
    sent: SchemaGenerator,
    received: SchemaGenerator,
}

impl Schemas {
    pub(crate) fn new() -> Self {
        let generator = |contract: Contract| {
            let mut settings = SchemaSettings::draft2020_12();
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
            settings.contract = contract;
            settings.into_generator()
        };
        Self { sent: generator(Contract::Serialize), received: generator(Contract::Deserialize) }
    }

    pub(crate) fn sent(&mut self, schema: SchemaOf) -> Value {
        schema(&mut self.sent).to_value()
    }

    pub(crate) fn received(&mut self, schema: SchemaOf) -> Value {
        schema(&mut self.received).to_value()
    }

    /// Every type that was named, patched.
    ///
    /// # Panics
    /// A patch names a place that does not exist, or a type is sent otherwise than it is received.
    pub(crate) fn components(mut self, patches: &[Patch]) -> Map<String, Value> {
        let mut components = self.sent.take_definitions(true);
        components.values_mut().for_each(absent_rather_than_null);
        for (name, schema) in self.received.take_definitions(true) {
            let sent = components.entry(name.clone()).or_insert_with(|| schema.clone());
            assert_eq!(*sent, schema, "{name} is sent otherwise than it is received");
        }
        components.insert("Problem".to_owned(), problem());
        for schema in components.values_mut() {
            tidy(schema);
        }
        for patch in patches {
            let component = components.get_mut(patch.component);
            let place = component.and_then(|x| x.pointer_mut(patch.pointer)?.as_object_mut());
            let missing = format!("{}{} does not exist", patch.component, patch.pointer);
            let keywords = patch.keywords.as_object().expect("a patch is an object");
            place.expect(&missing).extend(keywords.clone());
        }
        components
    }
}

/// What is sent and may be absent is left out instead of being null.
fn absent_rather_than_null(schema: &mut Value) {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (name, property) in properties.into_iter().flatten() {
        if required.contains(&json!(name)) {
            continue;
        }
        for keyword in ["type", "anyOf"] {
            let choices = property.get_mut(keyword).and_then(Value::as_array_mut);
            let Some(choices) = choices else { continue };
            choices.retain(|x| *x != "null" && x["type"] != "null");
            if let [only] = &choices[..] {
                let only = only.clone();
                let map = property.as_object_mut().expect("a property is a schema");
                map.remove(keyword);
                match only {
                    Value::Object(schema) => map.extend(schema),
                    kind => drop(map.insert(keyword.to_owned(), kind)),
                }
            }
        }
    }
}

/// Variants with documentation come as `oneOf` constants: one `enum` says the same in one line.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            map.values_mut().for_each(tidy);
            if let Some(Value::String(text)) = map.get_mut("description") {
                *text = text.replace("\n\n", "\u{0}").replace('\n', " ").replace('\u{0}', "\n\n");
            }
            if let Some((values, meanings)) = map.get("oneOf").and_then(constants) {
                map.remove("oneOf");
                let title = map.get("description").and_then(Value::as_str).unwrap_or_default();
                let described = format!("{title}\n\n{meanings}");
                map.insert("type".to_owned(), json!("string"));
                map.insert("enum".to_owned(), values);
                map.insert("description".to_owned(), json!(described.trim()));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}

fn constants(variants: &Value) -> Option<(Value, String)> {
    let variants = variants.as_array()?;
    let mut values = Vec::new();
    let mut meanings = Vec::new();
    for variant in variants {
        let value = variant.get("const").and_then(Value::as_str)?;
        let meaning = variant.get("description").and_then(Value::as_str).unwrap_or_default();
        meanings.push(format!("- `{value}`: {meaning}"));
        values.push(json!(value));
    }
    Some((Value::Array(values), meanings.join("\n")))
}

/// RFC 9457 with the members that every problem of ours has.
fn problem() -> Value {
    let place = json!({
        "type": "object",
        "required": ["pointer", "detail"],
        "properties": {
            "pointer": {"type": "string",
                "description": "JSON pointer into the body, or the name of a parameter."},
            "detail": {"type": "string", "description": "What is wrong there."},
        },
    });
    json!({
        "type": "object",
        "description": "A refusal or failure (RFC 9457). `code` is a promise: it is never renamed.",
        "required": ["type", "title", "status", "code", "instance", "correlationId"],
        "properties": {
            "type": {"type": "string", "format": "uri", "description": "`urn:oms:problem:` and the code."},
            "title": {"type": "string", "description": "The same sentence for every occurrence."},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "code": {"type": "string", "description": "What clients decide on."},
            "detail": {"type": "string", "description": "What is particular to this occurrence."},
            "instance": {"type": "string", "description": "The path of the request."},
            "correlationId": {"type": "string", "format": "uuid", "description": "Leads to our log."},
            "errors": {"type": "array", "items": place, "description": "The places that are to blame."},
        },
    })
}
