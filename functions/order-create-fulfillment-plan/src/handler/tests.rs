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
        let deps = testing::worker(NOWHERE, db.store("oms_order_create_fulfillment_plan").await);
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
async fn an_order_is_planned_once_however_often_the_task_comes() {
    let draft = with_work(order_draft(&["INTERNET_ACCESS"]));
    let oms = Fixture::new(draft, Some(Stage::Decomposed)).await;

    let first = execute_task(&oms.deps, &oms.task()).await;
    let again = execute_task(&oms.deps, &oms.task()).await;

    assert_eq!([first, again], [TaskOutcome::complete(), TaskOutcome::complete()]);
    assert_eq!(oms.events("FulfillmentPlanCreated").await, 1);
    assert_eq!(oms.db.number("select count(*) from fulfillment_plan").await, 1);
    assert_eq!(oms.db.number("select count(*) from fulfillment_step").await, 2);
    oms.db.finish().await;
}

#[tokio::test]
async fn work_that_waits_for_itself_becomes_one_case_that_names_the_circle() {
    let draft = with_work(order_draft(&["INTERNET_ACCESS"]));
    let oms = Fixture::new(draft, Some(Stage::Decomposed)).await;
    let sql = "update order_work_item
        set item = jsonb_set(item, '{dependsOn}', jsonb_build_array(item_key))";
    oms.db.execute(sql).await;

    let first = execute_task(&oms.deps, &oms.task()).await;
    let again = execute_task(&oms.deps, &oms.task()).await;

    let case_id = oms.case_id().await;
    assert!(is_bpmn_error(&first, "ORDER_NOT_PLANNABLE", &case_id), "{first:?}");
    assert_eq!(first, again);
    assert_eq!(oms.db.number("select count(*) from fulfillment_plan").await, 0);
    oms.db.finish().await;
}

#[tokio::test]
async fn an_order_without_work_gets_an_empty_plan() {
    let draft = without_work(order_draft(&["INTERNET_ACCESS"]));
    let oms = Fixture::new(draft, Some(Stage::Decomposed)).await;

    assert_eq!(execute_task(&oms.deps, &oms.task()).await, TaskOutcome::complete());

    assert_eq!(oms.db.number("select step_count::bigint from fulfillment_plan").await, 0);
    oms.db.finish().await;
}

#[tokio::test]
async fn a_process_that_asks_too_early_costs_one_retry_and_changes_nothing() {
    let oms = Fixture::new(with_work(order_draft(&["INTERNET_ACCESS"])), None).await;

    let outcome = execute_task(&oms.deps, &oms.task()).await;

    assert!(matches!(outcome, TaskOutcome::Failure { retries: 4, .. }), "{outcome:?}");
    assert_eq!(oms.db.number("select count(*) from order_fallout_case").await, 0);
    oms.db.finish().await;
}
