use jiff::Timestamp;
use order_domain::ids::{OrderId, WorkflowRunId};
use order_domain::order::OrderStatus;

use super::*;

const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

fn check(status: CorrelationStatus) -> ProcessCheck {
    let order_id: OrderId = ID.parse().unwrap();
    let workflow_run_id: WorkflowRunId = ID.parse().unwrap();
    ProcessCheck {
        tenant: "acme".parse().unwrap(),
        order_id,
        process_instance_id: Some("recorded".to_owned()),
        workflow_run_id,
        status,
        started_at: Timestamp::UNIX_EPOCH,
        order_status: OrderStatus::FulfillmentInProgress,
        owes_start: false,
    }
}

fn instance(id: &str, state: HistoricState) -> HistoricInstance {
    HistoricInstance {
        id: id.to_owned(),
        process_definition_id: "d:1".to_owned(),
        business_key: None,
        state,
        start_time: Timestamp::UNIX_EPOCH,
        end_time: None,
        delete_reason: None,
    }
}

fn ended(how: &str) -> Verdict<'static> {
    Verdict::Missing(ProcessFinding::Ended(how.to_owned()))
}

#[test]
fn the_recorded_instance_is_kept_before_the_oldest_and_the_others_go() {
    let instances = [
        instance("older", HistoricState::Active),
        instance("recorded", HistoricState::Suspended),
        instance("gone", HistoricState::Completed),
    ];

    let running = check(CorrelationStatus::Running);

    assert_eq!(verdict(&running, &instances, false), Verdict::Alive { duplicates: vec!["older"] });
}

#[test]
fn an_instance_that_nobody_recorded_is_adopted_instead_of_starting_another() {
    let instances =
        [instance("older", HistoricState::Active), instance("newer", HistoricState::Active)];
    let adopted = Verdict::Adopt { instance: "older", duplicates: vec!["newer"] };

    for status in [CorrelationStatus::Starting, CorrelationStatus::Running, CorrelationStatus::Lost]
    {
        assert_eq!(verdict(&check(status), &instances, false), adopted, "{status}");
    }
}

#[test]
fn nothing_is_judged_while_a_start_is_owed() {
    let owed = ProcessCheck { owes_start: true, ..check(CorrelationStatus::Starting) };

    assert_eq!(verdict(&owed, &[], false), Verdict::Leave);
    let seen = [instance("started", HistoricState::Active)];
    assert_eq!(verdict(&owed, &seen, false), Verdict::Leave);
}

#[test]
fn an_instance_is_lost_only_when_neither_history_nor_runtime_knows_it() {
    let running = check(CorrelationStatus::Running);

    assert_eq!(verdict(&running, &[], true), Verdict::Alive { duplicates: vec![] });
    assert_eq!(verdict(&running, &[], false), Verdict::Missing(ProcessFinding::Lost));
}

#[test]
fn however_an_instance_ended_an_open_order_misses_it() {
    let running = check(CorrelationStatus::Running);
    for (state, how) in [
        (HistoricState::Completed, "COMPLETED"),
        (HistoricState::ExternallyTerminated, "EXTERNALLY_TERMINATED"),
        (HistoricState::InternallyTerminated, "INTERNALLY_TERMINATED"),
    ] {
        assert_eq!(verdict(&running, &[instance("recorded", state)], false), ended(how));
    }
}

#[test]
fn a_process_that_came_to_its_end_with_its_order_is_finished() {
    let done =
        ProcessCheck { order_status: OrderStatus::Completed, ..check(CorrelationStatus::Running) };
    let completed = [instance("recorded", HistoricState::Completed)];
    let deleted = [instance("recorded", HistoricState::ExternallyTerminated)];

    assert_eq!(verdict(&done, &completed, false), Verdict::Finished);
    // The customer may still be owed a word; the command looks.
    assert_eq!(verdict(&done, &deleted, false), ended("EXTERNALLY_TERMINATED"));
}

#[test]
fn a_start_that_is_neither_owed_nor_at_the_engine_was_forgotten() {
    let starting = ProcessCheck { process_instance_id: None, ..check(CorrelationStatus::Starting) };

    let forgotten = Verdict::Missing(ProcessFinding::NeverStarted);

    assert_eq!(verdict(&starting, &[], false), forgotten);
    let before = [instance("before", HistoricState::Completed)];
    assert_eq!(verdict(&starting, &before, false), forgotten);
}
