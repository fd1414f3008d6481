use test_support::order_draft;
use topic_worker::testing::{
    Fixture, Stage, is_bpmn_error, too_early_costs_one_retry_and_changes_nothing, with_work,
    without_work,
};

use super::*;

/// An order whose work waits for itself.
async fn with_a_circle() -> Fixture {
    let draft = with_work(order_draft(&["INTERNET_ACCESS"]));
    let oms = Fixture::new(MILESTONE, draft, Some(Stage::Decomposed)).await;
    let sql = "update order_work_item
        set item = jsonb_set(item, '{dependsOn}', jsonb_build_array(item_key))";
    oms.db.execute(sql).await;
    oms
}

#[tokio::test]
async fn an_order_is_planned_once_however_often_the_task_comes() {
    let draft = with_work(order_draft(&["INTERNET_ACCESS"]));
    let oms = Fixture::new(MILESTONE, draft, Some(Stage::Decomposed)).await;

    let outcomes = oms.twice(execute_task).await;

    assert_eq!(outcomes, [TaskOutcome::complete(), TaskOutcome::complete()]);
    assert_eq!(oms.events("FulfillmentPlanCreated").await, 1);
    assert_eq!(oms.db.number("select count(*) from fulfillment_plan").await, 1);
    assert_eq!(oms.db.number("select count(*) from fulfillment_step").await, 2);
    oms.db.finish().await;
}

#[tokio::test]
async fn work_that_waits_for_itself_becomes_one_case_that_names_the_circle() {
    let oms = with_a_circle().await;

    let [first, again] = oms.twice(execute_task).await;

    let case_id = oms.case_id().await;
    assert!(is_bpmn_error(&first, "ORDER_NOT_PLANNABLE", &case_id), "{first:?}");
    assert_eq!(first, again);
    assert_eq!(oms.db.number("select count(*) from fulfillment_plan").await, 0);
    oms.db.finish().await;
}

#[tokio::test]
async fn an_order_without_work_gets_an_empty_plan() {
    let draft = without_work(order_draft(&["INTERNET_ACCESS"]));
    let oms = Fixture::new(MILESTONE, draft, Some(Stage::Decomposed)).await;

    assert_eq!(execute_task(&oms.deps, &oms.task()).await, TaskOutcome::complete());

    assert_eq!(oms.db.number("select step_count::bigint from fulfillment_plan").await, 0);
    oms.db.finish().await;
}

#[tokio::test]
async fn a_process_that_asks_too_early_costs_one_retry_and_changes_nothing() {
    too_early_costs_one_retry_and_changes_nothing(MILESTONE, execute_task).await;
}

#[tokio::test]
async fn the_engine_hears_only_pointers_when_an_order_is_planned() {
    let draft = with_work(order_draft(&["INTERNET_ACCESS"]));
    let oms = Fixture::new(MILESTONE, draft, Some(Stage::Decomposed)).await;
    oms.tells_only_pointers("complete", handle).await;
}

#[tokio::test]
async fn the_engine_hears_only_pointers_when_an_order_cannot_be_planned() {
    let oms = with_a_circle().await;
    oms.tells_only_pointers("bpmnError", handle).await;
}
