//! Which crate may depend on which (STYLE §3).

use std::path::Path;

use anyhow::Result;

use super::{Finding, source};

/// The pure crates `order-domain` may stand on; none does IO, reads a clock or is random by itself.
const DOMAIN_MAY_USE: [&str; 6] = ["jiff", "petgraph", "serde", "serde_json", "thiserror", "uuid"];
/// `cargo local` must start when everything else is broken.
const LOCAL_MUST_NOT_USE: [&str; 3] = ["order-store", "lambda-support", "test-support"];

pub(super) fn check(root: &Path) -> Result<Vec<Finding>> {
    let functions = source::crates(root, "functions");
    let mut findings = Vec::new();
    for name in &functions {
        let manifest = format!("functions/{name}/Cargo.toml");
        findings.extend(unwanted(root, &manifest, |dependency| {
            functions
                .iter()
                .any(|other| other == dependency)
                .then_some("functions never depend on functions: move what both need to shared/")
        })?);
    }
    for parent in ["functions", "shared"] {
        for name in source::crates(root, parent) {
            let manifest = format!("{parent}/{name}/Cargo.toml");
            findings.extend(unwanted(root, &manifest, |dependency| {
                (dependency == "test-support")
                    .then_some("test-support is for [dev-dependencies], tests/ and benches/ only")
            })?);
        }
    }
    findings.extend(unwanted(root, "shared/order-domain/Cargo.toml", |dependency| {
        (!DOMAIN_MAY_USE.contains(&dependency)).then_some(
            "is not on the list of pure crates: the domain has no IO, clock, randomness or logging",
        )
    })?);
    for manifest in ["localstack/Cargo.toml", "localstack/simulator/Cargo.toml"] {
        findings.extend(unwanted(root, manifest, |dependency| {
            let is_function = functions.iter().any(|other| other == dependency);
            let is_local = manifest == "localstack/Cargo.toml";
            (is_function || is_local && LOCAL_MUST_NOT_USE.contains(&dependency))
                .then_some("the local stack stands on neither functions nor the store")
        })?);
    }
    Ok(findings)
}

/// The dependencies in `[dependencies]` for which there is an objection.
fn unwanted(
    root: &Path,
    manifest: &str,
    objection: impl Fn(&str) -> Option<&'static str>,
) -> Result<Vec<Finding>> {
    let Some(text) = source::file(root, manifest)? else {
        return Ok(vec![Finding::new(manifest, 0, "missing")]);
    };
    let found = dependencies(&text).into_iter().filter_map(|(line, name)| {
        let objection = objection(name)?;
        Some(Finding::new(manifest, line, format!("{name}: {objection}")))
    });
    Ok(found.collect())
}

fn dependencies(manifest: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut is_inside = false;
    for (index, line) in manifest.lines().enumerate() {
        if let Some(section) = line.trim().strip_prefix('[') {
            is_inside = section.starts_with("dependencies]");
        } else if is_inside && let Some((name, _)) = line.split_once(['=', '.', ' ']) {
            found.push((index + 1, name.trim()));
        }
    }
    found.retain(|(_, name)| !name.is_empty() && !name.starts_with('#'));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_dependencies_of_the_product_are_read() {
        let manifest = "[package]\nname = \"x\"\n[dependencies]\n# why\nserde = { workspace = true }\n\
                        uuid.workspace = true\n\n[dev-dependencies]\ninsta = \"1\"\n";

        assert_eq!(dependencies(manifest), [(5, "serde"), (6, "uuid")]);
    }
}
