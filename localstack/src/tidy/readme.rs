//! The README of every crate is its first documentation page (STYLE §6.2).

use std::path::Path;

use anyhow::Result;

use super::{Finding, source};

/// Lines that are not empty: headings need air around them.
const LINES: std::ops::RangeInclusive<usize> = 10..=25;

/// Crates that are not in a folder of crates.
const ALONE: [&str; 10] = [
    "benches",
    "benches/store",
    "localstack",
    "localstack/fault-proxy",
    "localstack/invariants",
    "localstack/simulator",
    "orderctl",
    "tests",
    "tests/crash-matrix",
    "tests/models",
];

pub(super) fn check(root: &Path) -> Result<Vec<Finding>> {
    let mut folders = ALONE.map(str::to_owned).to_vec();
    for parent in ["functions", "shared"] {
        folders.extend(source::crates(root, parent).iter().map(|name| format!("{parent}/{name}")));
    }
    let mut findings = Vec::new();
    for folder in folders {
        let path = format!("{folder}/README.md");
        match source::file(root, &path)? {
            None => findings.push(Finding::new(path, 0, "missing: write it as STYLE §6.2 says")),
            Some(text) => findings.extend(too_short_or_long(&path, &text)),
        }
    }
    Ok(findings)
}

fn too_short_or_long(path: &str, text: &str) -> Option<Finding> {
    let lines = text.lines().filter(|line| !line.trim().is_empty()).count();
    let message = format!("{lines} lines, wanted are {} to {}", LINES.start(), LINES.end());
    (!LINES.contains(&lines)).then(|| Finding::new(path, 1, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_lines_do_not_count() {
        assert!(too_short_or_long("a", &"x\n\n".repeat(10)).is_none());
        assert!(too_short_or_long("a", &"x\n\n".repeat(9)).is_some());
        assert!(too_short_or_long("a", &"x\n".repeat(26)).is_some());
    }
}
