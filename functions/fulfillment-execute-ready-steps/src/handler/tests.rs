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
        let deps =
            testing::worker(engine_url, db.store("oms_fulfillment_execute_ready_steps").await);
        Self { db, deps, order_id }
    }

    fn task(&self) -> ExternalTask {
        testing::task(TOPIC, &tenant(), self.order_id)
    }

    async fn dispatches(&self) -> i64 {
        self.db.number("select count(*) from outbox_message where kind = 'STEP_DISPATCH'").await
    }

    async fn events(&self, event_type: &str) -> i64 {
        let sql = format!("select count(*) from domain_event where event_type = '{event_type}'");
        self.db.number(&sql).await
    }
}

#[tokio::test]
async fn the_plan_is_released_once_and_only_steps_that_wait_for_nothing_are_dispatched() {
    let draft = with_work(order_draft(&["INTERNET_ACCESS"]));
    let oms = Fixture::new(draft, Some(Stage::Planned)).await;

    let first = execute_task(&oms.deps, &oms.task()).await;
    let again = execute_task(&oms.deps, &oms.task()).await;

    assert_eq!([first, again], [TaskOutcome::complete(), TaskOutcome::complete()]);
    assert_eq!(oms.events("FulfillmentStarted").await, 1);
    let ready = "select string_agg(step_key, ' ') from fulfillment_step where status = 'READY'";
    let ready = oms.db.text(ready).await.expect("a ready step");
    assert!(ready.ends_with("reserve-access-capacity"), "{ready}");
    assert_eq!(oms.dispatches().await, 1);
    oms.db.finish().await;
}

#[tokio::test]
async fn a_process_that_was_put_back_is_told_again_that_the_plan_is_done() {
    let draft = without_work(order_draft(&["INTERNET_ACCESS"]));
    let oms = Fixture::new(draft, Some(Stage::Planned)).await;
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
    let engine = MockServer::start().await;
    let draft = without_work(order_draft(&["INTERNET_ACCESS"]));
    let oms = Fixture::with_engine(&engine.uri(), draft, Some(Stage::Planned)).await;
    testing::offer(&engine, (TOPIC, &tenant(), oms.order_id), 404).await;

    let event = LambdaEvent::new(Value::Null, Context::default());
    let summary = handle(&oms.deps, event).await.expect("the loop ends by itself");

    assert_eq!((summary.fetched, summary.gone, summary.failures), (1, 1, 0));
    assert_eq!(oms.events("FulfillmentStarted").await, 1);
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
