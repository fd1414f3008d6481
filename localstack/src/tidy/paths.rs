//! A path that exists on one machine only is a bug on every other.

use std::path::Path;

use anyhow::Result;

use super::{Finding, source};

const ENDINGS: [&str; 12] =
    [".rs", ".toml", ".md", ".yaml", ".yml", ".json", ".sql", ".bpmn", ".sh", ".py", ".mjs", "run"];
/// In two parts, so that this file does not accuse itself.
const FORBIDDEN: [(&str, &str); 5] =
    [("/wo", "rk/"), ("/ro", "ot/"), ("/ho", "me/"), ("/Us", "ers/"), ("/tmp/b", "rief")];

pub(super) fn check(root: &Path) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for file in source::files(root, "", &ENDINGS)? {
        for (index, line) in file.text.lines().enumerate() {
            if let Some(path) = machine_path(line) {
                let message = format!("names {path}: use a path relative to the workspace");
                findings.push(Finding::new(&file.path, index + 1, message));
            }
        }
    }
    Ok(findings)
}

/// A forbidden start that is the start of a path, and not the middle of a URL or a longer path.
fn machine_path(line: &str) -> Option<String> {
    FORBIDDEN.iter().map(|(a, b)| format!("{a}{b}")).find(|start| {
        line.match_indices(start.as_str()).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            !before.is_some_and(|c| c.is_alphanumeric() || "-_.}/)".contains(c))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_a_url_is_no_machine_path() {
        let (start, end) = FORBIDDEN[2];

        assert!(machine_path(&format!("see https://x.org{start}{end}a")).is_none());
        assert!(machine_path(&format!("let x = \"{start}{end}ann\";")).is_some());
    }
}
