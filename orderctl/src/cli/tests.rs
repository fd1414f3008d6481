use clap::CommandFactory;
use order_domain::bulk::BulkItemStatus as DomainItemStatus;
use order_domain::fallout::{FalloutAction, Severity as DomainSeverity};
use order_domain::order::OrderStatus as DomainStatus;

use super::*;

/// Every command with its words, the deepest last.
fn commands(command: &clap::Command, words: &str, found: &mut Vec<(String, clap::Command)>) {
    let words = format!("{words} {}", command.get_name()).trim().to_owned();
    found.push((words.clone(), command.clone().bin_name(words.clone())));
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        commands(below, &words, found);
    }
}

fn all_commands() -> Vec<(String, clap::Command)> {
    let mut root = Cli::command();
    root.build();
    let mut found = Vec::new();
    commands(&root, "", &mut found);
    found
}

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn the_help_of_every_command_is_reviewed() {
    for (words, mut command) in all_commands() {
        let help = command.render_long_help().to_string();
        let help: Vec<&str> = help.lines().map(str::trim_end).collect();
        insta::assert_snapshot!(words.replace(' ', "_"), help.join("\n"));
    }
}

#[test]
fn every_action_says_what_it_does_and_what_it_cannot_undo() {
    for (words, command) in all_commands() {
        if words.contains(" act ") {
            let about = command.get_long_about().map(ToString::to_string).unwrap_or_default();
            assert!(about.split_once("\n\n").is_some_and(|(_, more)| more.len() > 30), "{words}");
        }
    }
}

#[test]
fn no_option_of_a_command_hides_a_global_one() {
    for (words, command) in all_commands() {
        let mut names: Vec<String> =
            command.get_arguments().filter_map(|x| x.get_long()).map(str::to_owned).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count, "{words}");
    }
}

#[test]
fn statuses_and_severities_are_those_of_the_domain() {
    let ours: Vec<String> =
        OrderStatus::value_variants().iter().map(|status| status.as_str()).collect();
    let theirs: Vec<&str> = DomainStatus::ALL.iter().map(|status| status.as_str()).collect();
    assert_eq!(ours, theirs);

    let ours: Vec<String> = Severity::value_variants().iter().map(|x| x.as_str()).collect();
    let theirs: Vec<&str> = DomainSeverity::ALL.iter().map(|x| x.as_str()).collect();
    assert_eq!(ours, theirs);
}

#[test]
fn what_is_offered_for_many_cases_is_what_the_domain_offers_for_many() {
    let ours: Vec<String> =
        BulkCaseAction::value_variants().iter().map(|action| action.as_str()).collect();
    let theirs: Vec<&str> =
        FalloutAction::ALL.iter().filter(|x| x.is_for_many()).map(|x| x.as_str()).collect();
    assert_eq!(sorted(&ours), sorted(&theirs));

    let ours: Vec<String> = BulkItemStatus::value_variants().iter().map(|x| x.as_str()).collect();
    let theirs: Vec<&str> = DomainItemStatus::ALL.iter().map(|x| x.as_str()).collect();
    assert_eq!(ours, theirs);
}

fn sorted<T: AsRef<str>>(texts: &[T]) -> Vec<&str> {
    let mut texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
    texts.sort_unstable();
    texts
}
