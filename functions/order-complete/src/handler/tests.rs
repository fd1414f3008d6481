use test_support::order_draft;
use topic_worker::testing::{Fixture, Stage, is_bpmn_error, with_work, without_work};

use super::*;

#[tokio::test]
async fn an_order_is_completed_once_and_its_communication_scheduled_once() {
    let draft = without_work(order_draft(&["INTERNET_ACCESS"]));
    let oms = Fixture::new(MILESTONE, draft, Some(Stage::Billed)).await;
    let another_run = oms.task_after_a_loop_back();

    let [first, again] = oms.twice(execute_task).await;
    let once_more = execute_task(&oms.deps, &another_run).await;

    assert_eq!([first, again, once_more], [(); 3].map(|()| TaskOutcome::complete()));
    assert_eq!(oms.events("OrderCompleted").await, 1);
    assert_eq!(oms.db.number("select count(*) from customer_notification").await, 1);
    let status = oms.db.text("select status from product_order").await;
    assert_eq!(status.as_deref(), Some("COMPLETED"));
    oms.db.finish().await;
}

#[tokio::test]
async fn a_mandatory_line_that_is_not_fulfilled_opens_a_case() {
    let draft = with_work(order_draft(&["INTERNET_ACCESS"]));
    let oms = Fixture::new(MILESTONE, draft, Some(Stage::Released)).await;

    let [first, again] = oms.twice(execute_task).await;

    let case_id = oms.case_id().await;
    assert!(is_bpmn_error(&first, "ORDER_COMPLETION_REJECTED", &case_id), "{first:?}");
    assert_eq!(first, again);
    oms.db.finish().await;
}

#[tokio::test]
async fn an_open_blocking_case_is_named_instead_of_a_second_one() {
    let draft = with_work(order_draft(&["INTERNET_ACCESS"]));
    let oms = Fixture::new(MILESTONE, draft, Some(Stage::Released)).await;
    let first = execute_task(&oms.deps, &oms.task()).await;
    let after_the_loop_back = oms.task_after_a_loop_back();

    let second = execute_task(&oms.deps, &after_the_loop_back).await;

    let case_id = oms.case_id().await;
    assert!(is_bpmn_error(&first, "ORDER_COMPLETION_REJECTED", &case_id), "{first:?}");
    assert!(is_bpmn_error(&second, "ORDER_COMPLETION_REJECTED", &case_id), "{second:?}");
    let TaskOutcome::BpmnError { message, .. } = second else { panic!("no BPMN error") };
    assert!(message.starts_with("ORDER_HAS_OPEN_BLOCKING_FALLOUT"), "{message}");
    assert_eq!(oms.cases().await, 1);
    oms.db.finish().await;
}

#[tokio::test]
async fn a_task_that_is_gone_when_it_is_completed_is_success() {
    let draft = without_work(order_draft(&["INTERNET_ACCESS"]));
    let oms = Fixture::new(MILESTONE, draft, Some(Stage::Billed)).await;

    let summary = oms.serve(404, handle).await;

    assert_eq!((summary.fetched, summary.gone, summary.failures), (1, 1, 0));
    assert_eq!(oms.events("OrderCompleted").await, 1);
    oms.db.finish().await;
}

#[tokio::test]
async fn the_engine_hears_only_pointers_when_an_order_is_completed() {
    let draft = without_work(order_draft(&["INTERNET_ACCESS"]));
    let oms = Fixture::new(MILESTONE, draft, Some(Stage::Billed)).await;
    oms.tells_only_pointers("complete", handle).await;
}

#[tokio::test]
async fn the_engine_hears_only_pointers_when_an_order_cannot_be_completed() {
    let draft = with_work(order_draft(&["INTERNET_ACCESS"]));
    let oms = Fixture::new(MILESTONE, draft, Some(Stage::Released)).await;
    oms.tells_only_pointers("bpmnError", handle).await;
}
