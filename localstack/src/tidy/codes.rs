//! Every code a caller, an operator or a model can see stands in `docs/ERROR-CODES.md`.
//!
//! Where codes are found: every literal of the form `"WORDS_WITH_UNDERSCORES"` outside tests in
//! files (or files of folders) named after the thing they refuse with, see [`PLACES`], and every
//! `errorCode` of the process models. A code that lives elsewhere is a code nobody finds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::topics::values;
use super::{Finding, source};

const DOCUMENT: &str = "docs/ERROR-CODES.md";
/// Names of files, and of the folders of their submodules, that define codes.
const PLACES: [&str; 5] = ["rejection", "refusal", "problem", "reason", "readiness"];

pub(super) fn check(root: &Path) -> Result<Vec<Finding>> {
    let Some(document) = source::file(root, DOCUMENT)? else {
        return Ok(vec![Finding::new(DOCUMENT, 0, "missing: every code needs meaning and remedy")]);
    };
    let mut codes = codes_of_rust(root)?;
    for model in source::files(root, "bpmn", &[".bpmn"])? {
        for (line, code) in values(&model.text, " errorCode=\"") {
            codes.entry(code.to_owned()).or_insert((model.path.clone(), line));
        }
    }
    let mut findings = Vec::new();
    for (code, (file, line)) in codes {
        if !document.contains(&format!("`{code}`")) {
            let message = format!("code {code} is missing in {DOCUMENT} (written as `{code}`)");
            findings.push(Finding::new(file, line, message));
        }
    }
    Ok(findings)
}

fn codes_of_rust(root: &Path) -> Result<BTreeMap<String, (PathBuf, usize)>> {
    let mut codes = BTreeMap::new();
    for folder in ["functions", "shared"] {
        for file in source::files(root, folder, &[".rs"])? {
            if source::is_test_file(&file.path) || !defines_codes(&file.path) {
                continue;
            }
            for (line, text) in source::product_lines(&file.text) {
                for code in codes_of_line(text) {
                    codes.entry(code.to_owned()).or_insert((file.path.clone(), line));
                }
            }
        }
    }
    Ok(codes)
}

fn defines_codes(path: &Path) -> bool {
    let stem = path.file_stem();
    let folder = path.parent().and_then(Path::file_name);
    [stem, folder].into_iter().flatten().any(|name| PLACES.iter().any(|place| name == *place))
}

fn codes_of_line(line: &str) -> impl Iterator<Item = &str> {
    let code = line.split("//").next().unwrap_or_default();
    code.split('"').skip(1).step_by(2).filter(|literal| is_code(literal))
}

fn is_code(literal: &str) -> bool {
    let has_letters = literal.starts_with(|c: char| c.is_ascii_uppercase());
    let is_plain =
        literal.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    has_letters && is_plain && literal.contains('_') && !literal.starts_with("OMS_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_literals_and_neither_comments_nor_settings() {
        let line = r#"Self::A => "PLAN_HAS_CYCLE", x("OMS_URL", "text", "OK") // "NOT_THIS""#;

        assert_eq!(codes_of_line(line).collect::<Vec<_>>(), ["PLAN_HAS_CYCLE"]);
    }

    #[test]
    fn codes_are_looked_for_in_the_places_that_are_named_after_them() {
        assert!(defines_codes(Path::new("shared/order-domain/src/order/rejection.rs")));
        assert!(defines_codes(Path::new("shared/lambda-support/src/problem/code.rs")));
        assert!(!defines_codes(Path::new("shared/order-domain/src/order/status.rs")));
    }
}
