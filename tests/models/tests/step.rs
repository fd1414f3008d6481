//! Model (i): submit, crash, reconcile.

#![expect(clippy::print_stdout, reason = "state counts and ways are what one runs the models for")]

use protocol_models::check::{exhaust, shortest_way_to_break};
use protocol_models::step::{
    ABSORBS, Bug, CANCELLED_IS_TRUE, HAS_OWNER, Lateness, NEVER_BLIND, ONE_EFFECT, ONE_REQUEST_ID,
    SENDS_END, StepModel,
};

fn keeps_every_promise(name: &str, model: StepModel) {
    let explored = exhaust(model);

    println!("{name}: {explored:?}");
    assert!(explored.states <= 2_000_000, "the model grew out of hand: {explored:?}");
}

fn is_found(model: StepModel, property: &'static str) {
    let way = shortest_way_to_break(&model, property);

    println!("{:?} breaks \"{property}\" by {way:?}", model.bug);
    assert!(way.is_some(), "{:?} goes unnoticed", model.bug);
}

#[test]
fn a_system_that_honours_ids_and_can_be_queried_has_one_effect_however_late_a_submit_arrives() {
    keeps_every_promise("honours ids, can be queried", StepModel::of(true, true));
}

#[test]
fn a_system_that_honours_ids_and_cannot_be_queried_has_one_effect() {
    keeps_every_promise("honours ids, cannot be queried", StepModel::of(true, false));
}

#[test]
fn a_system_that_can_only_be_queried_has_one_effect_while_submits_arrive_within_the_grace() {
    keeps_every_promise("no ids, can be queried", StepModel::of(false, true));
}

#[test]
fn a_system_that_can_only_be_queried_has_the_stated_window_beyond_the_grace() {
    let mut model = StepModel::of(false, true);
    model.lateness = Lateness::Unbounded;

    is_found(model, ONE_EFFECT);
}

#[test]
fn a_system_that_can_do_neither_is_never_sent_an_unknown_request_again() {
    keeps_every_promise("no ids, cannot be queried", StepModel::of(false, false));
}

#[test]
fn two_runs_of_reconciliation_share_one_memory_of_the_first_absence() {
    keeps_every_promise("two runs, absence per attempt", two_runs());
}

#[test]
fn an_absence_that_outlives_a_send_is_found() {
    is_found(two_runs().with(Bug::AbsenceOutlivesSend), ONE_EFFECT);
}

fn two_runs() -> StepModel {
    StepModel { executors: 1, reconcilers: 2, ..StepModel::of(false, true) }
}

const KINDS: [(bool, bool); 4] = [(true, true), (true, false), (false, true), (false, false)];

#[test]
fn a_step_of_a_frozen_plan_is_cancelled_only_when_its_request_had_no_effect() {
    for (honours, queried) in KINDS {
        keeps_every_promise("frozen", freezing(honours, queried));
    }
}

#[test]
fn a_freeze_that_cancels_what_may_have_been_done_is_found() {
    for queried in [true, false] {
        let model = freezing(true, queried).with(Bug::FreezeCancelsWhatIsInDoubt);

        is_found(model, CANCELLED_IS_TRUE);
    }
}

fn freezing(honours: bool, queried: bool) -> StepModel {
    let model = StepModel::of(honours, queried);
    StepModel {
        can_freeze: true,
        lateness: Lateness::Bounded,
        executors: 1,
        reconcilers: 1,
        ..model
    }
}

#[test]
fn a_request_that_is_lost_every_time_is_sent_the_most_attempts_and_then_a_person_is_asked() {
    for (honours, queried) in KINDS {
        let model = StepModel::of(honours, queried);
        keeps_every_promise("sends end", StepModel { must_end: true, ..model });
    }
}

#[test]
fn an_absence_that_uses_up_no_attempt_is_found() {
    let model = StepModel::of(true, true).with(Bug::AbsenceUsesUpNothing);

    is_found(StepModel { must_end: true, ..model }, SENDS_END);
}

#[test]
fn a_new_request_id_per_attempt_is_found() {
    is_found(StepModel::of(true, true).with(Bug::NewRequestIdPerAttempt), ONE_REQUEST_ID);
}

#[test]
fn a_resend_without_a_query_is_found() {
    is_found(StepModel::of(true, true).with(Bug::ResendWithoutQuery), NEVER_BLIND);
    is_found(StepModel::of(false, true).with(Bug::ResendWithoutQuery), ONE_EFFECT);
}

#[test]
fn a_missing_lease_check_is_found() {
    is_found(StepModel::of(true, true).with(Bug::NoLeaseCheck), NEVER_BLIND);
}

#[test]
fn one_absence_where_two_are_needed_is_found() {
    is_found(StepModel::of(false, true).with(Bug::OneAbsenceIsEnough), ONE_EFFECT);
}

#[test]
fn a_blind_retry_of_a_mute_system_is_found() {
    let model = StepModel::of(false, false).with(Bug::BlindRetryOfMuteSystem);

    is_found(model, NEVER_BLIND);
    is_found(model, ONE_EFFECT);
}

#[test]
fn a_late_answer_that_overwrites_a_settled_step_is_found() {
    is_found(StepModel::of(true, true).with(Bug::LateAnswerOverwrites), ABSORBS);
}

#[test]
fn an_unknown_step_without_a_next_check_is_found() {
    is_found(StepModel::of(true, true).with(Bug::NoNextCheck), HAS_OWNER);
}
