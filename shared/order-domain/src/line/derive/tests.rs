use uuid::Uuid;

use super::*;

fn line(number: u128, parent: Option<u128>, counts: (u32, u32, u32)) -> LineFacts {
    let id = |n| OrderLineId::from_uuid(Uuid::from_u128(n));
    LineFacts {
        id: id(number),
        parent: parent.map(id),
        status: LineStatus::NotStarted,
        step_count: counts.0,
        remaining_step_count: counts.1,
        failed_step_count: counts.2,
        skipped_step_count: 0,
        is_started: false,
    }
}

fn derived(lines: &[LineFacts]) -> Vec<LineStatus> {
    let changes = derive_line_statuses(lines);
    lines
        .iter()
        .map(|x| changes.iter().find(|(id, _)| *id == x.id).map_or(x.status, |(_, s)| *s))
        .collect()
}

#[test]
fn a_line_with_neither_steps_nor_children_is_fulfilled_when_fulfillment_starts() {
    assert_eq!(derived(&[line(1, None, (0, 0, 0))]), [LineStatus::Fulfilled]);
}

#[test]
fn a_bundle_parent_is_fulfilled_with_its_last_child() {
    let open = [line(1, None, (0, 0, 0)), line(2, Some(1), (2, 0, 0)), line(3, Some(1), (1, 1, 0))];
    let done = [line(1, None, (0, 0, 0)), line(2, Some(1), (2, 0, 0)), line(3, Some(1), (1, 0, 0))];

    use LineStatus::{Fulfilled, InProgress, NotStarted};
    assert_eq!(derived(&open), [InProgress, Fulfilled, NotStarted]);
    assert_eq!(derived(&done), [Fulfilled, Fulfilled, Fulfilled]);
}

#[test]
fn bundles_in_bundles_settle_level_by_level() {
    let lines =
        [line(1, None, (0, 0, 0)), line(2, Some(1), (0, 0, 0)), line(3, Some(2), (1, 0, 0))];

    assert_eq!(derived(&lines), [LineStatus::Fulfilled; 3]);
}

#[test]
fn a_failed_mandatory_step_fails_the_line_and_its_retry_brings_it_back() {
    let mut failed = line(1, None, (2, 2, 1));
    failed.is_started = true;
    assert_eq!(derived(&[failed]), [LineStatus::Failed]);

    failed.status = LineStatus::Failed;
    failed.failed_step_count = 0;
    assert_eq!(derived(&[failed]), [LineStatus::InProgress]);
}

#[test]
fn a_line_that_is_settled_without_a_mandatory_step_is_waived_and_not_fulfilled() {
    let mut skipped = line(1, None, (2, 0, 0));
    skipped.skipped_step_count = 1;
    let mut open = line(2, None, (2, 1, 0));
    open.skipped_step_count = 1;

    assert_eq!(derived(&[skipped]), [LineStatus::Waived]);
    assert_eq!(derived(&[open]), [LineStatus::InProgress]);
}

#[test]
fn a_waived_line_keeps_its_status_whatever_its_steps_say() {
    let mut waived = line(1, None, (2, 2, 1));
    waived.status = LineStatus::Waived;

    assert_eq!(derived(&[waived]), [LineStatus::Waived]);
}
