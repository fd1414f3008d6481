//! CloudFormation's YAML as JSON, its short tags in their long form.

use anyhow::{Context, Result, bail};
use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};

/// The one document of `text`; `!Ref x` becomes `{"Ref": "x"}`, `!Sub x` `{"Fn::Sub": "x"}`.
pub(super) fn parse(text: &str) -> Result<Value> {
    let documents = Yaml::load_from_str(text)?;
    convert(documents.first().context("the file is empty")?)
}

fn convert(node: &Yaml) -> Result<Value> {
    Ok(match node {
        Yaml::Value(scalar) => from_scalar(scalar),
        Yaml::Sequence(items) => items.iter().map(convert).collect::<Result<Vec<_>>>()?.into(),
        Yaml::Mapping(entries) => {
            let mut object = Map::new();
            for (key, value) in entries {
                object.insert(key_text(key)?, convert(value)?);
            }
            object.into()
        }
        Yaml::Tagged(tag, inner) => in_long_form(&tag.suffix, convert(inner)?),
        other => bail!("CloudFormation has no such YAML: {other:?}"),
    })
}

fn from_scalar(scalar: &Scalar) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(value) => json!(value),
        Scalar::Integer(value) => json!(value),
        Scalar::FloatingPoint(value) => json!(value.into_inner()),
        Scalar::String(value) => json!(value),
    }
}

fn key_text(key: &Yaml) -> Result<String> {
    match key {
        Yaml::Value(Scalar::String(text)) => Ok(text.to_string()),
        Yaml::Value(Scalar::Integer(number)) => Ok(number.to_string()),
        other => bail!("a key must be a text: {other:?}"),
    }
}

fn in_long_form(tag: &str, value: Value) -> Value {
    let name = match tag {
        "Ref" | "Condition" => tag.to_owned(),
        _ => format!("Fn::{tag}"),
    };
    let value = match (tag, value) {
        ("GetAtt", Value::String(path)) => json!(path.split('.').collect::<Vec<_>>()),
        (_, value) => value,
    };
    json!({ name: value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_tags_become_their_long_form() {
        let text = "a: !Ref B\nc: !If [D, !GetAtt E.Arn, !Sub 'x-${F}']\ng: 300\nh: '300'";

        let expected = json!({
            "a": {"Ref": "B"},
            "c": {"Fn::If": ["D", {"Fn::GetAtt": ["E", "Arn"]}, {"Fn::Sub": "x-${F}"}]},
            "g": 300,
            "h": "300",
        });
        assert_eq!(parse(text).unwrap(), expected);
    }
}
