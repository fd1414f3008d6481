use jiff::SignedDuration;

use super::*;

const POLICY: StepPolicy = StepPolicy {
    max_attempts: 3,
    base_delay: SignedDuration::from_millis(100),
    delay_cap: SignedDuration::from_secs(10),
    response_due: SignedDuration::from_secs(60),
    check_delay: SignedDuration::from_secs(1),
    max_checks: 2,
    total_budget: SignedDuration::from_mins(10),
    honours_request_id: true,
    can_be_queried: true,
    absence_apart: SignedDuration::from_secs(15),
};

fn decide(status: S, answer: &A, source: AnswerSource) -> StepDecision {
    decide_after(status, false, answer, source)
}

fn decide_after(
    status: S,
    has_exhausted_attempts: bool,
    answer: &A,
    source: AnswerSource,
) -> StepDecision {
    let facts = StepFacts {
        status,
        attempt_count: 1,
        check_count: 0,
        is_plan_frozen: false,
        has_exhausted_attempts,
        sends: SendFacts::default(),
    };
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
        ("NotSent", A::NotSent { detail: text() }),
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
    let statuses = S::ALL.iter().map(|x| (x.to_string(), *x, false));
    for (said, status, is_exhausted) in statuses.chain([("EXHAUSTED".to_owned(), S::Failed, true)])
    {
        for (name, answer) in answers() {
            for source in [AnswerSource::Submit, AnswerSource::Query, AnswerSource::Callback] {
                let outcome = match decide_after(status, is_exhausted, &answer, source) {
                    StepDecision::Absorbed => "absorbed".to_owned(),
                    StepDecision::Contradiction => "contradiction".to_owned(),
                    StepDecision::Apply(x) => format!(
                        "{}{}{}",
                        x.next,
                        if x.is_held { " held" } else { "" },
                        x.fallout.map(|f| format!(" + {f:?}")).unwrap_or_default()
                    ),
                };
                matrix.push_str(&format!("{said} {name:<10} {source:<8?} → {outcome}\n"));
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
fn work_that_was_done_after_the_last_attempt_is_adopted_and_nothing_else_is() {
    for (name, answer) in answers() {
        let decision = decide_after(S::Failed, true, &answer, AnswerSource::Callback);

        match decision {
            StepDecision::Apply(x) => assert_eq!((name, x.next), ("Completed", S::Completed)),
            other => assert_eq!((name == "Completed", other), (false, StepDecision::Absorbed)),
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
        has_exhausted_attempts: false,
        sends: SendFacts::default(),
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
fn what_was_never_sent_counts_no_attempt() {
    let since = Timestamp::UNIX_EPOCH;
    let claimed = |attempt_count| StepFacts {
        status: S::Submitting,
        attempt_count,
        check_count: 0,
        is_plan_frozen: false,
        has_exhausted_attempts: false,
        sends: SendFacts::default().sent(since),
    };
    let after = |attempt_count| {
        let answer = A::NotSent { detail: String::new() };
        let (facts, at) = (claimed(attempt_count), (since, Jitter::FULL));
        match decide_answer(facts, &answer, AnswerSource::Submit, &POLICY, at) {
            StepDecision::Apply(x) => (x.next, x.attempt_count, x.sends.first_sent_at),
            other => panic!("must apply: {other:?}"),
        }
    };

    assert_eq!(after(1), (S::Ready, 0, None), "the budget has not begun");
    assert_eq!(after(3), (S::Ready, 2, Some(since)), "nor are the attempts used up");
}

#[test]
fn used_up_checks_ask_a_person_and_the_step_stays_unknown() {
    let facts = StepFacts {
        status: S::Unknown,
        attempt_count: 1,
        check_count: 1,
        is_plan_frozen: false,
        has_exhausted_attempts: false,
        sends: SendFacts::default(),
    };
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

/// An UNKNOWN step after `attempt_count` sends, asked at 20 s; `sends` says what is known.
fn asked(
    (attempt_count, is_plan_frozen): (u32, bool),
    sends: SendFacts,
    policy: &StepPolicy,
    answer: &A,
) -> StepMove {
    let facts = StepFacts {
        status: S::Unknown,
        attempt_count,
        check_count: 0,
        is_plan_frozen,
        has_exhausted_attempts: false,
        sends,
    };
    let now = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(20);
    let facts = StepFacts { sends: sends.asked(now), ..facts };
    match decide_answer(facts, answer, AnswerSource::Query, policy, (now, Jitter::FULL)) {
        StepDecision::Apply(x) => *x,
        other => panic!("must apply: {other:?}"),
    }
}

fn absent_since(seconds: i64) -> SendFacts {
    let first = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
    SendFacts { first_absent_at: Some(first), is_unproved: true, ..SendFacts::default() }
}

const ONLY_QUERIES: StepPolicy = StepPolicy { honours_request_id: false, ..POLICY };
const ONLY_IDS: StepPolicy = StepPolicy { can_be_queried: false, ..POLICY };
const MUTE: StepPolicy = StepPolicy { honours_request_id: false, can_be_queried: false, ..POLICY };

fn cannot_tell() -> A {
    A::CannotTell { detail: String::new() }
}

fn retry_later() -> A {
    A::RetryLater { retry_after_ms: None, detail: String::new() }
}

#[test]
fn one_absence_sends_the_same_id_again_only_where_ids_are_honoured() {
    let once = |policy| asked((1, false), SendFacts::default(), policy, &A::Absent);

    let (honoured, other) = (once(&POLICY), once(&ONLY_QUERIES));

    assert_eq!((honoured.next, honoured.sends.is_unproved), (S::Ready, true));
    assert_eq!(other.next, S::Unknown);
    assert!(other.sends.first_absent_at.is_some());
    assert!(other.check_at >= Some(Timestamp::UNIX_EPOCH + SignedDuration::from_secs(35)));
}

#[test]
fn two_absences_prove_something_only_when_they_are_far_enough_apart() {
    let after = |first| asked((1, false), absent_since(first), &ONLY_QUERIES, &A::Absent);

    let (early, late) = (after(6), after(5));

    assert_eq!(
        (early.next, early.sends.first_absent_at),
        (S::Unknown, absent_since(6).first_absent_at)
    );
    assert_eq!((late.next, late.sends.is_in_doubt()), (S::Ready, false));
}

#[test]
fn an_absence_that_was_long_on_its_way_is_as_old_as_its_question() {
    let since = Timestamp::UNIX_EPOCH;
    let asked_at = |seconds| {
        let at = since + SignedDuration::from_secs(seconds);
        absent_since(0).asked(at).is_absence_proved(POLICY.absence_apart)
    };

    assert_eq!([asked_at(14), asked_at(15)], [false, true]);
}

#[test]
fn absent_requests_use_up_attempts_and_end_in_a_case() {
    let once = asked((3, false), SendFacts::default(), &POLICY, &A::Absent);
    let twice = asked((3, false), absent_since(0), &POLICY, &A::Absent);

    assert_eq!((once.next, once.fallout), (S::Unknown, None), "one proves nothing for good");
    assert_eq!((twice.next, twice.fallout), (S::Failed, Some(StepFallout::RetriesExhausted)));
}

#[test]
fn an_accepted_request_that_its_system_denies_is_never_sent_again() {
    let accepted = |sends: SendFacts| SendFacts { was_accepted: true, ..sends };
    let once = asked((1, false), accepted(SendFacts::default()), &POLICY, &A::Absent);
    let twice = asked((1, false), accepted(absent_since(0)), &POLICY, &A::Absent);

    assert_eq!((once.next, once.fallout), (S::Unknown, None));
    assert_eq!((twice.next, twice.fallout), (S::Unknown, Some(StepFallout::UnknownOutcome)));
}

#[test]
fn a_system_that_only_honours_ids_is_sent_the_same_id_until_attempts_are_used_up() {
    let again = asked((2, false), SendFacts::default(), &ONLY_IDS, &cannot_tell());
    let over = asked((3, false), SendFacts::default(), &ONLY_IDS, &cannot_tell());

    assert_eq!((again.next, again.sends.is_unproved), (S::Ready, true));
    assert_eq!((over.next, over.fallout), (S::Unknown, Some(StepFallout::UnknownOutcome)));
}

#[test]
fn a_mute_system_is_given_to_a_person_at_once() {
    let x = asked((1, false), SendFacts::default(), &MUTE, &cannot_tell());

    assert_eq!((x.next, x.fallout), (S::Unknown, Some(StepFallout::UnknownOutcome)));
}

#[test]
fn a_last_attempt_that_was_not_executed_fails_nothing_while_an_earlier_one_is_in_doubt() {
    let x = asked((3, false), absent_since(0), &ONLY_IDS, &retry_later());

    assert_eq!((x.next, x.fallout), (S::Unknown, None));
}

#[test]
fn the_budget_ends_the_attempts_like_their_number() {
    let brief = StepPolicy { total_budget: SignedDuration::from_secs(10), ..POLICY };
    let since_zero =
        SendFacts { first_sent_at: Some(Timestamp::UNIX_EPOCH), ..SendFacts::default() };

    let inside = asked((1, false), since_zero, &POLICY, &retry_later());
    let outside = asked((1, false), since_zero, &brief, &retry_later());

    assert_eq!(inside.next, S::Ready);
    assert_eq!((outside.next, outside.fallout), (S::Failed, Some(StepFallout::RetriesExhausted)));
}

#[test]
fn in_a_frozen_plan_a_step_is_cancelled_only_when_nothing_can_have_been_done() {
    let frozen = |sends, policy: &StepPolicy, answer: &A| asked((1, true), sends, policy, answer);

    assert_eq!(frozen(SendFacts::default(), &POLICY, &A::Absent).next, S::Unknown);
    assert_eq!(frozen(absent_since(0), &POLICY, &A::Absent).next, S::Cancelled);
    assert_eq!(frozen(SendFacts::default(), &POLICY, &retry_later()).next, S::Cancelled);
    assert_eq!(frozen(absent_since(0), &POLICY, &retry_later()).next, S::Unknown);
    let unaskable = frozen(SendFacts::default(), &ONLY_IDS, &cannot_tell());
    assert_eq!(
        (unaskable.next, unaskable.fallout),
        (S::Unknown, Some(StepFallout::UnknownOutcome))
    );
}
