use jiff::SignedDuration;

use super::*;

const POLICY: StepPolicy = StepPolicy {
    max_attempts: 3,
    base_delay: SignedDuration::from_millis(100),
    delay_cap: SignedDuration::from_secs(10),
    response_due: SignedDuration::from_secs(60),
    check_delay: SignedDuration::from_secs(1),
    max_checks: 2,
};

fn decide(status: S, answer: &A, source: AnswerSource) -> StepDecision {
    let facts = StepFacts { status, attempt_count: 1, check_count: 0, is_plan_frozen: false };
    decide_answer(facts, answer, source, &POLICY, (Timestamp::UNIX_EPOCH, Jitter::FULL))
}

fn answers() -> Vec<(&'static str, A)> {
    let text = || "x".to_owned();
    vec![
        (
            "Completed",
            A::Completed { external_reference: Some(text()), result: Characteristics::new() },
        ),
        ("Accepted", A::Accepted { external_reference: Some(text()) }),
        ("Rejected", A::Rejected { code: text(), external_reference: None }),
        ("RetryLater", A::RetryLater { retry_after_ms: None, detail: text() }),
        ("Refused", A::Refused { detail: text() }),
        ("Unknown", A::Unknown { detail: text(), is_contract_breach: false }),
        ("Absent", A::Absent),
        ("CannotTell", A::CannotTell { detail: text() }),
    ]
}

#[test]
fn the_status_times_answer_matrix_is_reviewed() {
    let mut matrix = String::new();
    for status in S::ALL {
        for (name, answer) in answers() {
            for source in [AnswerSource::Submit, AnswerSource::Query, AnswerSource::Callback] {
                let outcome = match decide(*status, &answer, source) {
                    StepDecision::Absorbed => "absorbed".to_owned(),
                    StepDecision::Contradiction => "contradiction".to_owned(),
                    StepDecision::Apply(x) => format!(
                        "{}{}{}",
                        x.next,
                        if x.is_held { " held" } else { "" },
                        x.fallout.map(|f| format!(" + {f:?}")).unwrap_or_default()
                    ),
                };
                matrix.push_str(&format!("{status:<10} {name:<10} {source:<8?} → {outcome}\n"));
            }
        }
    }
    insta::assert_snapshot!(matrix);
}

#[test]
fn a_step_in_an_unknown_state_becomes_ready_only_when_provably_not_executed() {
    for (name, answer) in answers() {
        let StepDecision::Apply(x) = decide(S::Unknown, &answer, AnswerSource::Query) else {
            continue;
        };
        let is_proof = matches!(name, "Absent" | "RetryLater" | "Refused");
        assert_eq!(x.next == S::Ready, is_proof, "{name}");
    }
}

#[test]
fn terminal_steps_absorb_every_answer() {
    for status in [S::Completed, S::Failed, S::Skipped, S::Cancelled] {
        for (name, answer) in answers() {
            let decision = decide(status, &answer, AnswerSource::Callback);
            assert!(!matches!(decision, StepDecision::Apply(_)), "{status} {name}");
        }
    }
}

#[test]
fn used_up_attempts_fail_the_step_with_a_case() {
    let facts = StepFacts {
        status: S::Submitting,
        attempt_count: 3,
        check_count: 0,
        is_plan_frozen: false,
    };
    let answer = A::RetryLater { retry_after_ms: None, detail: String::new() };

    let decision = decide_answer(
        facts,
        &answer,
        AnswerSource::Submit,
        &POLICY,
        (Timestamp::UNIX_EPOCH, Jitter::FULL),
    );

    let StepDecision::Apply(x) = decision else { panic!("must apply") };
    assert_eq!((x.next, x.fallout), (S::Failed, Some(StepFallout::RetriesExhausted)));
}

#[test]
fn used_up_checks_ask_a_person_and_the_step_stays_unknown() {
    let facts =
        StepFacts { status: S::Unknown, attempt_count: 1, check_count: 1, is_plan_frozen: false };
    let answer = A::CannotTell { detail: String::new() };

    let decision = decide_answer(
        facts,
        &answer,
        AnswerSource::Query,
        &POLICY,
        (Timestamp::UNIX_EPOCH, Jitter::FULL),
    );

    let StepDecision::Apply(x) = decision else { panic!("must apply") };
    assert_eq!((x.next, x.fallout), (S::Unknown, Some(StepFallout::UnknownOutcome)));
}

#[test]
fn in_a_frozen_plan_what_is_provably_not_executed_is_cancelled() {
    let facts =
        StepFacts { status: S::Unknown, attempt_count: 1, check_count: 0, is_plan_frozen: true };

    let decision = decide_answer(
        facts,
        &A::Absent,
        AnswerSource::Query,
        &POLICY,
        (Timestamp::UNIX_EPOCH, Jitter::FULL),
    );

    let StepDecision::Apply(x) = decision else { panic!("must apply") };
    assert_eq!(x.next, S::Cancelled);
}
