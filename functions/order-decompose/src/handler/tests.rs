use test_support::order_draft;
use topic_worker::testing::{
    Fixture, Stage, is_bpmn_error, too_early_costs_one_retry_and_changes_nothing, with_work,
    without_work,
};

use super::*;

#[tokio::test]
async fn an_order_is_decomposed_once_however_often_the_task_comes() {
    let draft = with_work(order_draft(&["INTERNET_ACCESS"]));
    let oms = Fixture::new(MILESTONE, draft, Some(Stage::Validated)).await;

    let outcomes = oms.twice(execute_task).await;

    assert_eq!(outcomes, [TaskOutcome::complete(), TaskOutcome::complete()]);
    assert_eq!(oms.events("OrderDecomposed").await, 1);
    assert_eq!(oms.db.number("select count(*) from order_work_item").await, 2);
    oms.db.finish().await;
}

#[tokio::test]
async fn a_product_without_a_mapping_is_one_case_and_one_incident() {
    let oms = Fixture::new(MILESTONE, order_draft(&["NOT_SOLD_YET"]), Some(Stage::Validated)).await;

    let [first, again] = oms.twice(execute_task).await;

    let case_id = oms.case_id().await;
    assert!(is_bpmn_error(&first, "ORDER_NOT_DECOMPOSABLE", &case_id), "{first:?}");
    assert_eq!(first, again);
    assert_eq!(oms.cases().await, 1);
    assert_eq!(oms.db.number("select count(*) from platform_incident").await, 1);
    oms.db.finish().await;
}

#[tokio::test]
async fn after_the_fallout_the_same_activity_decomposes_anew() {
    let oms =
        Fixture::new(MILESTONE, order_draft(&["INTERNET_ACCESS"]), Some(Stage::Validated)).await;
    let refused = execute_task(&oms.deps, &oms.task()).await;
    assert!(matches!(refused, TaskOutcome::BpmnError { .. }), "characteristics are missing");
    let sql = r#"update order_line set characteristics = '{"siteId": "s", "bandwidthMbps": 1}'"#;
    oms.db.execute(sql).await;

    let task = oms.task_after_a_loop_back();
    let outcome = execute_task(&oms.deps, &task).await;

    assert_eq!(outcome, TaskOutcome::complete());
    oms.db.finish().await;
}

#[tokio::test]
async fn a_database_that_is_gone_costs_one_retry() {
    let oms = Fixture::new(MILESTONE, without_work(order_draft(&["INTERNET_ACCESS"])), None).await;
    let task = oms.task();
    oms.db.finish().await;

    let outcome = execute_task(&oms.deps, &task).await;

    assert!(matches!(outcome, TaskOutcome::Failure { retries: 4, .. }), "{outcome:?}");
}

#[tokio::test]
async fn the_engine_hears_nothing_of_a_command_that_was_not_committed() {
    let draft = with_work(order_draft(&["INTERNET_ACCESS"]));
    let oms = Fixture::new(MILESTONE, draft, Some(Stage::Validated)).await;
    oms.db.execute("alter table order_work_item add constraint poison check (false)").await;

    let outcome = execute_task(&oms.deps, &oms.task()).await;

    assert!(matches!(outcome, TaskOutcome::Failure { .. }), "{outcome:?}");
    let told = oms.server.received_requests().await.expect("the engine keeps what it hears");
    assert!(told.is_empty(), "{told:?}");
    oms.db.finish().await;
}

#[tokio::test]
async fn a_process_that_asks_too_early_costs_one_retry_and_changes_nothing() {
    too_early_costs_one_retry_and_changes_nothing(MILESTONE, execute_task).await;
}

#[tokio::test]
async fn the_engine_hears_only_pointers_when_an_order_is_decomposed() {
    let draft = with_work(order_draft(&["INTERNET_ACCESS"]));
    let oms = Fixture::new(MILESTONE, draft, Some(Stage::Validated)).await;
    oms.tells_only_pointers("complete", handle).await;
}

#[tokio::test]
async fn the_engine_hears_only_pointers_when_an_order_cannot_be_decomposed() {
    let oms = Fixture::new(MILESTONE, order_draft(&["NOT_SOLD_YET"]), Some(Stage::Validated)).await;
    oms.tells_only_pointers("bpmnError", handle).await;
}
