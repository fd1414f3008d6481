use std::fmt::Write as _;

use super::*;

/// The whole table, for a reviewer: who asks for what, where, and what it comes to.
#[test]
fn the_table_of_commands_is_as_reviewed() {
    let mut table = String::new();
    for role in Role::ALL {
        for is_requester in [true, false] {
            let who = if is_requester { "who prepared it" } else { "another person" };
            writeln!(table, "{role}, {who}:").unwrap();
            for status in S::ALL {
                let asker = BulkAsker { roles: &[*role], is_requester };
                let answer = |command: &BulkCommand| {
                    let ways = [false, true].map(|is_approved| {
                        let place = (*status, is_approved);
                        decide_command(*command, place, (FalloutAction::RetryStep, asker))
                            .map_or_else(|refusal| refusal.code().to_owned(), |x| x.to_string())
                    });
                    let [before, after] = ways;
                    let both = if before == after { before } else { format!("{before} | {after}") };
                    format!("{command}: {both}")
                };
                let answers: Vec<String> = BulkCommand::ALL.iter().map(answer).collect();
                writeln!(table, "  {status}  {}", answers.join(", ")).unwrap();
            }
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn nobody_lets_go_alone_what_they_prepared() {
    for role in Role::ALL {
        let asker = BulkAsker { roles: &[*role], is_requester: true };
        let place = (S::AwaitingApproval, false);
        let decided =
            decide_command(BulkCommand::Approve, place, (FalloutAction::RetryStep, asker));

        assert!(decided.is_err(), "{role}");
    }
}

#[test]
fn what_needs_a_second_person_for_one_case_is_not_offered_for_many() {
    let offered: Vec<&str> =
        FalloutAction::ALL.iter().filter(|x| x.is_for_many()).map(|x| x.as_str()).collect();

    assert_eq!(
        offered,
        [
            "retry-step",
            "replace-target",
            "release-step",
            "revalidate",
            "retry-decomposition",
            "retry-billing",
            "retry-completion",
            "escalate",
            "assign",
            "add-note"
        ]
    );
}
