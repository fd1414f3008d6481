use proptest::prelude::*;

use super::super::policy::{LONGEST_HOLD, WINDOW};
use super::super::{CircuitRejection, CircuitWait, HoldDecision, sign_of};
use super::*;
use crate::step::answer::StepAnswer as A;

const START: Timestamp = Timestamp::UNIX_EPOCH;

fn at(seconds: i64) -> Timestamp {
    START + SignedDuration::from_secs(seconds)
}

fn answers(alive: u32, unavailable: u32) -> Answers {
    Answers { alive, unavailable, probe: None }
}

fn probe(sign: Sign) -> Answers {
    Answers::default().with(sign, true)
}

fn held() -> Hold {
    Hold { operator: "olga".to_owned(), reason_code: "MAINTENANCE".to_owned(), note: None }
}

/// A circuit in this status at the moment of the tests, by the straight way.
fn circuit(status: S) -> Circuit {
    let open = Circuit::closed(START).after(answers(0, 10), START);
    let waiting = Backlog { has_waiting: true, has_unanswered: false };
    let (probing, _) = open.moved(waiting, at(30));
    match status {
        S::Closed => Circuit::closed(START),
        S::Open => open,
        S::Probing => probing,
        S::Draining => probing.after(probe(Sign::Alive), at(30)),
    }
}

fn shown(circuit: &Circuit) -> String {
    let by = circuit.opened_by().map(|x| format!(" by {x}")).unwrap_or_default();
    let next = circuit.next_move_at.map(|x| x.duration_since(at(30)).as_secs());
    let next = next.map(|x| format!(", moves after {x} s")).unwrap_or_default();
    format!("{}{by}{next}", circuit.status)
}

fn asked(asked: Result<HoldDecision, CircuitRejection>) -> String {
    match asked {
        Ok(HoldDecision::Apply(x)) => shown(&x),
        Ok(HoldDecision::HeldLonger) => "held longer already".to_owned(),
        Err(rejection) => format!("refused {}", rejection.code()),
    }
}

#[test]
fn the_status_times_event_matrix_is_reviewed() {
    let now = at(30);
    let backlog = |has_waiting, has_unanswered| Backlog { has_waiting, has_unanswered };
    let mut matrix = String::new();
    for status in S::ALL {
        let before = circuit(*status);
        let moved = |x| {
            let (after, let_go) = before.moved(x, now);
            format!("{}, lets go {let_go:?}", shown(&after))
        };
        let hold = |minutes| before.hold(held(), (now + SignedDuration::from_mins(minutes), now));
        let release = before.release(DrainRate::DEFAULT, now);
        let rows = [
            ("2 good answers", shown(&before.after(answers(2, 0), now))),
            ("2 bad answers", shown(&before.after(answers(0, 2), now))),
            ("4 bad answers", shown(&before.after(answers(0, 4), now))),
            ("5 good, 5 bad", shown(&before.after(answers(5, 5), now))),
            ("6 good, 5 bad", shown(&before.after(answers(6, 5), now))),
            ("its probe is answered", shown(&before.after(probe(Sign::Alive), now))),
            ("its probe fails", shown(&before.after(probe(Sign::Unavailable), now))),
            ("its time, steps wait", moved(backlog(true, true))),
            ("its time, only questions", moved(backlog(false, true))),
            ("its time, nothing waits", moved(backlog(false, false))),
            ("hold for 10 minutes", asked(hold(10))),
            ("hold that is over", asked(hold(0))),
            ("hold for 8 days", asked(hold(8 * 24 * 60))),
            ("release", release.map_or_else(|x| format!("refused {}", x.code()), |x| shown(&x))),
        ];
        for (event, outcome) in rows {
            matrix.push_str(&format!("{:<8} {event:<25} → {outcome}\n", status.as_str()));
        }
    }
    insta::assert_snapshot!(matrix);
}

#[test]
fn which_step_may_be_sent_is_reviewed() {
    let mut matrix = String::new();
    for status in S::ALL {
        for wait in [None, Some(CircuitWait::Waiting), Some(CircuitWait::LetGo)] {
            let name = wait.map_or("NEW", CircuitWait::as_str);
            let may = if status.admits(wait) { "sent" } else { "waits" };
            matrix.push_str(&format!("{:<8} {name:<7} → {may}\n", status.as_str()));
        }
    }
    insta::assert_snapshot!(matrix);
}

#[test]
fn a_no_of_the_business_and_a_complaint_about_the_request_are_signs_of_life() {
    let text = || "x".to_owned();
    let rejected = A::Rejected { code: text(), external_reference: None };
    for answer in [rejected, A::Refused { detail: text() }, A::Absent] {
        assert_eq!(sign_of(&answer), Some(Sign::Alive), "{answer:?}");
    }
    for answer in [
        A::RetryLater { retry_after_ms: None, detail: text() },
        A::Unknown { detail: text(), is_contract_breach: false },
        A::CannotTell { detail: text() },
    ] {
        assert_eq!(sign_of(&answer), Some(Sign::Unavailable), "{answer:?}");
    }
    assert_eq!(sign_of(&A::NotSent { detail: text() }), None);
}

#[test]
fn it_opens_at_half_of_ten_answers_within_a_minute_and_not_on_what_is_older() {
    let nine = Circuit::closed(START).after(answers(4, 5), START);
    let late = START + WINDOW;

    assert_eq!(nine.status, S::Closed);
    assert_eq!(nine.after(answers(0, 1), at(59)).status, S::Open);
    assert_eq!(nine.after(answers(0, 1), late).status, S::Closed);
    assert_eq!(nine.after(answers(0, 1), late).window.failure_count, 1);
}

#[test]
fn good_answers_are_written_down_only_beside_bad_ones() {
    let well = Circuit::closed(START);
    let shaken = well.after(answers(0, 1), START);

    assert!(!well.needs(answers(50, 0), START));
    assert!(well.needs(answers(50, 1), START));
    assert!(shaken.needs(answers(1, 0), START));
    assert!(!shaken.needs(answers(1, 0), START + WINDOW));
    assert!(!circuit(S::Open).needs(answers(0, 50), START));
}

#[test]
fn a_failed_probe_doubles_the_pause_up_to_ten_minutes() {
    let waiting = Backlog { has_waiting: true, has_unanswered: false };
    let (mut circuit, mut pauses) = (circuit(S::Open), Vec::new());
    let mut opened_at = START;
    for _ in 0..7 {
        let due = circuit.next_move_at.unwrap();
        pauses.push(due.duration_since(opened_at).as_secs());
        let (probing, let_go) = circuit.moved(waiting, due);
        assert_eq!(let_go, LetGo::Steps(1));
        circuit = probing.after(probe(Sign::Unavailable), due);
        opened_at = due;
    }

    assert_eq!(pauses, [30, 60, 120, 240, 480, 600, 600]);
    assert_eq!(circuit.opening.as_ref().unwrap().at, START, "since when steps wait");
}

#[test]
fn a_probe_that_nobody_answers_is_followed_by_another_without_a_longer_pause() {
    let waiting = Backlog { has_waiting: true, has_unanswered: false };
    let probing = circuit(S::Probing);

    let (again, let_go) = probing.moved(waiting, probing.next_move_at.unwrap());

    assert_eq!((again.status, let_go), (S::Probing, LetGo::Steps(1)));
    assert_eq!(again.probe_count, probing.probe_count);
}

#[test]
fn the_later_end_of_two_holds_wins_and_a_hold_ends_by_itself() {
    let hold = |x: &Circuit, seconds| x.hold(held(), (at(seconds), START)).unwrap();
    let HoldDecision::Apply(first) = hold(&circuit(S::Closed), 100) else { panic!("held") };

    assert_eq!(hold(&first, 50), HoldDecision::HeldLonger);
    let HoldDecision::Apply(longer) = hold(&first, 200) else { panic!("held longer") };
    assert_eq!(longer.next_move_at, Some(at(200)));
    let (probing, _) = longer.moved(Backlog { has_waiting: true, ..Backlog::default() }, at(200));
    assert_eq!(probing.status, S::Probing);
    // A week is what may be asked for, to the second.
    let a_week = circuit(S::Open).hold(held(), (START + LONGEST_HOLD, START));
    assert!(
        matches!(a_week, Ok(HoldDecision::Apply(x)) if x.opened_by() == Some(CircuitCause::Operator))
    );
}

#[test]
fn a_system_that_fails_again_while_it_drains_waits_longer_than_before() {
    let draining = circuit(S::Draining);

    let again = draining.after(answers(1, 3), at(40));

    assert_eq!((again.status, again.probe_count), (S::Open, 1));
    assert_eq!(again.next_move_at, Some(at(100)));
    // With the probe that was answered these are two.
    assert_eq!(draining.after(answers(0, 1), at(40)).status, S::Draining, "too few to tell");
    assert_eq!(draining.after(answers(20, 3), at(40)).status, S::Draining, "now and then");
    assert!(draining.needs(answers(1, 0), at(40)), "good ones count from the first");
}

proptest! {
    #[test]
    fn draining_never_exceeds_the_rate_whatever_the_pauses(
        rate in 1_u32..=6000,
        pauses_ms in prop::collection::vec(1_i64..200_000, 1..120),
    ) {
        let rate = DrainRate::parse(rate).unwrap();
        let (mut now, mut due) = (START, START);
        let mut gone: Vec<(Timestamp, u32)> = Vec::new();
        for pause in pauses_ms {
            now += SignedDuration::from_millis(pause);
            let (count, next) = rate.due(due, now);
            gone.push((now, count));
            due = next;
        }
        // What two seconds are worth, rounded up, and the one that every window may begin with.
        let spare = rate.per_minute().div_ceil(30) + 1;
        for (begin, _) in &gone {
            let minute = gone.iter().filter(|(x, _)| x >= begin && x.duration_since(*begin).as_secs() < 60);
            let total: u32 = minute.map(|(_, count)| count).sum();
            prop_assert!(total <= rate.per_minute() + spare, "{total} in a minute at {rate:?}");
        }
    }

    #[test]
    fn whatever_happens_a_circuit_that_is_not_closed_has_a_timer_and_a_reason(
        events in prop::collection::vec((0_u8..7, 0_u32..12), 0..60),
    ) {
        let (mut circuit, mut now) = (Circuit::closed(START), START);
        for (event, n) in events {
            now += SignedDuration::from_secs(i64::from(n) * 7);
            let backlog = |x: u32| Backlog { has_waiting: x & 1 > 0, has_unanswered: x & 2 > 0 };
            circuit = match event {
                0 => circuit.after(answers(n, 0), now),
                1 => circuit.after(answers(0, n), now),
                2 => circuit.after(probe(Sign::Alive), now),
                3 => circuit.after(probe(Sign::Unavailable), now),
                4 => circuit.moved(backlog(n), now).0,
                5 => match circuit.hold(held(), (now + SignedDuration::from_secs(i64::from(n)), now)) {
                    Ok(HoldDecision::Apply(x)) => *x,
                    Ok(HoldDecision::HeldLonger) | Err(_) => circuit,
                },
                _ => circuit.release(DrainRate::DEFAULT, now).unwrap_or(circuit),
            };
            let is_closed = circuit.status == S::Closed;
            prop_assert_eq!(is_closed, circuit.next_move_at.is_none());
            prop_assert_eq!(is_closed, circuit.opening.is_none());
        }
    }
}
