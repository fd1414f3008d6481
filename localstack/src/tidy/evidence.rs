//! A document that names a test as evidence names one that exists.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;

use super::{Finding, source};

/// The documents that argue with tests.
const DOCUMENTS: [&str; 1] = ["docs/failure-modes.md"];
/// Names of tests are sentences: shorter words in code style are something else.
const WORDS: usize = 5;

pub(super) fn check(root: &Path) -> Result<Vec<Finding>> {
    let mut tests = BTreeSet::new();
    for folder in ["functions", "shared", "tests", "localstack", "orderctl", "benches"] {
        for file in source::files(root, folder, &[".rs"])? {
            tests.extend(functions(&file.text).map(str::to_owned));
        }
    }
    let mut findings = Vec::new();
    for document in DOCUMENTS {
        let Some(text) = source::file(root, document)? else {
            findings.push(Finding::new(document, 0, "missing"));
            continue;
        };
        for (index, line) in text.lines().enumerate() {
            for name in named(line).filter(|name| !tests.contains(*name)) {
                let message = format!("there is no test {name}: name the one that proves it");
                findings.push(Finding::new(document, index + 1, message));
            }
        }
    }
    Ok(findings)
}

fn functions(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let (_, rest) = line.split_once("fn ")?;
        rest.split_once('(').map(|(name, _)| name)
    })
}

fn named(line: &str) -> impl Iterator<Item = &str> {
    let is_test = |word: &&str| {
        word.matches('_').count() + 1 >= WORDS
            && word.chars().all(|c| c == '_' || c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    line.split('`').skip(1).step_by(2).filter(is_test)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_tests_are_told_from_other_words_in_code_style() {
        let line = "| `a_step_is_sent_once_only` by `cargo local test`, `next_match_at` |";

        assert_eq!(named(line).collect::<Vec<_>>(), ["a_step_is_sent_once_only"]);
    }

    #[test]
    fn functions_are_found_by_their_names() {
        let text = "#[tokio::test]\nasync fn a_b_c() {\n    let fn_x = 1;\n";

        assert_eq!(functions(text).collect::<Vec<_>>(), ["a_b_c"]);
    }
}
