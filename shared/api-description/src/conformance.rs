//! Whether what is really answered is what the document says, to the letter.

use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

/// One answer of an API.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// In capitals.
    pub method: &'a str,
    /// Without the query.
    pub path: &'a str,
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body; text that is not JSON as a string.
    pub body: &'a Value,
}

/// A document whose objects have the properties that it names and no others.
///
/// Callers must expect new properties, so the document itself stays open; what is not described
/// is a fault of ours all the same.
#[derive(Debug)]
pub struct Conformance {
    document: Value,
}

impl Conformance {
    /// Of this document.
    #[must_use]
    pub fn new(mut document: Value) -> Self {
        close(&mut document["components"]["schemas"]);
        close(&mut document["paths"]);
        Self { document }
    }

    /// The first way in which an answer is not as described.
    ///
    /// # Errors
    /// A sentence that names what differs.
    pub fn check(&self, answer: Answer<'_>) -> Result<(), String> {
        let (method, status) = (answer.method.to_lowercase(), answer.status.as_u16().to_string());
        let Some(operation) = self.operation(&method, answer.path) else {
            // What is no operation is refused by the edge.
            let is_refused = ["404", "405"].contains(&status.as_str());
            return is_refused.then_some(()).ok_or(format!("{} is not described", answer.path));
        };
        let at = format!("{method} {} {status}", answer.path);
        let response = self.followed(&operation["responses"][&status]);
        let response = response.ok_or(format!("{at}: the status is not described"))?;
        self.check_headers(response, answer.headers).map_err(|x| format!("{at}: {x}"))?;
        let content_type = answer.headers.get("content-type").and_then(|x| x.to_str().ok());
        let content_type = content_type.unwrap_or_default();
        let content = &response["content"][content_type];
        if content.is_null() {
            return Err(format!("{at}: content type {content_type:?} is not described"));
        }
        self.fits(&content["schema"], answer.body).map_err(|x| format!("{at}: {x}"))?;
        Ok(())
    }

    /// The first example of the document that does not fit its schema.
    ///
    /// # Errors
    /// A sentence that names it.
    pub fn check_examples(&self) -> Result<usize, String> {
        let mut count = 0;
        let empty = serde_json::Map::new();
        let shared = self.document["components"]["responses"].as_object().unwrap_or(&empty);
        let paths = self.document["paths"].as_object().unwrap_or(&empty);
        let operations = paths.values().flat_map(|path| path.as_object().into_iter().flatten());
        let bodies = operations.flat_map(|(_, operation)| {
            let responses = operation["responses"].as_object().into_iter().flatten();
            responses.map(|(_, response)| response).chain([&operation["requestBody"]])
        });
        for described in bodies.chain(shared.values()) {
            for (_, content) in described["content"].as_object().into_iter().flatten() {
                let examples = content["examples"].as_object().unwrap_or(&empty);
                if examples.is_empty() {
                    return Err(format!("no example: {described}"));
                }
                for (name, example) in examples {
                    self.fits(&content["schema"], &example["value"])
                        .map_err(|error| format!("example {name}: {error}"))?;
                    count += 1;
                }
            }
        }
        Ok(count)
    }

    /// Of several paths that fit, the one without parameters.
    fn operation(&self, method: &str, path: &str) -> Option<&Value> {
        let paths = self.document["paths"].as_object()?;
        let fitting = paths.iter().filter(|(template, _)| fits_path(template, path));
        let closest = fitting.min_by_key(|(template, _)| template.matches('{').count())?;
        closest.1.get(method)
    }

    fn followed<'a>(&'a self, described: &'a Value) -> Option<&'a Value> {
        match described["$ref"].as_str() {
            Some(reference) => self.document.pointer(reference.strip_prefix('#')?),
            None => Some(described).filter(|x| !x.is_null()),
        }
    }

    fn check_headers(&self, response: &Value, headers: &HeaderMap) -> Result<(), String> {
        for (name, header) in response["headers"].as_object().into_iter().flatten() {
            let header = self.followed(header).ok_or(format!("{name} is not described"))?;
            let value = headers.get(name).and_then(|value| value.to_str().ok());
            match value {
                None if header["required"] == true => return Err(format!("{name} is missing")),
                None => {}
                Some(value) => {
                    let is_number = header["schema"]["type"] == "integer";
                    let parsed = value.parse::<i64>().ok().filter(|_| is_number);
                    let value = parsed.map_or_else(|| json!(value), |number| json!(number));
                    self.fits(&header["schema"], &value).map_err(|x| format!("{name}: {x}"))?;
                }
            }
        }
        Ok(())
    }

    fn fits(&self, schema: &Value, value: &Value) -> Result<(), String> {
        let mut root = schema.clone();
        let whole = root.as_object_mut().ok_or("a schema is an object")?;
        whole.insert("components".to_owned(), self.document["components"].clone());
        let options = jsonschema::options().should_validate_formats(true);
        let validator = options.build(&root).map_err(|error| error.to_string())?;
        let first = validator.iter_errors(value).next();
        first.map_or(Ok(()), |error| Err(format!("{} {error}", error.instance_path())))
    }
}

fn fits_path(template: &str, path: &str) -> bool {
    let (template, path) = (template.split('/'), path.split('/'));
    template.clone().count() == path.clone().count()
        && template.zip(path).all(|(name, text)| name.starts_with('{') || name == text)
}

/// Objects take the properties that are named; what extends a reference is left to it.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            map.values_mut().for_each(close);
            let is_closable = map.contains_key("properties")
                && !map.contains_key("$ref")
                && map.get("type").is_some_and(|x| x == "object");
            if is_closable {
                map.entry("additionalProperties").or_insert(json!(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Value {
        let schema = json!({"type": "object", "required": ["id"],
            "properties": {"id": {"type": "string", "format": "uuid"}}});
        let content = json!({"application/json": {"schema": schema, "examples": {}}});
        let get = json!({"responses": {"200": {"content": content}}});
        json!({"paths": {"/a/{id}": {"get": get}}, "components": {"schemas": {}}})
    }

    fn check(path: &str, status: StatusCode, body: &Value) -> Result<(), String> {
        let headers = HeaderMap::from_iter([(
            http::header::CONTENT_TYPE,
            http::HeaderValue::from_static("application/json"),
        )]);
        let answer = Answer { method: "GET", path, status, headers: &headers, body };
        Conformance::new(document()).check(answer)
    }

    #[test]
    fn an_answer_has_what_is_described_and_nothing_else() {
        let body = json!({"id": "018f3a5e-7c1d-7c52-9f0a-3d3f5b1c2a10"});
        assert_eq!(check("/a/1", StatusCode::OK, &body), Ok(()));

        let more = json!({"id": body["id"], "name": "x"});
        for body in [more, json!({"id": "x"}), json!({})] {
            assert!(check("/a/1", StatusCode::OK, &body).is_err(), "{body}");
        }
        assert!(check("/a/1", StatusCode::CONFLICT, &body).is_err(), "a status not described");
        assert!(check("/b", StatusCode::OK, &body).is_err(), "a path not described");
    }

    #[test]
    fn a_body_without_an_example_is_noticed() {
        assert!(Conformance::new(document()).check_examples().is_err());
    }
}
