//! The one stage that every topic function is tested on.

use camunda_client::ExternalTask;
use lambda_runtime::{Context, Error, LambdaEvent};
use lambda_support::external_task_loop::{LoopSummary, TaskOutcome};
use order_domain::ids::OrderId;
use order_store::commands::OrderDraft;
use serde_json::Value;
use test_support::pointers::{only_pointers, told};
use test_support::{TestDatabase, demo_catalogue, order_draft, place_order, tenant};
use wiremock::MockServer;

use super::engine::{offer, task, worker};
use super::orders::{Stage, lead_to, with_work};
use crate::worker::{Milestone, Worker};

/// An order that has come as far as its process when it reaches a topic, and its function.
///
/// Its methods panic when something is not as a test expects it.
#[derive(Debug)]
pub struct Fixture<D = Worker> {
    /// The order's own database.
    pub db: TestDatabase,
    /// What the function holds between invocations, connected as its own role.
    pub deps: D,
    /// The order, of the tenant of [`test_support::tenant`].
    pub order_id: OrderId,
    /// Plays the engine below `/engine-rest`, and besides whomever a test lets it play.
    pub server: MockServer,
    topic: &'static str,
    case_id: Option<String>,
}

impl Fixture {
    /// A new order that its commands have led to `stage`, as the milestone's function meets it.
    pub async fn new(milestone: Milestone, draft: OrderDraft, stage: Option<Stage>) -> Self {
        let (db, server) = (TestDatabase::create().await, MockServer::start().await);
        let owner = db.store("oms_owner").await;
        demo_catalogue(&owner, &tenant()).await;
        let order_id = place_order(&db.store("oms_order_intake").await, &tenant(), &draft).await;
        if let Some(stage) = stage {
            lead_to(&owner, &tenant(), order_id, stage).await;
        }
        let role = format!("oms_{}", milestone.function.replace('-', "_"));
        let deps = worker(&server, db.store(&role).await);
        Self { db, deps, order_id, server, topic: milestone.topic, case_id: None }
    }

    /// The same for a function that holds more than a worker.
    #[must_use]
    pub fn with_deps<D>(self, make: impl FnOnce(Worker) -> D) -> Fixture<D> {
        let Self { db, deps, order_id, server, topic, case_id } = self;
        Fixture { db, deps: make(deps), order_id, server, topic, case_id }
    }
}

impl<D> Fixture<D> {
    /// The order's task; the same one however often it is asked for.
    #[must_use]
    pub fn task(&self) -> ExternalTask {
        let task = task(self.topic, &tenant(), self.order_id);
        match &self.case_id {
            None => task,
            Some(id) => {
                let variables = task.variables.clone().with("falloutCaseId", id.as_str());
                ExternalTask { variables, ..task }
            }
        }
    }

    /// The tasks name the order's only case, as those of a called process do.
    pub async fn naming_its_case(self) -> Self {
        let case_id = Some(self.case_id().await);
        Self { case_id, ..self }
    }

    /// The task of a later run of the same activity.
    #[must_use]
    pub fn task_after_a_loop_back(&self) -> ExternalTask {
        ExternalTask { activity_instance_id: "after-the-loop-back".to_owned(), ..self.task() }
    }

    /// Hands out the task to the function's own loop and answers its report with `status`.
    ///
    /// Whatever the engine hears meanwhile must be pointers and small decisions.
    pub async fn serve(
        &self,
        status: u16,
        handle: impl AsyncFnOnce(&D, LambdaEvent<Value>) -> Result<LoopSummary, Error>,
    ) -> LoopSummary {
        let of = (self.topic, &tenant(), self.order_id);
        offer(&self.server, (of, self.case_id.as_deref()), status).await;
        let event = LambdaEvent::new(Value::Null, Context::default());
        let summary = handle(&self.deps, event).await.expect("the loop ends by itself");
        only_pointers(&told(&self.server).await);
        summary
    }

    /// The function's own loop takes the task, and the engine hears of it by one call, `complete`
    /// or `bpmnError`, with pointers only.
    pub async fn tells_only_pointers(
        self,
        call: &str,
        handle: impl AsyncFnOnce(&D, LambdaEvent<Value>) -> Result<LoopSummary, Error>,
    ) {
        let summary = self.serve(204, handle).await;
        assert_eq!((summary.fetched, summary.failures), (1, 0), "{summary:?}");
        let calls: Vec<_> = told(&self.server).await.into_iter().map(|x| x.call).collect();
        assert_eq!(calls, [call]);
        self.db.finish().await;
    }

    /// Executes the task twice, as when the engine hands it out again.
    pub async fn twice(
        &self,
        execute: impl AsyncFn(&D, &ExternalTask) -> TaskOutcome,
    ) -> [TaskOutcome; 2] {
        let task = self.task();
        [execute(&self.deps, &task).await, execute(&self.deps, &task).await]
    }

    /// How many events of a type the order has.
    pub async fn events(&self, event_type: &str) -> i64 {
        let sql = format!("select count(*) from domain_event where event_type = '{event_type}'");
        self.db.number(&sql).await
    }

    /// How many cases were opened.
    pub async fn cases(&self) -> i64 {
        self.db.number("select count(*) from order_fallout_case").await
    }

    /// The order's only case.
    pub async fn case_id(&self) -> String {
        assert_eq!(self.cases().await, 1, "one case");
        self.db.text("select id::text from order_fallout_case").await.expect("an id")
    }
}

/// Whether the model hears this code together with this case.
#[must_use]
pub fn is_bpmn_error(outcome: &TaskOutcome, code: &str, case_id: &str) -> bool {
    match outcome {
        TaskOutcome::BpmnError { code: known, variables, .. } => {
            known == code && variables.text("falloutCaseId") == Some(case_id)
        }
        TaskOutcome::Complete(_) | TaskOutcome::Failure { .. } => false,
    }
}

/// What holds for every milestone whose order has not come so far: wait, and change nothing.
///
/// # Panics
/// When it does not hold.
pub async fn too_early_costs_one_retry_and_changes_nothing(
    milestone: Milestone,
    execute: impl AsyncFnOnce(&Worker, &ExternalTask) -> TaskOutcome,
) {
    let oms = Fixture::new(milestone, with_work(order_draft(&["INTERNET_ACCESS"])), None).await;

    let outcome = execute(&oms.deps, &oms.task()).await;

    assert!(matches!(outcome, TaskOutcome::Failure { retries: 4, .. }), "{outcome:?}");
    assert_eq!(oms.cases().await, 0);
    oms.db.finish().await;
}
