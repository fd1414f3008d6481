//! Every topic of the process models has a function, and every topic function a place in a model.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::{Finding, source};

pub(super) fn check(root: &Path) -> Result<Vec<Finding>> {
    let models = source::files(root, "bpmn", &[".bpmn"])?;
    if models.is_empty() {
        return Ok(vec![Finding::new("bpmn", 0, "no process model here")]);
    }
    let readme = source::file(root, "bpmn/README.md")?.unwrap_or_default();
    let crates = source::crates(root, "functions");
    let mut topics: BTreeMap<String, (PathBuf, usize)> = BTreeMap::new();
    for model in &models {
        for (line, topic) in values(&model.text, "camunda:topic=\"") {
            topics.entry(topic.to_owned()).or_insert((model.path.clone(), line));
        }
    }
    let mut findings = Vec::new();
    for (topic, (file, line)) in &topics {
        let name = topic.replace('.', "-");
        if !crates.contains(&name) && !is_announced(&readme, topic) {
            let message = format!(
                "topic {topic} has no crate functions/{name}, and its row in bpmn/README.md names \
                 no issue that brings it"
            );
            findings.push(Finding::new(file, *line, message));
        }
    }
    for file in source::files(root, "functions", &[".rs"])? {
        for (line, topic) in values(&file.text, "pub const TOPIC: &str = \"") {
            if !topics.contains_key(topic) {
                let message = format!("topic {topic} stands in no model of bpmn/");
                findings.push(Finding::new(&file.path, line, message));
            }
        }
    }
    Ok(findings)
}

fn is_announced(readme: &str, topic: &str) -> bool {
    let quoted = format!("`{topic}`");
    readme.lines().any(|line| line.contains(&quoted) && line.contains("issue"))
}

/// What stands between `start` and the next quote, with its line.
pub(super) fn values<'a>(text: &'a str, start: &str) -> Vec<(usize, &'a str)> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for part in line.split(start).skip(1) {
            if let Some((value, _)) = part.split_once('"') {
                found.push((index + 1, value));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_values_of_a_line_are_found() {
        let text = "\n<a camunda:topic=\"x.y\"/><b camunda:topic=\"z\"/>";

        assert_eq!(values(text, "camunda:topic=\""), [(2, "x.y"), (2, "z")]);
    }

    #[test]
    fn a_row_announces_a_topic_only_by_naming_the_issue() {
        let readme = "| `order.cancel` | not yet: issue B |\n| `order.complete` | soon |";

        assert!(is_announced(readme, "order.cancel"));
        assert!(!is_announced(readme, "order.complete"));
    }
}
