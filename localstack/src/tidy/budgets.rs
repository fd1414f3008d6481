//! Hard limits of STYLE §4 that clippy does not measure.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;

use super::Finding;
use super::source::{self, Source};

const FILE: usize = 400;
const MODULE_OF_CORE: usize = 300;
const MAIN: usize = 45;
const HANDLER: usize = 200;
const FUNCTION_CRATE: usize = 600;
/// Functions with more than one duty that belongs together, and why: docs/adr/0013, 0018, 0020 and
/// 0025.
const LARGER_FUNCTION_CRATES: [(&str, usize); 4] = [
    ("order-intake", 950),
    ("reconciliation", 1700),
    ("outbox-relay", 850),
    ("operator-api", 4300),
];
const MIGRATION: usize = 120;

pub(super) fn check(root: &Path) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let mut crates: BTreeMap<String, usize> = BTreeMap::new();
    for folder in ["functions", "shared", "localstack", "orderctl"] {
        let files = source::files(root, folder, &[".rs"])?;
        if files.is_empty() {
            findings.push(Finding::new(folder, 0, "no Rust files here: is the checkout complete?"));
        }
        for file in files.iter().filter(|file| !source::is_test_file(&file.path)) {
            let lines = source::product_lines(&file.text).len();
            findings.extend(over(file, lines, limit_of(&file.path)));
            if let Some(name) = function_of(&file.path) {
                *crates.entry(name).or_default() += lines;
            }
        }
    }
    for (name, lines) in crates {
        let limit = function_crate_limit(&name);
        if lines <= limit {
            continue;
        }
        let message = format!(
            "{lines} lines without tests, the limit for this function crate is {limit}: \
             move what is not only its own to shared/"
        );
        findings.push(Finding::new(format!("functions/{name}"), 0, message));
    }
    for file in source::files(root, "migrations", &[".sql"])? {
        findings.extend(over(&file, file.text.lines().count(), MIGRATION));
    }
    Ok(findings)
}

fn function_crate_limit(name: &str) -> usize {
    let larger = LARGER_FUNCTION_CRATES.iter().find(|(known, _)| *known == name);
    larger.map_or(FUNCTION_CRATE, |(_, limit)| *limit)
}

fn limit_of(path: &Path) -> usize {
    let is_function = path.starts_with("functions");
    let is_core = path.starts_with("shared/order-domain") || path.starts_with("shared/order-store");
    match path.file_name().and_then(|name| name.to_str()) {
        Some("main.rs") if is_function => MAIN,
        Some("handler.rs") if is_function => HANDLER,
        _ if is_core => MODULE_OF_CORE,
        _ => FILE,
    }
}

fn over(file: &Source, lines: usize, limit: usize) -> Option<Finding> {
    let message = format!("{lines} lines outside tests, the limit is {limit}: split by concept");
    (lines > limit).then(|| Finding::new(&file.path, limit, message))
}

fn function_of(path: &Path) -> Option<String> {
    let inner = path.strip_prefix("functions").ok()?;
    Some(inner.iter().next()?.to_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tightest_limit_that_fits_a_file_holds() {
        assert_eq!(limit_of(Path::new("functions/a/src/main.rs")), MAIN);
        assert_eq!(limit_of(Path::new("functions/a/src/handler.rs")), HANDLER);
        assert_eq!(limit_of(Path::new("shared/order-store/src/outbox.rs")), MODULE_OF_CORE);
        assert_eq!(limit_of(Path::new("localstack/src/main.rs")), FILE);
    }
}
