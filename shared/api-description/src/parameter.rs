//! Parameters of operations: in the path, in the query, in headers.

use serde_json::{Map, Value, json};

/// One parameter.
#[derive(Debug, Clone)]
pub struct Parameter {
    place: &'static str,
    name: &'static str,
    description: String,
    is_required: bool,
    schema: Value,
    example: Value,
    examples: Map<String, Value>,
}

impl Parameter {
    fn new(place: &'static str, name: &'static str, (schema, example): (Value, Value)) -> Self {
        let (description, is_required) = (String::new(), place == "path");
        Self { place, name, description, is_required, schema, example, examples: Map::new() }
    }

    /// A segment of the path.
    #[must_use]
    pub fn path(name: &'static str, schema: Value, example: Value) -> Self {
        Self::new("path", name, (schema, example))
    }

    /// An id in the path.
    #[must_use]
    pub fn id(name: &'static str, example: &str) -> Self {
        Self::path(name, json!({"type": "string", "format": "uuid"}), json!(example))
    }

    /// A parameter of the query; an example that is null is none.
    #[must_use]
    pub fn query(name: &'static str, schema: Value, example: Value) -> Self {
        Self::new("query", name, (schema, example))
    }

    /// A header.
    #[must_use]
    pub fn header(name: &'static str, schema: Value, example: Value) -> Self {
        Self::new("header", name, (schema, example))
    }

    /// The size of a page.
    #[must_use]
    pub fn limit() -> Self {
        let schema = json!({"type": "integer", "minimum": 1, "maximum": 100, "default": 50});
        Self::query("limit", schema, json!(20)).says("Entries on a page.")
    }

    /// Where a list goes on.
    pub(crate) fn cursor() -> Self {
        let says = "Where the list goes on. Taken from `links.next`, never made; it fits the tenant \
                    and the filter that it was given for.";
        let schema = json!({"type": "string", "minLength": 1});
        Self::query("cursor", schema, Value::Null).says(says)
    }

    /// The key under which an answer is kept.
    #[must_use]
    pub fn idempotency_key() -> Self {
        let schema = json!({"type": "string", "minLength": 1, "maxLength": 200,
            "pattern": "^[!#-+\\--:<-\\[\\]-~]+$"});
        let example = json!("7f0c8c52-3f5b-4f0e-9f5e-0f4f6f1f2a31");
        let says = "A new one per intent, the same one on repeats: a repeat answers the same. \
                    Visible ASCII; in quotes, also `,` `;` and escaped `\"` and `\\`.";
        Self::header("Idempotency-Key", schema, example).says(says)
    }

    /// Several examples by name instead of one; those of a body with the same names go with them.
    #[must_use]
    pub fn examples<'a>(mut self, named: impl IntoIterator<Item = (&'a str, Value)>) -> Self {
        self.examples = named
            .into_iter()
            .map(|(name, value)| (name.to_owned(), json!({"value": value})))
            .collect();
        self
    }

    /// What it is for.
    #[must_use]
    pub fn says(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// Requests without it are refused.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.is_required = true;
        self
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) const fn place(&self) -> &'static str {
        self.place
    }

    pub(crate) const fn example(&self) -> &Value {
        &self.example
    }

    pub(crate) fn document(&self) -> Value {
        let mut parameter = json!({"name": self.name, "in": self.place,
            "required": self.is_required, "description": self.description, "schema": self.schema});
        if !self.examples.is_empty() {
            parameter["examples"] = Value::Object(self.examples.clone());
        } else if !self.example.is_null() {
            parameter["example"] = self.example.clone();
        }
        parameter
    }
}
