use test_support::order_draft;
use topic_worker::testing::{
    Fixture, Stage, too_early_costs_one_retry_and_changes_nothing, with_work, without_work,
};

use super::*;

#[tokio::test]
async fn the_plan_is_released_once_and_only_steps_that_wait_for_nothing_are_dispatched() {
    let draft = with_work(order_draft(&["INTERNET_ACCESS"]));
    let oms = Fixture::new(MILESTONE, draft, Some(Stage::Planned)).await;

    let outcomes = oms.twice(execute_task).await;

    assert_eq!(outcomes, [TaskOutcome::complete(), TaskOutcome::complete()]);
    assert_eq!(oms.events("FulfillmentStarted").await, 1);
    let ready = "select string_agg(step_key, ' ') from fulfillment_step where status = 'READY'";
    let ready = oms.db.text(ready).await.expect("a ready step");
    assert!(ready.ends_with("reserve-access-capacity"), "{ready}");
    let dispatches = "select count(*) from outbox_message where kind = 'STEP_DISPATCH'";
    assert_eq!(oms.db.number(dispatches).await, 1);
    oms.db.finish().await;
}

#[tokio::test]
async fn a_process_that_was_put_back_is_told_again_that_the_plan_is_done() {
    let draft = without_work(order_draft(&["INTERNET_ACCESS"]));
    let oms = Fixture::new(MILESTONE, draft, Some(Stage::Planned)).await;
    assert_eq!(execute_task(&oms.deps, &oms.task()).await, TaskOutcome::complete());
    oms.db.execute("delete from outbox_message where kind = 'WORKFLOW_MESSAGE'").await;

    let mut task = oms.task();
    task.process_instance_id = "put-back".to_owned();
    let outcome = execute_task(&oms.deps, &task).await;

    assert_eq!(outcome, TaskOutcome::complete());
    let sql = "select count(*) from outbox_message where kind = 'WORKFLOW_MESSAGE'";
    assert_eq!(oms.db.number(sql).await, 1);
    assert_eq!(oms.events("FulfillmentStarted").await, 1);
    oms.db.finish().await;
}

#[tokio::test]
async fn a_task_that_the_completion_message_took_away_is_success() {
    let draft = without_work(order_draft(&["INTERNET_ACCESS"]));
    let oms = Fixture::new(MILESTONE, draft, Some(Stage::Planned)).await;

    let summary = oms.serve(404, handle).await;

    assert_eq!((summary.fetched, summary.gone, summary.failures), (1, 1, 0));
    assert_eq!(oms.events("FulfillmentStarted").await, 1);
    oms.db.finish().await;
}

#[tokio::test]
async fn a_process_that_asks_too_early_costs_one_retry_and_changes_nothing() {
    too_early_costs_one_retry_and_changes_nothing(MILESTONE, execute_task).await;
}

#[tokio::test]
async fn the_engine_hears_only_pointers_when_a_plan_is_released() {
    let draft = with_work(order_draft(&["INTERNET_ACCESS"]));
    let oms = Fixture::new(MILESTONE, draft, Some(Stage::Planned)).await;
    oms.tells_only_pointers("complete", handle).await;
}
