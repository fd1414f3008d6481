//! Many cases: ten thousand of which some are refused, and two workers on the same thousand.

use order_domain::bulk::{BulkItemStatus as I, BulkRefusal, BulkStatus, MAX_ITEMS};
use order_store::commands::BulkOutcome;

use crate::world::{OPERATOR, World};

#[tokio::test]
async fn ten_thousand_cases_of_which_seven_in_a_hundred_are_refused_add_up() {
    let world = World::with_cases(MAX_ITEMS).await;
    let id = world.approved(&world.retry()).await;
    // Somebody else was at these: seven of every hundred.
    world
        .stage
        .db
        .execute(
            "update order_fallout_case c set version = version + 1, touched_at = now() + interval '1 hour'
             from bulk_action_item i
             where i.fallout_case_id = c.id and i.position % 100 < 7 and i.status = 'PENDING'",
        )
        .await;
    let refused = world
        .stage
        .db
        .number(
            "select count(*) from bulk_action_item where position % 100 < 7 and status = 'PENDING'",
        )
        .await;

    world.round().await;

    let counts = world.counts(id).await;
    assert_eq!(counts.of(I::Pending), 0);
    assert_eq!(i64::from(counts.of(I::Refused)), refused);
    assert_eq!(counts.of(I::Running) + counts.of(I::Refused) + counts.of(I::Resolved), MAX_ITEMS);
    let audited = "select count(*) from audit_entry where command = 'retry-step'
        and actor_name = 'olga'";
    assert_eq!(world.stage.db.number(audited).await, i64::from(MAX_ITEMS), "one entry for each");
    let sent = "select count(*) from outbox_message where kind = 'STEP_DISPATCH'
        and lane in (select 'step:' || id from fulfillment_step where target_system = 'LOGISTICS')";
    assert_eq!(world.stage.db.number(sent).await, i64::from(MAX_ITEMS) - refused);
    let untouched = "select count(*) from fulfillment_step
        where target_system = 'LOGISTICS' and status = 'FAILED'";
    assert_eq!(world.stage.db.number(untouched).await, refused, "nothing half done");
    world.stage.db.finish().await;
}

#[tokio::test]
async fn more_cases_than_a_bulk_action_takes_are_refused_and_none_is_touched() {
    let world = World::with_cases(MAX_ITEMS + 1).await;

    let outcome = world.prepare(OPERATOR, &world.retry()).await;

    assert_eq!(outcome, BulkOutcome::Refused(BulkRefusal::SelectsTooMany));
    assert_eq!(world.stage.db.number("select count(*) from bulk_action_item").await, 0);
    world.stage.db.finish().await;
}

#[tokio::test]
async fn two_workers_at_once_act_on_every_case_once() {
    let world = World::with_cases(300).await;
    let id = world.approved(&world.retry()).await;

    tokio::join!(world.round(), world.round());

    assert_eq!(world.count(id, I::Pending).await, 0);
    let acts = "select count(*) from fallout_action where action = 'retry-step'";
    assert_eq!(world.stage.db.number(acts).await, 300);
    let twice = "select count(*) from fulfillment_step where generation > 2";
    assert_eq!(world.stage.db.number(twice).await, 0);
    world.stage.answer_every_order(|_| None).await;
    world.round_later().await;
    assert_eq!(world.status(id).await, BulkStatus::Completed);
    assert_eq!(world.count(id, I::Resolved).await, 300);
    world.stage.db.finish().await;
}
