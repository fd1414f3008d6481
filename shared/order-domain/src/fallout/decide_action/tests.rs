use std::fmt::Write;

use super::super::action_facts::CaseLine;
use super::super::kind::CaseKind;
use super::*;
use crate::actor::Role;
use crate::line::LineStatus;
use crate::order::OrderStatus;
use crate::step::SendFacts;

const REJECTED: CaseStep = CaseStep {
    status: S::Failed,
    is_mandatory: true,
    is_held: false,
    has_exhausted_attempts: false,
    sends: SendFacts {
        first_sent_at: None,
        first_absent_at: None,
        asked_at: None,
        is_unproved: false,
        was_accepted: false,
    },
    can_be_queried: true,
    is_contradicted: false,
    is_passed: false,
};

const SUPERVISOR: Asker<'_> = Asker { roles: &[Role::OrderSupervisor], is_requester: false };

/// The usual situation of a case of this kind: a mandatory step was rejected, a line is open.
fn usual(kind: CaseKind) -> ActionFacts {
    let has_step = matches!(kind, K::Step | K::Contradiction);
    let line = CaseLine {
        status: LineStatus::Failed,
        is_mandatory: true,
        has_released_steps: true,
        has_steps_in_flight: false,
    };
    ActionFacts {
        order: OrderStatus::Fallout,
        is_plan_frozen: false,
        has_steps_in_flight: false,
        kind,
        status: CaseStatus::Open,
        requested: None,
        step: has_step.then_some(REJECTED),
        line: matches!(kind, K::Step | K::Contradiction | K::Completion).then_some(line),
        finding: None,
    }
}

fn in_status(status: CaseStatus, facts: ActionFacts) -> ActionFacts {
    let requested = (status == CaseStatus::AwaitingApproval).then_some(A::FailOrder);
    ActionFacts { status, requested, ..facts }
}

fn outcome(action: A, facts: &ActionFacts) -> String {
    match decide_action(action, SUPERVISOR, facts) {
        Ok(ActionDecision::Perform(effect)) => format!("{effect:?}"),
        Ok(ActionDecision::AwaitApproval(effect)) => format!("{effect:?} after approval"),
        Err(refusal) => format!("refused {}", refusal.code()),
    }
}

#[test]
fn the_role_times_status_times_action_matrix_is_reviewed() {
    let mut matrix = String::from("Who may ask\n");
    for action in A::ALL {
        let roles: Vec<&str> = action.roles().iter().map(|x| x.as_str()).collect();
        let _ = writeln!(matrix, "  {action}: {}", roles.join(", "));
    }
    for kind in CaseKind::ALL {
        let _ = writeln!(matrix, "\n{kind:?}, as a supervisor");
        for action in A::ALL {
            let at = |status| outcome(*action, &in_status(status, usual(kind)));
            let open = at(CaseStatus::Open);
            assert_eq!(open, at(CaseStatus::InProgress), "{kind:?} {action}");
            assert_eq!(open, at(CaseStatus::WaitingForInformation), "{kind:?} {action}");
            assert_eq!(at(CaseStatus::Resolved), "refused ACTION_NOT_ALLOWED_IN_STATUS");
            assert_eq!(at(CaseStatus::Cancelled), "refused ACTION_NOT_ALLOWED_IN_STATUS");
            let waiting = at(CaseStatus::AwaitingApproval);
            let _ = writeln!(matrix, "  {action}: {open} | awaiting approval: {waiting}");
        }
    }
    insta::assert_snapshot!(matrix);
}

#[test]
fn the_step_status_times_action_matrix_is_reviewed() {
    let actions = [
        A::RetryStep,
        A::ProvideInfo,
        A::SkipStep,
        A::ReplaceTarget,
        A::SettleOutcome,
        A::ReleaseStep,
        A::FailOrder,
    ];
    let doubtful = SendFacts { is_unproved: true, ..REJECTED.sends };
    let mut situations: Vec<(String, CaseStep)> = S::ALL
        .iter()
        .map(|status| (status.to_string(), CaseStep { status: *status, ..REJECTED }))
        .collect();
    let mut add = |name: &str, step| situations.push((name.to_owned(), step));
    add("FAILED, attempts used up", CaseStep { has_exhausted_attempts: true, ..REJECTED });
    add("FAILED, contradicted", CaseStep { is_contradicted: true, ..REJECTED });
    add("FAILED, optional and passed", CaseStep { is_passed: true, ..REJECTED });
    add("READY, held", CaseStep { status: S::Ready, is_held: true, ..REJECTED });
    add("READY, in doubt", CaseStep { status: S::Ready, sends: doubtful, ..REJECTED });
    add("UNKNOWN, mute", CaseStep { status: S::Unknown, can_be_queried: false, ..REJECTED });
    let mut matrix = String::new();
    for (name, step) in situations {
        let in_flight = step.status.is_in_flight() || step.sends.is_in_doubt();
        let facts = ActionFacts {
            step: Some(step),
            has_steps_in_flight: in_flight,
            ..usual(CaseKind::Step)
        };
        let _ = writeln!(matrix, "{name}");
        for action in actions {
            let _ = writeln!(matrix, "  {action}: {}", outcome(action, &facts));
        }
        let not_done = ActionFacts { finding: Some(OutcomeFinding::NotExecuted), ..facts };
        let _ = writeln!(matrix, "  not executed: {}", outcome(A::SettleOutcome, &not_done));
    }
    insta::assert_snapshot!(matrix);
}

#[test]
fn a_step_that_may_have_had_an_effect_is_never_sent_anew_skipped_or_replaced() {
    let doubtful = SendFacts { is_unproved: true, ..REJECTED.sends };
    for status in S::ALL.iter().copied().filter(|x| x.is_in_flight() || *x == S::Ready) {
        let step = CaseStep { status, sends: doubtful, ..REJECTED };
        let facts = ActionFacts { step: Some(step), ..usual(CaseKind::Step) };
        for action in [A::RetryStep, A::ProvideInfo, A::SkipStep, A::ReplaceTarget] {
            let decision = decide_action(action, SUPERVISOR, &facts);
            let is_harmless =
                matches!(decision, Err(_) | Ok(ActionDecision::Perform(ActionEffect::AskFirst)));
            assert!(is_harmless, "{status} {action}: {decision:?}");
        }
    }
}

#[test]
fn what_is_mandatory_is_left_out_only_with_the_consent_of_a_second_person() {
    for action in [A::SkipStep, A::WaiveLine, A::SettleOutcome] {
        let asked = decide_action(action, SUPERVISOR, &usual(CaseKind::Step));
        assert!(matches!(asked, Ok(ActionDecision::AwaitApproval(_))), "{action}: {asked:?}");
        let waiting = ActionFacts {
            status: CaseStatus::AwaitingApproval,
            requested: Some(action),
            ..usual(CaseKind::Step)
        };

        let own = Asker { is_requester: true, ..SUPERVISOR };
        assert_eq!(decide_action(A::Approve, own, &waiting), Err(R::ApproverMustDiffer));
        let agreed = decide_action(A::Approve, SUPERVISOR, &waiting);
        assert!(matches!(agreed, Ok(ActionDecision::Perform(_))), "{action}: {agreed:?}");
    }
}

#[test]
fn an_approval_is_refused_when_what_was_asked_for_is_no_longer_possible() {
    let sent_again = CaseStep { status: S::Submitting, ..REJECTED };
    let facts = ActionFacts {
        status: CaseStatus::AwaitingApproval,
        requested: Some(A::SkipStep),
        step: Some(sent_again),
        ..usual(CaseKind::Step)
    };

    assert_eq!(decide_action(A::Approve, SUPERVISOR, &facts), Err(R::StepInFlight));
}

#[test]
fn a_closed_order_takes_nothing_but_words_about_its_cases() {
    for order in OrderStatus::ALL.iter().copied().filter(|x| x.is_terminal()) {
        for action in A::ALL {
            let facts = ActionFacts { order, ..usual(CaseKind::Step) };
            let decision = decide_action(*action, SUPERVISOR, &facts);
            let is_about_words =
                matches!(action, A::AddNote | A::Assign | A::Escalate | A::Approve | A::Reject);
            assert!(is_about_words || decision == Err(R::OrderIsTerminal), "{action}");
        }
        let true_as_recorded = ActionFacts {
            order,
            finding: Some(OutcomeFinding::NotExecuted),
            ..usual(CaseKind::Contradiction)
        };
        let settled = decide_action(A::SettleOutcome, SUPERVISOR, &true_as_recorded);
        assert_eq!(settled, Ok(ActionDecision::AwaitApproval(ActionEffect::Confirm)));
    }
}

#[test]
fn every_refusal_has_a_code_of_its_own() {
    for refusal in R::ALL {
        assert_eq!(R::find(refusal.code()), Some(*refusal));
    }
}
