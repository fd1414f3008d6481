use order_domain::ids::OrderId;
use order_store::commands::OrderDraft;
use test_support::{TestDatabase, demo_catalogue, order_draft, place_order, tenant};
use topic_worker::testing::{self, Stage, with_work, without_work};

use super::*;

const NOWHERE: &str = "http://127.0.0.1:1";

/// An order that has come as far as its process when it reaches this topic.
struct Fixture {
    db: TestDatabase,
    deps: Deps,
    order_id: OrderId,
}

impl Fixture {
    async fn new(draft: OrderDraft, stage: Option<Stage>) -> Self {
        let db = TestDatabase::create().await;
        let owner = db.store("oms_owner").await;
        demo_catalogue(&owner, &tenant()).await;
        let order_id = place_order(&db.store("oms_order_intake").await, &tenant(), &draft).await;
        if let Some(stage) = stage {
            testing::lead_to(&owner, &tenant(), order_id, stage).await;
        }
        let deps = testing::worker(NOWHERE, db.store("oms_order_decompose").await);
        Self { db, deps, order_id }
    }

    fn task(&self) -> ExternalTask {
        testing::task(TOPIC, &tenant(), self.order_id)
    }

    async fn events(&self, event_type: &str) -> i64 {
        let sql = format!("select count(*) from domain_event where event_type = '{event_type}'");
        self.db.number(&sql).await
    }

    async fn case_id(&self) -> String {
        self.db.text("select id::text from order_fallout_case").await.expect("one case")
    }
}

/// Whether the model hears this code together with this case.
fn is_bpmn_error(outcome: &TaskOutcome, code: &str, case_id: &str) -> bool {
    match outcome {
        TaskOutcome::BpmnError { code: known, variables, .. } => {
            known == code && variables.text("falloutCaseId") == Some(case_id)
        }
        TaskOutcome::Complete(_) | TaskOutcome::Failure { .. } => false,
    }
}

#[tokio::test]
async fn an_order_is_decomposed_once_however_often_the_task_comes() {
    let draft = with_work(order_draft(&["INTERNET_ACCESS"]));
    let oms = Fixture::new(draft, Some(Stage::Validated)).await;

    let first = execute_task(&oms.deps, &oms.task()).await;
    let again = execute_task(&oms.deps, &oms.task()).await;

    assert_eq!([first, again], [TaskOutcome::complete(), TaskOutcome::complete()]);
    assert_eq!(oms.events("OrderDecomposed").await, 1);
    assert_eq!(oms.db.number("select count(*) from order_work_item").await, 2);
    oms.db.finish().await;
}

#[tokio::test]
async fn a_product_without_a_mapping_is_one_case_and_one_incident() {
    let oms = Fixture::new(order_draft(&["NOT_SOLD_YET"]), Some(Stage::Validated)).await;

    let first = execute_task(&oms.deps, &oms.task()).await;
    let again = execute_task(&oms.deps, &oms.task()).await;

    let case_id = oms.case_id().await;
    assert!(is_bpmn_error(&first, "ORDER_NOT_DECOMPOSABLE", &case_id), "{first:?}");
    assert_eq!(first, again);
    assert_eq!(oms.db.number("select count(*) from order_fallout_case").await, 1);
    assert_eq!(oms.db.number("select count(*) from platform_incident").await, 1);
    oms.db.finish().await;
}

#[tokio::test]
async fn after_the_fallout_the_same_activity_decomposes_anew() {
    let oms = Fixture::new(order_draft(&["INTERNET_ACCESS"]), Some(Stage::Validated)).await;
    let refused = execute_task(&oms.deps, &oms.task()).await;
    assert!(matches!(refused, TaskOutcome::BpmnError { .. }), "characteristics are missing");
    let sql = r#"update order_line set characteristics = '{"siteId": "s", "bandwidthMbps": 1}'"#;
    oms.db.execute(sql).await;

    let mut task = oms.task();
    task.activity_instance_id = "after-the-loop-back".to_owned();
    let outcome = execute_task(&oms.deps, &task).await;

    assert_eq!(outcome, TaskOutcome::complete());
    oms.db.finish().await;
}

#[tokio::test]
async fn a_database_that_is_gone_costs_one_retry() {
    let oms = Fixture::new(without_work(order_draft(&["INTERNET_ACCESS"])), None).await;
    let task = oms.task();
    oms.db.finish().await;

    let outcome = execute_task(&oms.deps, &task).await;

    assert!(matches!(outcome, TaskOutcome::Failure { retries: 4, .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_process_that_asks_too_early_costs_one_retry_and_changes_nothing() {
    let oms = Fixture::new(with_work(order_draft(&["INTERNET_ACCESS"])), None).await;

    let outcome = execute_task(&oms.deps, &oms.task()).await;

    assert!(matches!(outcome, TaskOutcome::Failure { retries: 4, .. }), "{outcome:?}");
    assert_eq!(oms.db.number("select count(*) from order_fallout_case").await, 0);
    oms.db.finish().await;
}
