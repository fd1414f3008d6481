//! One test per rule, so that a report names the broken rule.

use super::*;

fn assert_no_findings(check: Check) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let findings = check(root).unwrap();
    let list: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(list.is_empty(), "{} findings:\n{}", list.len(), list.join("\n"));
}

#[test]
fn files_functions_and_migrations_stay_within_their_budgets() {
    assert_no_findings(budgets::check);
}

#[test]
fn every_crate_has_a_readme_of_10_to_25_lines() {
    assert_no_findings(readme::check);
}

#[test]
fn every_function_crate_has_its_entry_and_alarm_in_the_template() {
    assert_no_findings(functions::check);
}

#[test]
fn every_topic_has_a_crate_or_an_issue_that_brings_it() {
    assert_no_findings(topics::check);
}

#[test]
fn every_code_a_caller_can_see_is_documented() {
    assert_no_findings(codes::check);
}

#[test]
fn who_speaks_to_the_engine_has_tests_of_what_it_says() {
    assert_no_findings(pointers::check);
}

#[test]
fn tests_that_documents_name_as_evidence_exist() {
    assert_no_findings(evidence::check);
}

#[test]
fn migrations_are_unchanged_since_they_landed() {
    assert_no_findings(migrations::check);
}

#[test]
fn dependencies_point_in_the_direction_of_the_architecture() {
    assert_no_findings(dependencies::check);
}

#[test]
fn no_file_names_a_path_of_somebodys_machine() {
    assert_no_findings(paths::check);
}

#[test]
fn a_workspace_without_anything_is_full_of_findings() {
    let empty = std::env::temp_dir().join(format!("oms-tidy-{}", std::process::id()));
    std::fs::create_dir_all(&empty).unwrap();

    let silent: Vec<&str> = CHECKS
        .iter()
        .filter(|(_, check)| check(&empty).unwrap().is_empty())
        .map(|(rule, _)| *rule)
        .collect();

    std::fs::remove_dir_all(&empty).unwrap();
    assert_eq!(silent, ["no file names a path of somebody's machine"]);
}
