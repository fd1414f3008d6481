//! Reads documents of the API leniently: a field that is missing or of another type is absent.
//!
//! The API may be older or newer than this program; what it does not say is shown as `-`, and
//! `-o json` passes everything on unchanged.

use jiff::Timestamp;
use serde_json::Value;

use crate::terminal::printable;

/// What a table shows for nothing.
pub(crate) const NOTHING: &str = "-";

/// A text, number or flag at a JSON pointer, ready to be printed on one line.
pub(crate) fn text(document: &Value, pointer: &str) -> Option<String> {
    let text = match document.pointer(pointer)? {
        Value::String(text) if !text.is_empty() => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        _ => return None,
    };
    Some(printable(&text).replace('\n', " "))
}

/// The first of several spellings that is there.
pub(crate) fn first_text(document: &Value, pointers: &[&str]) -> Option<String> {
    pointers.iter().find_map(|pointer| text(document, pointer))
}

/// The text, or `-`.
pub(crate) fn shown(document: &Value, pointer: &str) -> String {
    text(document, pointer).unwrap_or_else(|| NOTHING.to_owned())
}

/// An instant.
pub(crate) fn instant(document: &Value, pointer: &str) -> Option<Timestamp> {
    document.pointer(pointer)?.as_str()?.parse().ok()
}

/// A list; nothing where there is none.
pub(crate) fn list<'a>(document: &'a Value, pointer: &str) -> &'a [Value] {
    document.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The elements of a page: the field of that name, or the only list of the document.
pub(crate) fn elements<'a>(page: &'a Value, name: &str) -> &'a [Value] {
    if let Some(named) = page.get(name).and_then(Value::as_array) {
        return named;
    }
    let mut lists = page.as_object().into_iter().flatten().filter_map(|(_, x)| x.as_array());
    match (lists.next(), lists.next()) {
        (Some(only), None) => only,
        _ => &[],
    }
}

/// A document as indented lines, for what has no layout of its own.
pub(crate) fn outline(document: &Value, indent: usize) -> Vec<String> {
    let space = " ".repeat(indent);
    let named: Vec<(String, &Value)> = match document {
        Value::Object(fields) => fields.iter().map(|(name, x)| (printable(name), x)).collect(),
        Value::Array(elements) => elements.iter().map(|x| ("-".to_owned(), x)).collect(),
        _ => return text(document, "").map(|text| format!("{space}{text}")).into_iter().collect(),
    };
    let mut lines = Vec::new();
    for (name, value) in named {
        match text(value, "") {
            Some(text) => lines.push(format!("{space}{name} {text}")),
            None if value.is_array() || value.is_object() => {
                let below = outline(value, indent + 2);
                let shown = if below.is_empty() { NOTHING } else { "" };
                lines.push(format!("{space}{name} {shown}").trim_end().to_owned());
                lines.extend(below);
            }
            None => {}
        }
    }
    lines
}

/// `2026-03-02 12:04:05Z`.
pub(crate) fn absolute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_missing_or_of_another_type_is_absent() {
        let document = json!({"a": "x\ny", "n": 3, "e": "", "o": {}, "at": "soon", "list": "no"});

        assert_eq!(text(&document, "/a").as_deref(), Some("x y"));
        assert_eq!(text(&document, "/n").as_deref(), Some("3"));
        assert_eq!((text(&document, "/e"), text(&document, "/o")), (None, None));
        assert_eq!(shown(&document, "/missing"), "-");
        assert_eq!(instant(&document, "/at"), None);
        assert!(list(&document, "/list").is_empty());
    }

    #[test]
    fn a_page_is_read_by_name_or_by_its_only_list() {
        assert_eq!(elements(&json!({"cases": [1], "x": [2]}), "cases"), [json!(1)]);
        assert_eq!(elements(&json!({"falloutCases": [1], "links": {}}), "cases"), [json!(1)]);
        assert!(elements(&json!({"a": [1], "b": [2]}), "cases").is_empty());
    }
}
