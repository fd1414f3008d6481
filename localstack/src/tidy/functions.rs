//! Function crates and `template.yaml` name the same set.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;

use super::{Finding, source};

const TEMPLATE: &str = "template.yaml";

pub(super) fn check(root: &Path) -> Result<Vec<Finding>> {
    let crates = source::crates(root, "functions");
    let mut findings = Vec::new();
    if crates.is_empty() {
        findings.push(Finding::new("functions", 0, "no function crates here"));
    }
    let Some(template) = source::file(root, TEMPLATE)? else {
        findings.push(Finding::new(TEMPLATE, 0, "missing: every function needs an entry"));
        return Ok(findings);
    };
    let resources = resources(&template);
    for name in &crates {
        findings.extend(missing_in_template(name, &resources));
    }
    let ids: Vec<String> = crates.iter().map(|name| format!("{}Function", stem(name))).collect();
    let is_orphan = |resource: &&Resource<'_>| {
        resource.kind == "AWS::Serverless::Function" && !ids.iter().any(|id| id == resource.id)
    };
    findings.extend(resources.values().filter(is_orphan).map(|resource| {
        let message = format!("{} has no crate in functions/", resource.id);
        Finding::new(TEMPLATE, resource.line, message)
    }));
    Ok(findings)
}

fn missing_in_template(name: &str, resources: &BTreeMap<&str, Resource<'_>>) -> Vec<Finding> {
    let stem = stem(name);
    let id = format!("{stem}Function");
    let Some(function) = resources.get(id.as_str()) else {
        let message = format!("functions/{name} has no entry: add the resource {id}");
        return vec![Finding::new(TEMPLATE, 0, message)];
    };
    let mut findings = Vec::new();
    let code = format!("functions/{name}/");
    if !function.body.contains(&code) {
        let message = format!("the CodeUri of {id} must be {code}");
        findings.push(Finding::new(TEMPLATE, function.line, message));
    }
    let has_alarm = resources
        .values()
        .any(|other| other.id.starts_with(&stem) && other.kind == "AWS::CloudWatch::Alarm");
    if !has_alarm {
        let message = format!("{id} has no alarm: add {stem}Errors");
        findings.push(Finding::new(TEMPLATE, function.line, message));
    }
    findings
}

/// `order-intake` is `OrderIntake`.
fn stem(name: &str) -> String {
    name.split('-')
        .map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            first.to_uppercase() + rest
        })
        .collect()
}

#[derive(Debug, PartialEq, Eq)]
struct Resource<'a> {
    id: &'a str,
    kind: &'a str,
    line: usize,
    body: String,
}

/// The resources of the template by logical id.
///
/// Read by indentation: a YAML parser would need to know the tags of CloudFormation.
fn resources(template: &str) -> BTreeMap<&str, Resource<'_>> {
    let mut found: Vec<Resource<'_>> = Vec::new();
    let mut is_inside = false;
    for (index, line) in template.lines().enumerate() {
        if line.starts_with(char::is_alphabetic) {
            is_inside = line.starts_with("Resources:");
        }
        let key = line.strip_prefix("  ").filter(|rest| rest.starts_with(char::is_alphabetic));
        match (is_inside, key.and_then(|rest| rest.split_once(':'))) {
            (true, Some((id, _))) => {
                found.push(Resource { id, kind: "", line: index + 1, body: String::new() });
            }
            (true, None) => {
                let Some(resource) = found.last_mut() else {
                    continue;
                };
                if let Some(kind) = line.strip_prefix("    Type:") {
                    resource.kind = kind.trim();
                }
                resource.body.push_str(line);
                resource.body.push('\n');
            }
            (false, _) => {}
        }
    }
    found.into_iter().map(|resource| (resource.id, resource)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "Parameters:\n  A:\n    Type: String\nResources:\n  OrderIntakeFunction:\n    \
        Type: AWS::Serverless::Function\n    Properties:\n      CodeUri: functions/order-intake/\n  \
        OrderIntakeErrors:\n    Type: AWS::CloudWatch::Alarm\nOutputs:\n  B:\n    Value: 1\n";

    #[test]
    fn only_resources_are_read_and_each_with_its_type() {
        let found = resources(SAMPLE);

        let kinds: Vec<(&str, &str)> = found.values().map(|r| (r.id, r.kind)).collect();
        assert_eq!(
            kinds,
            [
                ("OrderIntakeErrors", "AWS::CloudWatch::Alarm"),
                ("OrderIntakeFunction", "AWS::Serverless::Function")
            ]
        );
    }

    #[test]
    fn a_function_with_entry_code_and_alarm_has_no_finding() {
        assert_eq!(missing_in_template("order-intake", &resources(SAMPLE)), []);
        assert_eq!(missing_in_template("outbox-relay", &resources(SAMPLE)).len(), 1);
    }
}
