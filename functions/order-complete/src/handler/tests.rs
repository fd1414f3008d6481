use lambda_runtime::Context;
use order_domain::ids::OrderId;
use order_store::commands::OrderDraft;
use test_support::{TestDatabase, demo_catalogue, order_draft, place_order, tenant};
use topic_worker::testing::{self, Stage, with_work, without_work};
use wiremock::MockServer;

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
        Self::with_engine(NOWHERE, draft, stage).await
    }

    async fn with_engine(engine_url: &str, draft: OrderDraft, stage: Option<Stage>) -> Self {
        let db = TestDatabase::create().await;
        let owner = db.store("oms_owner").await;
        demo_catalogue(&owner, &tenant()).await;
        let order_id = place_order(&db.store("oms_order_intake").await, &tenant(), &draft).await;
        if let Some(stage) = stage {
            testing::lead_to(&owner, &tenant(), order_id, stage).await;
        }
        let deps = testing::worker(engine_url, db.store("oms_order_complete").await);
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
async fn an_order_is_completed_once_and_its_communication_scheduled_once() {
    let draft = without_work(order_draft(&["INTERNET_ACCESS"]));
    let oms = Fixture::new(draft, Some(Stage::Billed)).await;
    let mut another_run = oms.task();
    another_run.activity_instance_id = "after-a-put-back".to_owned();

    let first = execute_task(&oms.deps, &oms.task()).await;
    let again = execute_task(&oms.deps, &oms.task()).await;
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
    let oms = Fixture::new(draft, Some(Stage::Released)).await;

    let first = execute_task(&oms.deps, &oms.task()).await;
    let again = execute_task(&oms.deps, &oms.task()).await;

    let case_id = oms.case_id().await;
    assert!(is_bpmn_error(&first, "ORDER_COMPLETION_REJECTED", &case_id), "{first:?}");
    assert_eq!(first, again);
    oms.db.finish().await;
}

#[tokio::test]
async fn an_open_blocking_case_is_named_instead_of_a_second_one() {
    let draft = with_work(order_draft(&["INTERNET_ACCESS"]));
    let oms = Fixture::new(draft, Some(Stage::Released)).await;
    let first = execute_task(&oms.deps, &oms.task()).await;
    let mut after_the_loop_back = oms.task();
    after_the_loop_back.activity_instance_id = "after-the-loop-back".to_owned();

    let second = execute_task(&oms.deps, &after_the_loop_back).await;

    let case_id = oms.case_id().await;
    assert!(is_bpmn_error(&first, "ORDER_COMPLETION_REJECTED", &case_id), "{first:?}");
    assert!(is_bpmn_error(&second, "ORDER_COMPLETION_REJECTED", &case_id), "{second:?}");
    let TaskOutcome::BpmnError { message, .. } = second else { panic!("no BPMN error") };
    assert!(message.starts_with("ORDER_HAS_OPEN_BLOCKING_FALLOUT"), "{message}");
    assert_eq!(oms.db.number("select count(*) from order_fallout_case").await, 1);
    oms.db.finish().await;
}

#[tokio::test]
async fn a_task_that_is_gone_when_it_is_completed_is_success() {
    let engine = MockServer::start().await;
    let draft = without_work(order_draft(&["INTERNET_ACCESS"]));
    let oms = Fixture::with_engine(&engine.uri(), draft, Some(Stage::Billed)).await;
    testing::offer(&engine, (TOPIC, &tenant(), oms.order_id), 404).await;

    let event = LambdaEvent::new(Value::Null, Context::default());
    let summary = handle(&oms.deps, event).await.expect("the loop ends by itself");

    assert_eq!((summary.fetched, summary.gone, summary.failures), (1, 1, 0));
    assert_eq!(oms.events("OrderCompleted").await, 1);
    oms.db.finish().await;
}
