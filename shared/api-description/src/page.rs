//! The document as one page for people: no script, no other host, nothing to load.

use std::fmt::Write as _;

use serde_json::{Map, Value};

const STYLE: &str = include_str!("page.css");

/// The page of a document.
#[must_use]
pub fn page(document: &Value) -> String {
    let title = escape(text(&document["info"]["title"]));
    let about = prose(text(&document["info"]["description"]));
    let mut contents = String::new();
    let mut articles = String::new();
    for tag in document["tags"].as_array().into_iter().flatten() {
        let name = text(&tag["name"]);
        let heading = escape(name);
        push(&mut contents, &format!("<h2>{heading}</h2>\n<ul>\n"));
        let about = prose(text(&tag["description"]));
        push(&mut articles, &format!("<section>\n<h2>{heading}</h2>\n{about}"));
        for (method, path, operation) in operations_of(document, name) {
            let id = escape(text(&operation["operationId"]));
            let summary = escape(text(&operation["summary"]));
            push(&mut contents, &format!("<li><a href=\"#{id}\">{summary}</a></li>\n"));
            articles.push_str(&article(document, (method, path), operation));
        }
        contents.push_str("</ul>\n");
        articles.push_str("</section>\n");
    }
    let schemas = schemas(document, &mut contents);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">To the text</a>\n\
         <nav aria-label=\"Contents\">\n{contents}</nav>\n<main id=\"main\">\n<h1>{title}</h1>\n\
         {about}<p>For programs: <a href=\"openapi.json\">openapi.json</a> (OpenAPI 3.1).</p>\n\
         {articles}{schemas}</main>\n</body>\n</html>\n"
    )
}

fn operations_of<'a>(
    document: &'a Value,
    tag: &'a str,
) -> impl Iterator<Item = (&'a str, &'a str, &'a Value)> {
    let paths = entries(&document["paths"]);
    let all = paths.flat_map(|(path, item)| {
        entries(item).map(move |(method, operation)| (method, path, operation))
    });
    all.filter(move |(_, _, operation)| operation["tags"][0] == tag)
}

fn article(document: &Value, (method, path): (&str, &str), operation: &Value) -> String {
    let id = escape(text(&operation["operationId"]));
    let (summary, path) = (escape(text(&operation["summary"])), escape(path));
    let mut article = format!(
        "<article aria-labelledby=\"{id}\">\n<h3 id=\"{id}\">{summary}</h3>\n\
         <p><code><span class=\"method\">{method}</span> {path}</code></p>\n{}",
        prose(text(&operation["description"]))
    );
    article.push_str(&parameters(&operation["parameters"]));
    for (content_type, content) in entries(&operation["requestBody"]["content"]) {
        let described = content_of(document, (content_type, content), true);
        push(&mut article, &format!("<h4>Body</h4>\n{described}"));
    }
    article.push_str("<h4>Answers</h4>\n");
    for (status, response) in entries(&operation["responses"]) {
        let response = followed(document, response);
        let (first, rest) = halves(text(&response["description"]));
        push(
            &mut article,
            &format!(
                "<details><summary><strong>{status}</strong> {}</summary>\n{}{}",
                inline(first),
                prose(rest),
                headers(document, &response["headers"])
            ),
        );
        for content in entries(&response["content"]) {
            let is_success = status.starts_with('2');
            article.push_str(&content_of(document, content, is_success));
        }
        article.push_str(&links(&response["links"]));
        article.push_str("</details>\n");
    }
    article.push_str("</article>\n");
    article
}

fn parameters(parameters: &Value) -> String {
    let row = |parameter: &Value| {
        let required = if parameter["required"] == true { "required" } else { "" };
        [
            format!("<code>{}</code>", escape(text(&parameter["name"]))),
            format!("{} {required}", text(&parameter["in"])),
            format!(
                "{}{}",
                prose(text(&parameter["description"])),
                constraints(&parameter["schema"])
            ),
        ]
    };
    let rows: Vec<_> = parameters.as_array().into_iter().flatten().map(row).collect();
    if rows.is_empty() {
        return String::new();
    }
    format!("<h4>Parameters</h4>\n{}", table(["name", "where", "what"], &rows))
}

fn headers(document: &Value, headers: &Value) -> String {
    let row = |(name, header): (&str, &Value)| {
        let header = followed(document, header);
        let is_sure = if header["required"] == true { "always" } else { "where it applies" };
        let name = format!("<code>{}</code>", escape(name));
        [name, is_sure.to_owned(), prose(text(&header["description"]))]
    };
    let rows: Vec<_> = entries(headers).map(row).collect();
    if rows.is_empty() { String::new() } else { table(["header", "sent", "what"], &rows) }
}

fn links(links: &Value) -> String {
    let items = entries(links).map(|(_, link)| {
        let (id, about) = (escape(text(&link["operationId"])), inline(text(&link["description"])));
        format!("<li><a href=\"#{id}\">{id}</a>: {about}</li>\n")
    });
    let items: String = items.collect();
    if items.is_empty() { items } else { format!("<p>Leads to:</p>\n<ul>\n{items}</ul>\n") }
}

/// Type and examples; the examples of refusals are folded together.
fn content_of(document: &Value, (content_type, content): (&str, &Value), is_wordy: bool) -> String {
    let kind = kind_of(&content["schema"]);
    let mut described = format!("<p><code>{}</code>: {kind}</p>\n", escape(content_type));
    if content["schema"].get("properties").is_some() && is_wordy {
        described.push_str(&properties(&content["schema"]));
    }
    for (name, example) in entries(&content["examples"]) {
        let value = &followed(document, example)["value"];
        let value = value.as_str().map_or_else(|| pretty(value), str::to_owned);
        let caption = example["summary"].as_str().unwrap_or("Example");
        push(
            &mut described,
            &format!(
                "<details><summary><code>{}</code> {}</summary><pre tabindex=\"0\"><code>{}</code></pre></details>\n",
                escape(name),
                inline(caption),
                escape(&value)
            ),
        );
    }
    described
}

fn schemas(document: &Value, contents: &mut String) -> String {
    let mut sections = String::from("<section>\n<h2>Types</h2>\n");
    contents.push_str("<h2>Types</h2>\n<ul>\n");
    for (name, schema) in entries(&document["components"]["schemas"]) {
        push(contents, &format!("<li><a href=\"#type-{name}\">{name}</a></li>\n"));
        push(
            &mut sections,
            &format!(
                "<article aria-labelledby=\"type-{name}\">\n<h3 id=\"type-{name}\">{name}</h3>\n{}<p>{}</p>\n{}</article>\n",
                prose(text(&schema["description"])),
                kind_of(schema),
                properties(schema)
            ),
        );
    }
    contents.push_str("</ul>\n");
    sections.push_str("</section>\n");
    sections
}

fn properties(schema: &Value) -> String {
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let row = |(name, property): (&str, &Value)| {
        let presence = if required.contains(&name) { "always" } else { "may be absent" };
        let about = prose(text(&property["description"]));
        [
            format!("<code>{}</code>", escape(name)),
            format!("{}, {presence}", kind_of(property)),
            format!("{about}{}", constraints(property)),
        ]
    };
    let rows: Vec<_> = entries(&schema["properties"]).map(row).collect();
    if rows.is_empty() { String::new() } else { table(["property", "type", "what"], &rows) }
}

/// A type in words, with a link where it is one of ours.
fn kind_of(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|x| x.rsplit('/').next()) {
        return format!("<a href=\"#type-{name}\">{name}</a>");
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        return choices.iter().map(kind_of).collect::<Vec<_>>().join(" or ");
    }
    let kinds = match &schema["type"] {
        Value::String(kind) => kind.clone(),
        Value::Array(kinds) => kinds.iter().map(text).collect::<Vec<_>>().join(" or "),
        _ => "anything".to_owned(),
    };
    let format = schema["format"].as_str().map(|x| format!(" ({x})")).unwrap_or_default();
    let of = schema.get("items").map(|items| format!(" of {}", kind_of(items)));
    let values = schema.get("additionalProperties").filter(|x| x.is_object());
    let values = values.map(|x| format!(" of names to {}", kind_of(x)));
    format!("{kinds}{format}{}{}", of.unwrap_or_default(), values.unwrap_or_default())
}

fn constraints(schema: &Value) -> String {
    let told =
        ["enum", "const", "pattern", "minLength", "maxLength", "minimum", "maximum", "default"];
    let named = told.iter().filter_map(|name| {
        let value = schema.get(name)?;
        Some(format!("{name} <code>{}</code>", escape(&value.to_string())))
    });
    let list: Vec<String> = named.collect();
    if list.is_empty() { String::new() } else { format!("<p>{}</p>\n", list.join(" · ")) }
}

fn table(titles: [&str; 3], rows: &[[String; 3]]) -> String {
    let titles = titles.map(|title| format!("<th scope=\"col\">{title}</th>")).concat();
    let row = |[name, second, third]: &[String; 3]| {
        format!("<tr><th scope=\"row\">{name}</th><td>{second}</td><td>{third}</td></tr>\n")
    };
    let rows: String = rows.iter().map(row).collect();
    format!("<table>\n<thead><tr>{titles}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n")
}

/// Paragraphs, lists and `code`: as much as descriptions here use.
fn prose(text: &str) -> String {
    let mut html = String::new();
    for block in text.split("\n\n").map(str::trim).filter(|block| !block.is_empty()) {
        if block.starts_with("- ") {
            let items = block.lines().filter_map(|line| line.strip_prefix("- "));
            let items: String = items.map(|x| format!("<li>{}</li>\n", inline(x))).collect();
            push(&mut html, &format!("<ul>\n{items}</ul>\n"));
        } else {
            push(&mut html, &format!("<p>{}</p>\n", inline(block)));
        }
    }
    html
}

fn inline(text: &str) -> String {
    let mut html = String::new();
    for (index, part) in text.split('`').enumerate() {
        let part = escape(part);
        html.push_str(&if index % 2 == 1 { format!("<code>{part}</code>") } else { part });
    }
    html
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn halves(text: &str) -> (&str, &str) {
    text.split_once("\n\n").unwrap_or((text, ""))
}

fn followed<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value["$ref"].as_str().and_then(|x| document.pointer(x.strip_prefix('#')?));
    target.unwrap_or(value)
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter).map(|(name, value)| (name.as_str(), value))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn push(html: &mut String, more: &str) {
    // Writing to a string cannot fail.
    let _ = html.write_str(more);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_shown_and_not_run() {
        let html = prose("A `<b>` & more\n\n- one\n- `two`");

        assert_eq!(
            html,
            "<p>A <code>&lt;b&gt;</code> &amp; more</p>\n\
             <ul>\n<li>one</li>\n<li><code>two</code></li>\n</ul>\n"
        );
    }
}
