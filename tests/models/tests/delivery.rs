//! Model (ii): outbox, correlation, early callback, lanes. Tests named `…_today` show a flaw of the
//! product; whoever mends it sees them fail and turns them around.

#![expect(clippy::print_stdout, reason = "state counts and ways are what one runs the models for")]

use protocol_models::check::{exhaust, shortest_way_to_break};
use protocol_models::delivery::{
    ABSORBS, Bug, DeliveryModel, NOT_EARLY, NOT_FORGOTTEN, PutBack, Wait,
};
use protocol_models::lanes::{self, LaneModel};

fn is_found(model: DeliveryModel, property: &'static str) {
    let way = shortest_way_to_break(&model, property);

    println!("{:?} breaks \"{property}\" by {way:?}", model.bug);
    assert!(way.is_some(), "{model:?} goes unnoticed");
}

#[test]
fn a_process_hears_of_its_completed_plan_whoever_dies_and_whatever_is_lost() {
    println!("never put back: {:?}", exhaust(DeliveryModel::of(PutBack::Never)));
    println!("a new instance: {:?}", exhaust(DeliveryModel::of(PutBack::NewInstance)));
}

#[test]
fn a_process_put_back_within_its_instance_hears_of_its_completed_plan() {
    let model = DeliveryModel { can_suspend: false, ..DeliveryModel::of(PutBack::SameInstance) };

    println!("put back, not suspended: {:?}", exhaust(model));
}

#[test]
fn a_process_put_back_and_suspended_at_its_second_wait_hears_of_its_completed_plan() {
    println!("put back, suspended: {:?}", exhaust(DeliveryModel::of(PutBack::SameInstance)));
}

#[test]
fn a_relay_that_asks_for_finished_waits_only_is_found() {
    let model = DeliveryModel::of(PutBack::SameInstance).with(Bug::IgnoreOpenWait);
    is_found(model, NOT_FORGOTTEN);
}

#[test]
fn an_instance_put_back_to_the_wait_alone_is_forgotten_today() {
    is_found(DeliveryModel::of(PutBack::WaitOnly), NOT_FORGOTTEN);
}

#[test]
fn listening_only_after_the_release_is_found_once_an_instance_is_put_back() {
    let after = Wait::AfterWork;
    let never = DeliveryModel { wait: after, ..DeliveryModel::of(PutBack::Never) };
    println!("listens after the release: {:?}", exhaust(never));

    is_found(
        DeliveryModel {
            wait: after,
            can_suspend: false,
            ..DeliveryModel::of(PutBack::SameInstance)
        },
        NOT_FORGOTTEN,
    );
}

#[test]
fn no_match_taken_as_delivered_is_found() {
    is_found(DeliveryModel::of(PutBack::Never).with(Bug::NoMatchTakenAsDelivered), NOT_FORGOTTEN);
}

#[test]
fn a_row_deleted_before_its_delivery_is_found() {
    is_found(DeliveryModel::of(PutBack::Never).with(Bug::DeleteBeforeDelivery), NOT_FORGOTTEN);
}

#[test]
fn trusting_the_order_of_callbacks_is_found() {
    is_found(DeliveryModel::of(PutBack::Never).with(Bug::TrustCallbackOrder), ABSORBS);
}

#[test]
fn correlating_inside_the_callbacks_transaction_is_found() {
    is_found(DeliveryModel::of(PutBack::Never).with(Bug::CorrelateInsideTransaction), NOT_EARLY);
}

#[test]
fn owing_the_message_after_the_commit_is_found() {
    is_found(DeliveryModel::of(PutBack::Never).with(Bug::OweAfterCommit), NOT_FORGOTTEN);
}

#[test]
fn rows_of_a_lane_are_first_delivered_in_order_by_two_relays() {
    println!("lanes: {:?}", exhaust(LaneModel { bug: None }));
}

#[test]
fn every_mistake_about_lanes_is_found() {
    let mistakes = [
        (lanes::Bug::ClaimAnyOfLane, lanes::IN_ORDER),
        (lanes::Bug::DeadRowFreesItsLane, lanes::IN_ORDER),
        (lanes::Bug::DeleteBeforeDelivery, lanes::NOTHING_LOST),
        (lanes::Bug::LostAnswerTakenAsDelivered, lanes::NOTHING_LOST),
    ];
    for (bug, property) in mistakes {
        let way = shortest_way_to_break(&LaneModel { bug: Some(bug) }, property);

        assert!(way.is_some(), "{bug:?} goes unnoticed");
    }
}
