use test_support::order_draft;
use topic_worker::testing::{
    Fixture, Stage, is_bpmn_error, too_early_costs_one_retry_and_changes_nothing, with_work,
    without_work,
};

use super::*;

#[tokio::test]
async fn billing_is_settled_once_however_often_the_task_comes() {
    let draft = without_work(order_draft(&["INTERNET_ACCESS"]));
    let oms = Fixture::new(MILESTONE, draft, Some(Stage::Released)).await;

    let outcomes = oms.twice(execute_task).await;

    assert_eq!(outcomes, [TaskOutcome::complete(), TaskOutcome::complete()]);
    assert_eq!(oms.events("BillingActivated").await, 1);
    let status = oms.db.text("select status from billing_activation").await;
    assert_eq!(status.as_deref(), Some("NOT_BILLABLE"));
    oms.db.finish().await;
}

#[tokio::test]
async fn a_line_that_is_not_billed_is_one_case_that_the_bpmn_error_names() {
    let draft = with_work(order_draft(&["INTERNET_ACCESS"]));
    let oms = Fixture::new(MILESTONE, draft, Some(Stage::Released)).await;

    let [first, again] = oms.twice(execute_task).await;

    let case_id = oms.case_id().await;
    assert!(is_bpmn_error(&first, "BILLING_REJECTED", &case_id), "{first:?}");
    assert_eq!(first, again);
    assert_eq!(oms.events("BillingActivated").await, 0);
    assert_eq!(oms.events("OrderFalloutOpened").await, 1);
    oms.db.finish().await;
}

#[tokio::test]
async fn a_process_that_asks_too_early_costs_one_retry_and_changes_nothing() {
    too_early_costs_one_retry_and_changes_nothing(MILESTONE, execute_task).await;
}

#[tokio::test]
async fn the_engine_hears_only_pointers_when_billing_is_settled() {
    let draft = without_work(order_draft(&["INTERNET_ACCESS"]));
    let oms = Fixture::new(MILESTONE, draft, Some(Stage::Released)).await;
    oms.tells_only_pointers("complete", handle).await;
}

#[tokio::test]
async fn the_engine_hears_only_pointers_when_a_line_is_not_billed() {
    let draft = with_work(order_draft(&["INTERNET_ACCESS"]));
    let oms = Fixture::new(MILESTONE, draft, Some(Stage::Released)).await;
    oms.tells_only_pointers("bpmnError", handle).await;
}
