//! The life of a bulk action: who may move it, what it waits for, and what ends it.

use jiff::SignedDuration;
use order_domain::bulk::{BulkCommand, BulkForecast, BulkItemStatus as I, BulkRefusal, BulkStatus};
use order_domain::fallout::FalloutAction;
use order_domain::step::answer::StepAnswer;
use order_store::commands::{
    ActionInput, BulkMoved, BulkOutcome, BulkPrepared, MoveBulkAction, PrepareBulkAction,
};
use serde_json::json;
use test_support::operations::rejected;

use crate::world::{OPERATOR, SUPERVISOR, World};

fn refusal<T: std::fmt::Debug>(outcome: BulkOutcome<T>) -> BulkRefusal {
    match outcome {
        BulkOutcome::Refused(refusal) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_dry_run_says_what_would_happen_and_changes_no_order() {
    let world = World::with_cases(12).await;
    // Somebody retried one by hand; of two others the system was never asked, or cannot be.
    let db = &world.stage.db;
    let case =
        |n: u32| format!("(select id from order_fallout_case order by id limit 1 offset {n})");
    let step = |n: u32| {
        format!("(select fulfillment_step_id from order_fallout_case where id = {})", case(n))
    };
    db.execute(&format!(
        "update fulfillment_step set status = 'READY', failure_code = null,
        next_attempt_at = now() + interval '1 hour' where id = {}",
        step(0)
    ))
    .await;
    db.execute(&format!(
        "update fulfillment_step set status = 'UNKNOWN', failure_code = null,
        response_due_at = now() + interval '1 hour' where id = {}",
        step(1)
    ))
    .await;
    db.execute(&format!(
        "update order_fallout_case set status = 'RESOLVED', resolved_at = now() where id = {}",
        case(2)
    ))
    .await;
    let before = db.number("select sum(version)::bigint from product_order").await;

    let id = world.prepared(&world.retry()).await;

    let detail = world.detail(id).await;
    assert_eq!(detail.bulk.status, BulkStatus::Prepared);
    assert_eq!(detail.bulk.item_count, 11, "the closed case is none of them");
    let counts = world.counts(id).await;
    assert_eq!((counts.of(I::Pending), counts.of(I::Excluded)), (10, 1));
    let excluded = detail.groups.iter().find(|x| x.status == I::Excluded).unwrap();
    assert_eq!(excluded.code.as_deref(), Some("STEP_ALREADY_DUE"));
    assert_eq!(excluded.samples.len(), 1);
    assert_eq!(detail.forecasts()[&BulkForecast::Resend], 9);
    let asked = detail.forecasts().get(&BulkForecast::Adopt).copied();
    assert_eq!(asked, Some(1), "{:?}", detail.groups);
    assert_eq!(db.number("select sum(version)::bigint from product_order").await, before);
    assert_eq!(db.number("select count(*) from fallout_action").await, 0);
    world.stage.db.finish().await;
}

#[tokio::test]
async fn a_step_of_a_system_that_cannot_be_asked_is_left_out_because_nobody_can_tell() {
    let world = World::with_cases(3).await;
    let db = &world.stage.db;
    db.execute(
        "update fulfillment_step set status = 'UNKNOWN', failure_code = null,
        response_due_at = now() + interval '1 hour' where target_system = 'LOGISTICS'",
    )
    .await;

    let mute = json!({"capabilities": {"honoursRequestId": false, "canBeQueried": false, "canCancel": false}});
    world.stage.configure("LOGISTICS", "http://127.0.0.1:9", mute).await;

    let id = world.prepared(&world.retry()).await;

    let detail = world.detail(id).await;
    assert_eq!(detail.bulk.status, BulkStatus::Completed, "there is nothing to start");
    assert_eq!(detail.forecasts()[&BulkForecast::CannotTell], 3);
    assert_eq!(detail.groups[0].code.as_deref(), Some("OUTCOME_CANNOT_BE_ASKED"));
    world.stage.db.finish().await;
}

#[tokio::test]
async fn the_first_few_are_tried_and_the_others_wait_for_another_person() {
    let world = World::with_cases(12).await;
    let id = world.prepared(&world.retry()).await;

    world.moved(OPERATOR, id, BulkCommand::Start).await;
    world.round().await;
    assert_eq!(world.count(id, I::Running).await, 5);
    world.stage.answer_every_order(|_| None).await;
    world.round_later().await;

    assert_eq!(world.status(id).await, BulkStatus::AwaitingApproval);
    let counts = world.counts(id).await;
    assert_eq!((counts.of(I::Resolved), counts.of(I::Pending)), (5, 7));
    let own = world.command(OPERATOR, id, BulkCommand::Approve).await;
    assert_eq!(refusal(own), BulkRefusal::RoleNotAllowed);
    world.moved(SUPERVISOR, id, BulkCommand::Approve).await;
    world.round().await;
    world.stage.answer_every_order(|_| None).await;
    world.round_later().await;
    assert_eq!(world.status(id).await, BulkStatus::Completed);
    assert_eq!(world.count(id, I::Resolved).await, 12);
    world.stage.db.finish().await;
}

#[tokio::test]
async fn a_supervisor_lets_nothing_go_that_is_their_own() {
    let world = World::with_cases(7).await;
    let outcome = world.prepare(SUPERVISOR, &world.retry()).await;
    let BulkOutcome::Done(BulkPrepared { bulk_action_id: id, .. }) = outcome else {
        panic!("{outcome:?}")
    };
    world.round().await;
    world.moved(SUPERVISOR, id, BulkCommand::Start).await;
    world.round().await;
    world.stage.answer_every_order(|_| None).await;
    world.round_later().await;

    let own = world.command(SUPERVISOR, id, BulkCommand::Approve).await;

    assert_eq!(refusal(own), BulkRefusal::ApproverMustDiffer);
    let audited = "select count(*) from audit_entry where command = 'approve_bulk_action'
        and outcome = 'REFUSED' and code = 'APPROVER_MUST_DIFFER' and actor_name = 'sven'";
    assert_eq!(world.stage.db.number(audited).await, 1);
    world.stage.db.finish().await;
}

#[tokio::test]
async fn each_case_tells_whether_it_was_resolved_or_failed_again_after_it_was_carried_out_again() {
    let world = World::with_cases(5).await;
    let id = world.prepared(&world.retry()).await;
    world.moved(OPERATOR, id, BulkCommand::Start).await;
    world.round().await;
    let mut answered = std::sync::atomic::AtomicU32::new(0);
    // Two are refused again, one is accepted only, and two are done.
    let (_, others) = world
        .stage
        .answer_every_order(|x| {
            if x.target_system != "LOGISTICS" {
                return None;
            }
            match answered.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
                0 | 1 => Some(rejected("NO_STOCK")),
                2 => Some(StepAnswer::Accepted { external_reference: None }),
                _ => None,
            }
        })
        .await;
    assert_eq!((others, *answered.get_mut()), (3, 5));
    world.round_later().await;

    let counts = world.counts(id).await;
    assert_eq!((counts.of(I::Resolved), counts.of(I::FailedAgain)), (2, 2), "{counts:?}");
    assert_eq!(counts.of(I::Running), 1, "of one nobody has heard yet");
    let detail = world.detail(id).await;
    let again = detail.groups.iter().find(|x| x.status == I::FailedAgain).unwrap();
    assert_eq!(again.code.as_deref(), Some("NO_STOCK"));

    world.stage.advance(SignedDuration::from_hours(1));
    world.round().await;
    assert_eq!(world.status(id).await, BulkStatus::Completed);
    assert_eq!(world.count(id, I::StillRunning).await, 1);
    world.stage.db.finish().await;
}

#[tokio::test]
async fn what_changed_since_it_was_selected_is_left_alone() {
    let world = World::with_cases(6).await;
    let id = world.approved(&PrepareBulkAction { canary_size: 1, ..world.retry() }).await;
    let spoiled = world.spoil_every(3).await;

    world.round().await;

    assert_eq!(i64::from(world.count(id, I::Refused).await), spoiled);
    let detail = world.detail(id).await;
    let refused = detail.groups.iter().find(|x| x.status == I::Refused).unwrap();
    assert_eq!(refused.code.as_deref(), Some("VERSION_CONFLICT"));
    let audited = "select count(*) from audit_entry
        where command = 'retry-step' and outcome = 'REFUSED' and code = 'VERSION_CONFLICT'";
    assert_eq!(world.stage.db.number(audited).await, spoiled, "each with an entry of its own");
    world.stage.db.finish().await;
}

#[tokio::test]
async fn each_act_is_audited_once_in_the_name_of_who_prepared_it_and_names_the_bulk_action() {
    let world = World::with_cases(5).await;
    let id = world.prepared(&world.retry()).await;
    world.moved(OPERATOR, id, BulkCommand::Start).await;
    world.round().await;

    let audited = "select count(*) from audit_entry where command = 'retry-step'
        and actor_name = 'olga' and actor_kind = 'CALLER' and worker_id = 'bulk-recovery:run'";
    assert_eq!(world.stage.db.number(audited).await, 5);
    let journal = format!(
        "select count(distinct fallout_case_id) from fallout_action
        where bulk_action_id = '{id}' and actor_name = 'olga' and reason_code = 'SYSTEM_MENDED'"
    );
    assert_eq!(world.stage.db.number(&journal).await, 5);
    world.stage.db.finish().await;
}

#[tokio::test]
async fn a_pause_begins_nothing_more_and_resuming_goes_on() {
    let world = World::with_cases(20).await;
    let slow = PrepareBulkAction { rate_per_minute: 60, canary_size: 1, ..world.retry() };
    let id = world.approved(&slow).await;
    world.round().await;
    world.moved(OPERATOR, id, BulkCommand::Pause).await;
    let begun = world.count(id, I::Pending).await;

    world.round_later().await;
    assert_eq!(world.count(id, I::Pending).await, begun);
    world.moved(OPERATOR, id, BulkCommand::Resume).await;
    world.round().await;

    assert!(world.count(id, I::Pending).await < begun);
    assert_eq!(world.status(id).await, BulkStatus::Running, "nobody has to approve again");
    world.stage.db.finish().await;
}

#[tokio::test]
async fn no_target_system_is_sent_more_than_its_pace_whatever_the_pause() {
    let world = World::with_cases(60).await;
    let slow = PrepareBulkAction { rate_per_minute: 120, canary_size: 1, ..world.retry() };
    let id = world.approved(&slow).await;
    let begun = async || 59 - world.count(id, I::Pending).await;

    for second in 1..=5 {
        world.round().await;
        assert!(begun().await <= 2 * second + 2, "second {second}: {}", begun().await);
    }
    let before = begun().await;
    assert!(before >= 8, "{before}");
    world.round_later().await;
    assert!(begun().await - before <= 3, "a pause is not caught up with");
    world.stage.db.finish().await;
}

#[tokio::test]
async fn an_abort_gives_up_what_was_not_begun_and_waits_for_what_was() {
    let world = World::with_cases(12).await;
    let id = world.prepared(&world.retry()).await;
    world.moved(OPERATOR, id, BulkCommand::Start).await;
    world.round().await;

    world.moved(OPERATOR, id, BulkCommand::Abort).await;
    world.round().await;
    assert_eq!(world.status(id).await, BulkStatus::Aborting);
    let counts = world.counts(id).await;
    assert_eq!((counts.of(I::Skipped), counts.of(I::Running)), (7, 5));
    world.stage.answer_every_order(|_| None).await;
    world.round_later().await;

    assert_eq!(world.status(id).await, BulkStatus::Aborted);
    assert_eq!(world.count(id, I::Resolved).await, 5);
    let late = world.command(OPERATOR, id, BulkCommand::Resume).await;
    assert_eq!(refusal(late), BulkRefusal::NotPossibleInStatus);
    world.stage.db.finish().await;
}

#[tokio::test]
async fn more_failures_than_somebody_puts_up_with_pause_it_until_somebody_looks() {
    let world = World::with_cases(30).await;
    let careful = PrepareBulkAction {
        rate_per_minute: 600,
        canary_size: 1,
        pause_after_failures: 3,
        ..world.retry()
    };
    let id = world.approved(&careful).await;
    for _ in 0..3 {
        world
            .stage
            .answer_every_order(|x| (x.target_system == "LOGISTICS").then(|| rejected("NO_STOCK")))
            .await;
        world.round_later().await;
    }

    let detail = world.detail(id).await;
    assert_eq!(detail.bulk.status, BulkStatus::Paused);
    let reason = detail.bulk.pause_reason.map(|x| x.to_string());
    assert_eq!(reason.as_deref(), Some("TOO_MANY_FAILURES"));
    world.moved(OPERATOR, id, BulkCommand::Resume).await;
    world.round().await;
    assert_eq!(world.status(id).await, BulkStatus::Running, "what was seen does not count again");
    world.stage.db.finish().await;
}

#[tokio::test]
async fn nobody_is_waited_for_longer_than_a_day() {
    let world = World::with_cases(7).await;
    let id = world.prepared(&world.retry()).await;

    world.stage.advance(SignedDuration::from_hours(24));
    world.round().await;
    world.round().await;

    assert_eq!(world.status(id).await, BulkStatus::Aborted);
    assert_eq!(world.count(id, I::Skipped).await, 7);
    world.stage.db.finish().await;
}

#[tokio::test]
async fn what_cannot_be_prepared_is_refused_by_its_code_and_audited() {
    let world = World::with_cases(2).await;
    let nothing = PrepareBulkAction {
        filter: order_store::read_model::CaseFilter {
            failure_signature: Some("CRM/create/NOTHING".to_owned()),
            ..world.retry().filter
        },
        ..world.retry()
    };
    let waive = PrepareBulkAction { action: FalloutAction::SettleOutcome, ..world.retry() };
    let release = PrepareBulkAction { action: FalloutAction::ReleaseStep, ..world.retry() };
    for (request, expected) in [
        (nothing, BulkRefusal::SelectsNothing),
        (waive, BulkRefusal::ActionNotForMany),
        (release, BulkRefusal::RoleNotAllowed),
    ] {
        assert_eq!(refusal(world.prepare(OPERATOR, &request).await), expected);
    }
    let audited = "select count(*) from audit_entry where command = 'prepare_bulk_action'
        and outcome = 'REFUSED'";
    assert_eq!(world.stage.db.number(audited).await, 3);
    assert_eq!(world.stage.db.number("select count(*) from bulk_action").await, 0);
    world.stage.db.finish().await;
}

#[tokio::test]
async fn who_decided_on_an_older_version_is_told_to_read_again() {
    let world = World::with_cases(7).await;
    let id = world.prepared(&world.retry()).await;
    let stale = MoveBulkAction {
        bulk_action_id: id,
        command: BulkCommand::Start,
        expected_version: 1,
        reason_code: "TEST".to_owned(),
        note: None,
        fingerprint: "start".to_owned(),
    };

    assert_eq!(refusal(world.ask(OPERATOR, &stale).await), BulkRefusal::VersionConflict);
    let moved = world.command(OPERATOR, id, BulkCommand::Start).await;
    let BulkOutcome::Done(BulkMoved { status, version, .. }) = moved else { panic!("{moved:?}") };
    assert_eq!((status, version), (BulkStatus::Canary, 3));
    world.stage.db.finish().await;
}

#[tokio::test]
async fn words_for_many_cases_are_done_at_once_and_nothing_is_followed() {
    let world = World::with_cases(5).await;
    let assign = PrepareBulkAction {
        action: FalloutAction::Assign,
        input: ActionInput { assigned_user: Some("ann".to_owned()), ..ActionInput::default() },
        ..world.retry()
    };
    let id = world.prepared(&assign).await;
    world.moved(OPERATOR, id, BulkCommand::Start).await;
    world.round().await;

    assert_eq!(world.status(id).await, BulkStatus::Completed);
    assert_eq!(world.count(id, I::Done).await, 5);
    let assigned = "select count(*) from order_fallout_case where assigned_user = 'ann'";
    assert_eq!(world.stage.db.number(assigned).await, 5);
    world.stage.db.finish().await;
}

#[tokio::test]
async fn what_the_clock_does_to_a_case_is_no_change_of_anybodys() {
    let world = World::with_cases(4).await;
    let id = world.prepared(&world.retry()).await;
    // As reconciliation escalates what nobody touched.
    let escalated = "update order_fallout_case set version = version + 1, severity = 'CRITICAL',
        escalation_level = 1, assigned_group = 'order-supervisors'";
    world.stage.db.execute(escalated).await;

    world.moved(OPERATOR, id, BulkCommand::Start).await;
    world.round().await;

    assert_eq!(world.count(id, I::Running).await, 4);
    world.stage.db.finish().await;
}

#[tokio::test]
async fn what_a_dead_worker_had_in_hand_is_not_begun_after_an_abort() {
    let world = World::with_cases(3).await;
    let id = world.prepared(&world.retry()).await;
    world.moved(OPERATOR, id, BulkCommand::Start).await;
    let in_hand = "update bulk_action_item set leased_until = now(), claim_count = 1";
    world.stage.db.execute(in_hand).await;

    world.moved(OPERATOR, id, BulkCommand::Abort).await;
    world.round_later().await;

    assert_eq!(world.count(id, I::Skipped).await, 3);
    assert_eq!(world.status(id).await, BulkStatus::Aborted);
    assert_eq!(world.stage.db.number("select count(*) from fallout_action").await, 0);
    world.stage.db.finish().await;
}

#[tokio::test]
async fn a_case_that_is_never_answered_is_given_up_and_holds_nobody_up() {
    let world = World::with_cases(3).await;
    let id = world.prepared(&world.retry()).await;
    world.moved(OPERATOR, id, BulkCommand::Start).await;
    let again_and_again = "update bulk_action_item set leased_until = now(), claim_count = 5
        where position = 1";
    world.stage.db.execute(again_and_again).await;

    world.round_later().await;
    world.stage.answer_every_order(|_| None).await;
    world.round_later().await;

    assert_eq!(world.status(id).await, BulkStatus::Completed);
    let detail = world.detail(id).await;
    let given_up = detail.groups.iter().find(|x| x.status == I::Refused).unwrap();
    assert_eq!((given_up.count, given_up.code.as_deref()), (1, Some("NOT_ANSWERED")));
    world.stage.db.finish().await;
}

#[tokio::test]
async fn a_system_that_is_sent_nothing_is_waited_for() {
    let world = World::with_cases(3).await;
    let id = world.prepared(&world.retry()).await;
    world.moved(OPERATOR, id, BulkCommand::Start).await;
    let held = "insert into target_system_circuit (tenant_id, system, status, opened_at, opened_by,
            operator, reason_code, next_move_at, window_started_at, updated_at)
        values ('acme', 'LOGISTICS', 'OPEN', now(), 'OPERATOR', 'sven', 'MAINTENANCE',
            now() + interval '1 hour', now(), now())";
    world.stage.db.execute(held).await;

    world.round().await;
    assert_eq!(world.count(id, I::Pending).await, 3);
    world.stage.db.execute("delete from target_system_circuit").await;
    world.round().await;

    assert_eq!(world.count(id, I::Running).await, 3);
    world.stage.db.finish().await;
}

#[tokio::test]
async fn a_step_that_its_system_refuses_again_is_a_failure_and_not_still_running() {
    let world = World::with_cases(2).await;
    let id = world.prepared(&world.retry()).await;
    world.moved(OPERATOR, id, BulkCommand::Start).await;
    world.round().await;
    let attempts = world.stage.claim().await;
    let refused = StepAnswer::Refused { detail: "status 401".to_owned() };
    world.stage.answer(&attempts, &refused).await;

    world.round_later().await;

    let detail = world.detail(id).await;
    let again = detail.groups.iter().find(|x| x.status == I::FailedAgain).unwrap();
    assert_eq!(again.code.as_deref(), Some("STEP_IS_HELD"));
    world.stage.db.finish().await;
}

#[tokio::test]
async fn one_bulk_action_does_not_take_the_turns_of_another() {
    let world = World::with_cases(400).await;
    let many = world.approved(&PrepareBulkAction { canary_size: 1, ..world.retry() }).await;
    let note = PrepareBulkAction { action: FalloutAction::AddNote, ..world.retry() };
    let BulkOutcome::Done(few) = world.prepare(OPERATOR, &note).await else { panic!("prepared") };

    world.turn().await;

    assert_eq!(world.count(many, I::Pending).await, 399 - 50, "one claim");
    assert!(world.count(few.bulk_action_id, I::Pending).await > 0, "its dry run has begun");
    world.stage.db.finish().await;
}
