//! No order waits without an owner: what owns a next event, and what is done where nothing does.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use jiff::SignedDuration;
use order_store::commands::{Restored, restore_next_events};
use order_store::liveness::{self, Stranded};
use order_store::{CommandContext, SystemTx};
use test_support::stage::Stage;

const LONG_AGO: SignedDuration = SignedDuration::ZERO;

/// An order whose process runs, as far as the tables know.
const PROCESS_RUNS: &str =
    "insert into workflow_correlation (tenant_id, id, subject_type, subject_id,
        process_key, process_instance_id, business_key, workflow_run_id, status, started_at)
    select tenant_id, gen_random_uuid(), 'ORDER', id, 'order-fulfillment', 'instance-1', 'key',
        gen_random_uuid(), 'RUNNING', now()
    from product_order";
const EVERYTHING_DELIVERED: &str = "delete from outbox_message";

async fn system(stage: &Stage) -> SystemTx {
    stage.db.store("oms_reconciliation").await.system_tx().await.unwrap()
}

async fn stranded(stage: &Stage) -> Stranded {
    stage.advance(SignedDuration::from_secs(1));
    liveness::find_stranded(system(stage).await, (stage.now(), LONG_AGO), 10).await.unwrap()
}

async fn restore(stage: &Stage) -> Vec<Restored> {
    let ctx: CommandContext = stage.context("reconciliation");
    let orders = [(stage.tenant.clone(), stage.order_id)];
    restore_next_events(system(stage).await, &ctx, &orders).await.unwrap()
}

async fn incidents(stage: &Stage) -> i64 {
    let sql = "select count(*) from platform_incident where kind = 'ORDER_WITHOUT_NEXT_EVENT'";
    stage.db.number(sql).await
}

#[tokio::test]
async fn an_order_owns_a_next_event_at_every_stage_of_its_way() {
    let stage = Stage::placed(1).await;
    assert_eq!(stranded(&stage).await.total, 0, "its start is owed");

    for sql in [PROCESS_RUNS, EVERYTHING_DELIVERED] {
        stage.db.execute(sql).await;
    }
    assert_eq!(stranded(&stage).await.total, 0, "its process is at a milestone");

    stage.release().await;
    stage.db.execute(EVERYTHING_DELIVERED).await;
    assert_eq!(stranded(&stage).await.total, 0, "a step can be claimed");

    stage.claim().await;
    assert_eq!(stranded(&stage).await.total, 0, "a lease runs out some time");
    assert_eq!(restore(&stage).await, [Restored::NotNeeded]);
    assert_eq!(incidents(&stage).await, 0);
    stage.db.finish().await;
}

#[tokio::test]
async fn a_step_that_waits_for_nothing_any_more_is_released_with_an_incident() {
    let stage = Stage::released(1).await;
    for sql in [
        PROCESS_RUNS,
        EVERYTHING_DELIVERED,
        "update fulfillment_step set status = 'COMPLETED' where status = 'READY'",
    ] {
        stage.db.execute(sql).await;
    }
    assert_eq!(stranded(&stage).await.orders, [(stage.tenant.clone(), stage.order_id)]);

    assert_eq!(restore(&stage).await, [Restored::Repaired]);

    assert_eq!(stage.ready_steps().await.len(), 1);
    let owed = "select count(*) from outbox_message where kind = 'STEP_DISPATCH'";
    assert_eq!(stage.db.number(owed).await, 1);
    assert_eq!(incidents(&stage).await, 1);
    assert_eq!(stranded(&stage).await.total, 0);
    stage.db.finish().await;
}

#[tokio::test]
async fn a_plan_whose_steps_are_settled_is_completed_and_its_process_told() {
    let stage = Stage::released(1).await;
    for sql in [
        PROCESS_RUNS,
        EVERYTHING_DELIVERED,
        "update fulfillment_step set status = 'COMPLETED', pending_dependency_count = 0",
    ] {
        stage.db.execute(sql).await;
    }

    assert_eq!(restore(&stage).await, [Restored::Repaired]);

    assert_eq!(stage.db.text("select status from fulfillment_plan").await.unwrap(), "COMPLETED");
    let owed = "select count(*) from outbox_message where payload->>'kind' = 'PLAN_COMPLETED'";
    assert_eq!(stage.db.number(owed).await, 1);
    stage.db.finish().await;
}

#[tokio::test]
async fn an_order_that_nothing_can_be_derived_for_is_given_to_a_person() {
    let stage = Stage::released(1).await;
    for sql in [
        PROCESS_RUNS,
        EVERYTHING_DELIVERED,
        "update fulfillment_step set status = 'FAILED' where status = 'READY'",
    ] {
        stage.db.execute(sql).await;
    }

    assert_eq!(restore(&stage).await, [Restored::CaseOpened]);

    let reason = "select reason_code from order_fallout_case";
    assert_eq!(stage.db.text(reason).await.unwrap(), "ORDER_WITHOUT_NEXT_EVENT");
    assert_eq!(stage.db.text("select status from product_order").await.unwrap(), "FALLOUT");
    assert_eq!(stranded(&stage).await.total, 0);
    stage.db.finish().await;
}

#[tokio::test]
async fn a_process_that_nobody_asked_for_is_asked_for() {
    let stage = Stage::placed(1).await;
    stage.db.execute(EVERYTHING_DELIVERED).await;
    assert_eq!(stranded(&stage).await.total, 1);

    let owed = liveness::owe_lost_starts(system(&stage).await, (stage.now(), LONG_AGO), 10).await;

    assert_eq!(owed.unwrap(), 1);
    let start = "select kind from outbox_message";
    assert_eq!(stage.db.text(start).await.unwrap(), "WORKFLOW_START");
    assert_eq!(stranded(&stage).await.total, 0);
    stage.db.finish().await;
}

#[tokio::test]
async fn looking_for_orders_without_a_next_event_reads_live_orders_only() {
    let stage = Stage::placed(1).await;
    for sql in [
        "update product_order set status = 'COMPLETED', completed_at = now()",
        "insert into product_order select (jsonb_populate_record(o, jsonb_build_object(
             'id', gen_random_uuid(), 'order_number', n::text, 'quote_id', n::text))).*
         from product_order o, generate_series(1, 20000) n",
        "analyze product_order",
    ] {
        stage.db.execute(sql).await;
    }

    let plan = stage.db.rows("explain select * from orders_without_next_event", &[]).await;

    let text: Vec<String> = plan.iter().map(|x| x.try_get(0).unwrap()).collect();
    assert!(text.join("\n").contains("live_orders"), "{text:#?}");
    stage.db.finish().await;
}
