//! Whoever speaks to the engine has a test that holds what it sends against the pointers.
//!
//! The recorder is `test_support::pointers`; a topic that can refuse needs a second test, because a
//! BPMN error is another call with other content.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::{Finding, dependencies, source};

/// How the name of such a test begins; the rest says when.
const TEST: &str = "async fn the_engine_hears_only_pointers_when_";
/// A topic function whose model catches a refusal.
const CAN_REFUSE: &str = "bpmn_error: Some(";

/// They carry what others say, each with the reason why its own words need no test.
const CARRIERS: [(&str, &str); 3] = [
    ("shared/lambda-support", "its loop reports what a topic function answers"),
    ("shared/topic-worker", "its answers are recorded in every topic function"),
    ("functions/outbox-relay", "its deliveries are those of workflow-delivery"),
];

pub(super) fn check(root: &Path) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let mut speakers = 0;
    for parent in ["functions", "shared"] {
        for name in source::crates(root, parent) {
            let folder = format!("{parent}/{name}");
            let manifest = source::file(root, &format!("{folder}/Cargo.toml"))?;
            let uses = dependencies::dependencies(manifest.as_deref().unwrap_or_default());
            let speaks = uses.iter().any(|(_, dependency)| *dependency == "camunda-client");
            if speaks && !CARRIERS.iter().any(|(carrier, _)| *carrier == folder) {
                speakers += 1;
                let files = source::files(root, &folder, &[".rs"])?;
                findings.extend(missing(&folder, files.iter().map(|x| x.text.as_str())));
            }
        }
    }
    if speakers == 0 {
        findings.push(Finding::new("functions", 0, "nobody speaks to the engine here"));
    }
    Ok(findings)
}

fn missing<'a>(folder: &str, files: impl Iterator<Item = &'a str> + Clone) -> Option<Finding> {
    let tests: usize = files.clone().map(|text| text.matches(TEST).count()).sum();
    let expected = if files.clone().any(|text| text.contains(CAN_REFUSE)) { 2 } else { 1 };
    (tests < expected).then(|| {
        let message = format!(
            "speaks to the engine and has {tests} of {expected} tests `{TEST}…`: record what it \
             sends when it completes, and when it refuses"
        );
        Finding::new(PathBuf::from(folder), 0, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_that_can_refuse_records_both_calls() {
        let (completes, refuses) = (format!("{TEST}it_is_done() {{"), format!("{TEST}it_is_not"));
        let handler = "bpmn_error: Some(\"NO\")";

        assert_eq!(missing("x", [completes.as_str(), "bpmn_error: None"].into_iter()), None);
        assert!(missing("x", [completes.as_str(), handler].into_iter()).is_some());
        assert_eq!(missing("x", [&completes, &refuses, handler].into_iter()), None);
        assert!(missing("x", ["no test at all"].into_iter()).is_some());
    }
}
