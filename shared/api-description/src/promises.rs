//! What a document promises, in forms that tests compare with the router and the template.

use std::collections::BTreeSet;

use serde_json::Value;

/// Method, in small letters, and path.
pub type Route = (String, String);

/// In the spelling of a checked-in file: names are sorted, whatever serde_json does.
#[must_use]
pub fn spelled(document: Value) -> (String, Value) {
    let document = sorted(document);
    (format!("{document:#}\n"), document)
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

/// Every operation of a document.
#[must_use]
pub fn operations_of(document: &Value) -> BTreeSet<Route> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let routes = paths.flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten();
        methods.map(|(method, _)| (method.clone(), path.clone())).collect::<Vec<_>>()
    });
    routes.collect()
}

/// Every API event of a function in the deployment's template; `name` is its logical id.
///
/// # Panics
/// The template has no such function, or an event of it without a path.
#[must_use]
pub fn events_of(template: &str, name: &str) -> BTreeSet<Route> {
    let (_, function) = template.split_once(&format!("  {name}:\n")).expect("the function");
    // The next resource begins as far left as this one.
    let lines = function.lines().take_while(|line| line.is_empty() || line.starts_with("   "));
    let function: String = lines.map(|line| format!("{line}\n")).collect();
    let events = function.split(" Method: ").skip(1).map(|event| {
        let (method, rest) = event.split_once([',', '\n']).expect("a method ends");
        let (_, path) = rest.split_once("Path: '").expect("an event has a path");
        (method.to_lowercase(), path.split('\'').next().unwrap_or_default().to_owned())
    });
    events.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_events_of_a_function_end_where_the_next_resource_begins() {
        let event = |method: &str, path: &str| {
            format!("      Properties: {{ Method: {method}, Path: '{path}' }}\n")
        };
        let template = format!(
            "Resources:\n  A:\n    Type: F\n\n{}{}  B:\n{}",
            event("GET", "/a/{id}"),
            event("POST", "/a"),
            event("GET", "/b"),
        );

        let expected = [("get", "/a/{id}"), ("post", "/a")];
        assert_eq!(events_of(&template, "A"), expected.map(|(a, b)| (a.into(), b.into())).into());
    }
}
