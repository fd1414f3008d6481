//! Which crate may depend on which (STYLE §3).

use std::path::Path;

use anyhow::Result;

use super::{Finding, source};

/// The pure crates `order-domain` may stand on; none does IO, reads a clock or is random by itself.
/// `schemars` is optional and for tests that describe an API.
const DOMAIN_MAY_USE: [&str; 7] =
    ["jiff", "petgraph", "schemars", "serde", "serde_json", "thiserror", "uuid"];
/// `cargo local` starts quickly: it loads configuration through the store, but stands on no function.
const LOCAL_MUST_NOT_USE: [&str; 2] = ["lambda-support", "test-support"];

/// The only crate that calls AWS (ADR 0012, 0023).
const AWS_BELONGS_TO: &str = "message-sinks";
/// Deliveries and sinks know neither each other nor what is beside or above them.
const SHARED_MUST_NOT_USE: [(&str, &[&str]); 2] = [
    ("message-sinks", &["camunda-client", "order-store", "topic-worker", "workflow-delivery"]),
    ("workflow-delivery", &["external-systems", "message-sinks", "topic-worker"]),
];
/// Its feature `testing` makes the fixture of the topic functions.
const MAKES_FIXTURES: &str = "topic-worker";
/// Whoever has it among its [dev-dependencies] is built with crash points and bugs.
const ARMS_TESTS: &str = "test-support";
/// Above the foundations, so that these never depend on them.
const ABOVE_THE_FOUNDATIONS: [&str; 4] =
    ["catalogue-loading", "message-sinks", "topic-worker", "workflow-delivery"];
const FOUNDATIONS: [&str; 5] =
    ["camunda-client", "external-systems", "lambda-support", "order-domain", "order-store"];

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
                let is_fixture = dependency == "test-support" && name != MAKES_FIXTURES;
                (is_fixture || dependency == "api-description")
                    .then_some("this is for [dev-dependencies], tests/ and benches/ only")
            })?);
        }
    }
    findings.extend(shared_crates(root)?);
    findings.extend(fixtures_in_the_product(root)?);
    findings.extend(armed_products(root)?);
    findings.extend(unwanted(root, "shared/order-domain/Cargo.toml", |dependency| {
        (!DOMAIN_MAY_USE.contains(&dependency)).then_some(
            "is not on the list of pure crates: the domain has no IO, clock, randomness or logging",
        )
    })?);
    findings.extend(insiders(root, "orderctl/Cargo.toml")?);
    for manifest in ["localstack/Cargo.toml", "localstack/simulator/Cargo.toml"] {
        findings.extend(unwanted(root, manifest, |dependency| {
            let is_function = functions.iter().any(|other| other == dependency);
            let is_local = manifest == "localstack/Cargo.toml";
            (is_function || is_local && LOCAL_MUST_NOT_USE.contains(&dependency)).then_some(
                "the local stack stands on no function and on nothing that only functions need",
            )
        })?);
    }
    Ok(findings)
}

/// Whoever speaks to the public API only may be older or newer than it: no crate of ours but in tests.
fn insiders(root: &Path, manifest: &str) -> Result<Vec<Finding>> {
    let workspace = source::file(root, "Cargo.toml")?.unwrap_or_default();
    let ours: Vec<&str> =
        workspace.lines().filter_map(|line| line.split_once(" = { path = ")).map(|x| x.0).collect();
    unwanted(root, manifest, |dependency| {
        ours.contains(&dependency).then_some("this program knows the public API only")
    })
}

/// What makes fixtures is optional, and no product asks for it.
fn fixtures_in_the_product(root: &Path) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for parent in ["functions", "shared"] {
        for name in source::crates(root, parent) {
            let manifest = format!("{parent}/{name}/Cargo.toml");
            let text = source::file(root, &manifest)?.unwrap_or_default();
            for (line, dependency) in dependencies(&text) {
                let entry = text.lines().nth(line - 1).unwrap_or_default();
                let is_compulsory = dependency == "test-support" && !entry.contains("optional");
                let is_for_tests = ["\"testing\"", "\"schema\""].iter().any(|x| entry.contains(x));
                if is_compulsory || is_for_tests {
                    let message = format!("{dependency}: fixtures are for [dev-dependencies] only");
                    findings.push(Finding::new(&manifest, line, message));
                }
            }
        }
    }
    Ok(findings)
}

/// Crash points and seeded bugs reach a build by test-support alone, which no product links.
fn armed_products(root: &Path) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for parent in ["functions", "shared"] {
        for name in source::crates(root, parent).iter().filter(|name| *name != ARMS_TESTS) {
            let manifest = format!("{parent}/{name}/Cargo.toml");
            let text = source::file(root, &manifest)?.unwrap_or_default();
            let armed = text.lines().zip(1..).filter(|(line, _)| line.contains("\"armed\""));
            findings.extend(armed.map(|(_, line)| {
                Finding::new(&manifest, line, "only test-support arms crash points and bugs")
            }));
        }
    }
    Ok(findings)
}

/// What stands beside and above the foundations.
fn shared_crates(root: &Path) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for parent in ["functions", "shared"] {
        for name in source::crates(root, parent).iter().filter(|name| *name != AWS_BELONGS_TO) {
            let manifest = format!("{parent}/{name}/Cargo.toml");
            findings.extend(unwanted(root, &manifest, |dependency| {
                calls_aws(dependency).then_some("only message-sinks calls AWS")
            })?);
        }
    }
    for (name, must_not_use) in SHARED_MUST_NOT_USE {
        findings.extend(unwanted(root, &format!("shared/{name}/Cargo.toml"), |dependency| {
            must_not_use
                .contains(&dependency)
                .then_some("sinks and deliveries know nothing of what is beside or above them")
        })?);
    }
    for name in FOUNDATIONS {
        findings.extend(unwanted(root, &format!("shared/{name}/Cargo.toml"), |dependency| {
            ABOVE_THE_FOUNDATIONS
                .contains(&dependency)
                .then_some("stands above this crate: turn the dependency around")
        })?);
    }
    Ok(findings)
}

fn calls_aws(dependency: &str) -> bool {
    ["aws-config", "aws-credential-types", "aws-sigv4", "aws-types"].contains(&dependency)
        || ["aws-sdk-", "aws-smithy-"].iter().any(|prefix| dependency.starts_with(prefix))
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

pub(super) fn dependencies(manifest: &str) -> Vec<(usize, &str)> {
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

    #[test]
    fn what_calls_aws_is_told_from_other_crates_of_aws() {
        assert!(["aws-config", "aws-sdk-sqs", "aws-sigv4"].into_iter().all(calls_aws));
        assert!(!calls_aws("aws_lambda_events") && !calls_aws("aws-lc-rs"));
    }
}
