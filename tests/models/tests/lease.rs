//! Model (iii): leases and fencing.

#![expect(clippy::print_stdout, reason = "state counts and ways are what one runs the models for")]

use protocol_models::check::{exhaust, shortest_way_to_break};
use protocol_models::lease::{Bug, FENCED, LeaseModel, ONE_COMMIT, Row};

#[test]
fn whoever_was_superseded_commits_nothing_whatever_the_clocks_say() {
    println!("step: {:?}", exhaust(LeaseModel::of(Row::Step)));
    println!("outbox row: {:?}", exhaust(LeaseModel::of(Row::Outbox)));
}

#[test]
fn every_mistake_about_leases_is_found() {
    let mistakes = [
        (Bug::NoLeaseCheck, FENCED),
        (Bug::ClockInsteadOfEpoch, FENCED),
        (Bug::EpochNotRaised, FENCED),
        (Bug::StatusNotChecked, ONE_COMMIT),
    ];
    for (bug, property) in mistakes {
        let way = shortest_way_to_break(&LeaseModel::of(Row::Step).with(bug), property);

        println!("{bug:?} breaks \"{property}\" by {way:?}");
        assert!(way.is_some(), "{bug:?} goes unnoticed");
    }
}
