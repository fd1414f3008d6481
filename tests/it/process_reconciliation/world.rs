//! An order in the database, its process at the engine, and everybody who moves them.
//!
//! Tasks are fetched by topic *and* business key, so that no task of another test is taken; the
//! commands behind them are the store's own.

mod cases;

use std::time::Duration;

use camunda_client::{
    ActivityQuery, BpmnError, BusinessKey, Deployment, EngineClient, EngineSettings, ExternalTask,
    HistoricInstanceQuery, LifeFilter, Page, Resource, StartProcess, TaskFailure, Variables,
};
use jiff::SignedDuration;
use lambda_support::Deadline;
use lambda_support::config::Settings;
use lambda_support::external_task_loop::TaskOutcome;
use lambda_support::secrets::{SecretsClient, SecretsEndpoint};
use order_domain::fallout::{FalloutAction, FalloutResolution};
use order_domain::ids::FalloutCaseId;
use order_domain::readiness::ReadinessFindings;
use order_domain::step::answer::StepAnswer;
use order_domain::step::{Jitter, StepPolicy};
use order_store::commands::{
    self, ActOutcome, ActionInput, CommandOutcome, StepAttempt, StepOutcome,
};
use order_store::outbox;
use reconciliation::{ReconciliationSummary, handler};
use serde_json::json;
use test_support::READY;
use test_support::operations::SUPERVISOR;
use test_support::stage::Stage;
use tokio::sync::OnceCell;
use uuid::Uuid;
use workflow_delivery::{PROCESS_KEY, WorkflowDelivery};

pub(super) const MILESTONES: [&str; 6] = [
    "order.validate-readiness",
    "order.decompose",
    "order.create-fulfillment-plan",
    "fulfillment.execute-ready-steps",
    "billing.activate",
    "order.complete",
];
pub(super) const NOTIFICATION: &str = "notification.send-order-update";

const MODELS: [(&str, &str); 2] = [
    ("order-fulfillment.bpmn", include_str!("../../../bpmn/order-fulfillment.bpmn")),
    ("order-fallout.bpmn", include_str!("../../../bpmn/order-fallout.bpmn")),
];
const LEASE: SignedDuration = SignedDuration::from_secs(30);
const ALL: Page = Page::first(1000);
/// After so many tries something is wrong; each of them moves the clock past lease and quiet time.
const TRIES: usize = 8;

pub(super) struct World {
    pub(super) stage: Stage,
    pub(super) engine: EngineClient,
    http: reqwest::Client,
    base: String,
    key: BusinessKey,
    worker: String,
}

impl World {
    /// A new order whose process is started.
    pub(super) async fn started() -> Self {
        static DEPLOYED: OnceCell<()> = OnceCell::const_new();
        #[expect(clippy::disallowed_methods, reason = "the test runner's own setting")]
        let base = std::env::var("OMS_TEST_ENGINE_URL").expect("run through `cargo local test`");
        let base = base.trim_end_matches('/').to_owned();
        let http = lambda_support::http::client(Duration::from_secs(30)).expect("a client");
        let settings = EngineSettings::parse(&base).expect("an engine URL");
        let engine = EngineClient::new(http.clone(), settings);
        DEPLOYED.get_or_init(|| deploy(&engine)).await;
        let stage = Stage::placed(1).await;
        let key = BusinessKey::of_order(stage.tenant.clone(), stage.order_id);
        let worker = format!("process-reconciliation:{}", Uuid::now_v7());
        let world = Self { stage, engine, http, base, key, worker };
        world.deliver().await;
        world
    }

    /// Delivers what is owed until nothing is, as the relay does.
    pub(super) async fn deliver(&self) {
        for _ in 0..TRIES {
            self.deliver_once().await;
            if self.owed().await == 0 {
                return;
            }
        }
        let owed = self.stage.db.text("select string_agg(payload::text, ' ') from outbox_message");
        panic!("still owed after {TRIES} tries: {:?}", owed.await);
    }

    /// Delivers what is owed now; what was not delivered is due again afterwards.
    pub(super) async fn deliver_once(&self) {
        let store = self.stage.db.store("oms_outbox_relay").await;
        let clock = self.stage.clock();
        let tx = store.system_tx().await.expect("a transaction");
        let claimed = outbox::claim_due(tx, self.stage.now(), 50, ("relay", LEASE)).await;
        for message in &claimed.expect("the store answers") {
            let begin_by = self.stage.now() + SignedDuration::from_secs(10);
            let delivery = WorkflowDelivery::new(&store, &self.engine, &clock);
            let is_for_engine = matches!(
                message.delivery,
                outbox::Delivery::WorkflowStart { .. }
                    | outbox::Delivery::PlanCompleted { .. }
                    | outbox::Delivery::FalloutOpened { .. }
                    | outbox::Delivery::UserTaskComplete { .. }
                    | outbox::Delivery::ProcessDelete { .. }
            );
            if !is_for_engine || delivery.deliver(message, begin_by).await.is_done() {
                let tx = store.system_tx().await.expect("a transaction");
                let (now, lease) = (self.stage.now(), [message.lease()]);
                let done = outbox::delete_delivered(tx, now, &lease).await;
                assert_eq!(done.expect("the store answers"), 1);
            }
        }
        self.stage.advance(SignedDuration::from_secs(31));
    }

    /// Deliveries that are owed.
    pub(super) async fn owed(&self) -> i64 {
        self.stage.db.number("select count(*) from outbox_message").await
    }

    /// The instance leaves `from` and begins again at `to`, as a person puts it back by hand.
    pub(super) async fn put_back(&self, from: &str, to: &str) {
        let url =
            format!("{}/process-instance/{}/modification", self.base, self.only_instance().await);
        let body = json!({"instructions": [
            {"type": "cancel", "activityId": from},
            {"type": "startBeforeActivity", "activityId": to}]});
        let moved = self.http.post(url).json(&body).send().await.expect("an answer");
        assert!(moved.status().is_success(), "{}", moved.status());
    }

    /// The instance stands still, or goes on.
    pub(super) async fn suspend(&self, is_suspended: bool) {
        let instance = self.only_instance().await;
        self.engine.set_suspended(&instance, is_suspended).await.expect("the engine takes it");
    }

    /// One round of reconciliation, when every process is due.
    pub(super) async fn reconcile(&self) -> ReconciliationSummary {
        self.stage.advance(SignedDuration::from_mins(11));
        let endpoint = SecretsEndpoint::from_settings(&Settings::default()).expect("the default");
        let secrets = SecretsClient::new(endpoint).expect("a client");
        let store = self.stage.db.store("oms_reconciliation").await;
        let deps = reconciliation::Deps::new(store, secrets).expect("a client");
        let deps = deps.with_engine(self.engine.clone()).with_clock(self.stage.clock());
        let mut summary = ReconciliationSummary::default();
        let deadline = Deadline::after(Duration::from_secs(50));
        handler::run_round(&deps, "run", deadline, &mut summary).await.expect("a round");
        summary
    }

    async fn ask(&self, path: &str, body: &serde_json::Value) -> serde_json::Value {
        let sent = self.http.post(format!("{}{path}", self.base)).json(body).send().await;
        let answer = sent.expect("an answer");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.expect("a JSON body")
    }

    async fn fetch(&self, topic: &str) -> ExternalTask {
        let body = json!({
            "workerId": self.worker, "maxTasks": 2,
            "topics": [{"topicName": topic, "lockDuration": 60_000, "businessKey": self.key}],
        });
        let answer = self.ask("/external-task/fetchAndLock", &body).await;
        let mut tasks: Vec<ExternalTask> = serde_json::from_value(answer).expect("tasks");
        assert_eq!(tasks.len(), 1, "one task of {topic} waits for {}", self.key);
        tasks.remove(0)
    }

    async fn run(&self, topic: &str, task: &ExternalTask) -> CommandOutcome {
        let (role, order) =
            (format!("oms_{}", topic.replace(['.', '-'], "_")), self.stage.order_id);
        let store = self.stage.db.store(&role).await;
        let tx = store.tenant_tx(&self.stage.tenant).await.expect("a transaction");
        let ctx = self.stage.context(topic).with_idempotency_key(task.activity_instance_id.clone());
        let outcome = match topic {
            "order.validate-readiness" => {
                commands::validate_readiness(tx, order, &ctx, READY).await
            }
            "order.decompose" => commands::decompose(tx, order, &ctx).await,
            "order.create-fulfillment-plan" => {
                commands::create_fulfillment_plan(tx, order, &ctx).await
            }
            "fulfillment.execute-ready-steps" => commands::start_fulfillment(tx, order, &ctx).await,
            "billing.activate" => commands::settle_billing(tx, order, &ctx).await,
            _ => commands::complete_order(tx, order, &ctx).await,
        };
        outcome.expect("the store answers")
    }

    /// The next task of a topic, by its command.
    pub(super) async fn milestone(&self, topic: &str) {
        let task = self.fetch(topic).await;
        let outcome = self.run(topic, &task).await;
        assert!(!matches!(outcome, CommandOutcome::Refused { .. }), "{topic}: {outcome:?}");
        self.complete(&task).await;
    }

    async fn complete(&self, task: &ExternalTask) {
        let none = Variables::none();
        self.engine.complete_task(&task.id, &self.worker, &none).await.expect("completed");
    }

    /// Everything before `topic`, so that its task is the next.
    pub(super) async fn reach(&self, topic: &str) {
        for milestone in MILESTONES.into_iter().take_while(|x| *x != topic) {
            self.step_past(milestone).await;
        }
    }

    /// Everything from `topic` to the end.
    pub(super) async fn complete_from(&self, topic: &str) {
        for milestone in MILESTONES.into_iter().skip_while(|x| *x != topic) {
            self.step_past(milestone).await;
        }
        self.tell_customer().await;
    }

    /// The notification task, as its function ends it.
    pub(super) async fn tell_customer(&self) {
        let task = self.fetch(NOTIFICATION).await;
        let sent = "update customer_notification
            set status = 'SENT', request_id = gen_random_uuid()";
        self.stage.db.execute(sent).await;
        self.complete(&task).await;
    }

    /// A supervisor gives the order up.
    pub(super) async fn give_up(&self, case_id: FalloutCaseId) {
        let action = (FalloutAction::FailOrder, case_id);
        let outcome = self.stage.act(SUPERVISOR, action, ActionInput::default()).await;
        assert!(matches!(outcome, ActOutcome::Done(_)), "{outcome:?}");
    }

    /// How many processes of the order live.
    pub(super) async fn instances(&self) -> usize {
        let query = HistoricInstanceQuery {
            life: Some(LifeFilter::Unfinished),
            ..HistoricInstanceQuery::of_order(PROCESS_KEY, self.key.clone())
        };
        self.engine.list_historic_instances(&query, ALL).await.expect("instances").len()
    }

    async fn step_past(&self, milestone: &str) {
        self.milestone(milestone).await;
        if milestone == MILESTONES[3] {
            self.fulfil().await;
            self.deliver().await;
        }
    }

    /// Every step is done.
    pub(super) async fn fulfil(&self) {
        let executor = self.stage.db.store("oms_fulfillment_step_executor").await;
        loop {
            let attempts = self.stage.claim().await;
            if attempts.is_empty() {
                return;
            }
            let batch: Vec<StepOutcome> = attempts.iter().map(done).collect();
            let tx = executor.system_tx().await.expect("a transaction");
            let ctx = self.stage.context("executor");
            let recorded = commands::record_step_outcomes(tx, &ctx, &batch).await;
            assert_eq!(recorded.expect("the store answers").len(), attempts.len());
        }
    }

    /// The order is refused at its first milestone; a person is asked.
    pub(super) async fn refuse_readiness(&self) -> FalloutCaseId {
        let task = self.fetch(MILESTONES[0]).await;
        let store = self.stage.db.store("oms_order_validate_readiness").await;
        let tx = store.tenant_tx(&self.stage.tenant).await.expect("a transaction");
        let (ctx, order) = (self.stage.context("test"), self.stage.order_id);
        let findings = ReadinessFindings { is_approved: false, ..READY };
        let outcome = commands::validate_readiness(tx, order, &ctx, findings).await;
        let Ok(CommandOutcome::Refused { fallout_case_id: Some(case), .. }) = outcome else {
            panic!("not refused with a case: {outcome:?}");
        };
        let error = BpmnError {
            code: "ORDER_REQUIRES_MANUAL_REVIEW".to_owned(),
            message: "refused".to_owned(),
            variables: Variables::none().with("falloutCaseId", case.to_string()),
        };
        let reported = self.engine.report_bpmn_error(&task.id, &self.worker, &error).await;
        reported.expect("the error is caught");
        self.deliver().await;
        case
    }

    pub(super) async fn resolve(&self, case_id: FalloutCaseId, resolution: FalloutResolution) {
        self.stage.resolve(case_id, resolution).await;
    }

    /// The function itself reviews the plan.
    pub(super) async fn review(&self, topic: &str) {
        let task = self.fetch(topic).await;
        let store = self.stage.db.store("oms_fulfillment_review_overdue_plan").await;
        let deps = fulfillment_review_overdue_plan::Deps::new(self.engine.clone(), store);
        let outcome = fulfillment_review_overdue_plan::handler::execute_task(&deps, &task).await;
        assert_eq!(outcome, TaskOutcome::complete());
        self.complete(&task).await;
    }

    /// The deadlines of all steps, as an interval from now.
    pub(super) async fn late(&self, interval: &str) {
        let sql =
            format!("update fulfillment_step set deadline_at = now() + interval '{interval}'");
        self.stage.db.execute(&sql).await;
    }

    /// As after the restore of an older backup: the engine never heard of the instance.
    pub(super) async fn lose(&self, instance: &str) {
        self.engine.delete_instance(instance).await.expect("deleted");
        let url = format!("{}/history/process-instance/{instance}", self.base);
        let forgotten = self.http.delete(url).send().await.expect("an answer");
        assert!(forgotten.status().is_success(), "{}", forgotten.status());
    }

    pub(super) async fn start_another(&self) {
        let start = StartProcess::new(PROCESS_KEY, self.key.clone());
        self.engine.start_process(&start).await.expect("the engine takes it");
    }

    /// The task is given up as a worker does; returns its id.
    pub(super) async fn exhaust(&self, topic: &str) -> String {
        let task = self.fetch(topic).await;
        let failure = TaskFailure {
            message: "broken".to_owned(),
            details: String::new(),
            retries: 0,
            retry_timeout: Duration::ZERO,
        };
        let failed = self.engine.report_failure(&task.id, &self.worker, &failure).await;
        failed.expect("reported");
        task.id
    }

    pub(super) async fn only_instance(&self) -> String {
        let query = HistoricInstanceQuery {
            life: Some(LifeFilter::Unfinished),
            ..HistoricInstanceQuery::of_order(PROCESS_KEY, self.key.clone())
        };
        let mut found = self.engine.list_historic_instances(&query, ALL).await.expect("instances");
        assert_eq!(found.len(), 1, "one process of {}", self.key);
        found.remove(0).id
    }

    pub(super) async fn waits_at(&self, expected: &[&str]) {
        let query = ActivityQuery::of_process_instance(self.only_instance().await);
        let runs = self.engine.list_activity_instances(&query, ALL).await.expect("activities");
        let kinds = ["serviceTask", "receiveTask", "callActivity"];
        let is_open = |x: &&camunda_client::ActivityInstance| {
            x.end_time.is_none() && kinds.contains(&x.activity_type.as_str())
        };
        let mut places: Vec<&str> =
            runs.iter().filter(is_open).map(|x| x.activity_id.as_str()).collect();
        places.sort_unstable();
        assert_eq!(places, expected, "where {} waits", self.key);
    }

    pub(super) async fn is_completed(&self) {
        let status = self.stage.db.text("select status from product_order").await;
        assert_eq!(status.as_deref(), Some("COMPLETED"));
        let query = HistoricInstanceQuery {
            life: Some(LifeFilter::Unfinished),
            ..HistoricInstanceQuery::of_order(PROCESS_KEY, self.key.clone())
        };
        let running = self.engine.list_historic_instances(&query, ALL).await.expect("instances");
        assert!(running.is_empty(), "nothing runs any more");
    }

    pub(super) async fn incidents(&self, kind: &str) -> i64 {
        let sql = format!(
            "select count(*) from platform_incident where kind = '{kind}' and resolved_at is null"
        );
        self.stage.db.number(&sql).await
    }

    pub(super) async fn correlation(&self) -> Option<String> {
        self.stage.db.text("select status from workflow_correlation").await
    }

    /// Takes the order off the shared engine.
    pub(super) async fn finish(self) {
        let query = HistoricInstanceQuery {
            life: Some(LifeFilter::Unfinished),
            ..HistoricInstanceQuery::of_order(PROCESS_KEY, self.key.clone())
        };
        for left in self.engine.list_historic_instances(&query, ALL).await.expect("instances") {
            self.engine.delete_instance(&left.id).await.expect("the order is left");
        }
        self.stage.db.finish().await;
    }
}

async fn deploy(engine: &EngineClient) {
    let resource = |(file_name, content): (&str, &str)| Resource {
        file_name: file_name.to_owned(),
        content: content.to_owned(),
    };
    let name = "order-process".to_owned();
    let resources = MODELS.map(resource).into();
    let deployment = Deployment { source: name.clone(), name, resources };
    engine.deploy(&deployment).await.expect("both models are accepted");
}

fn done(attempt: &StepAttempt) -> StepOutcome {
    attempt.answered(
        StepAnswer::Completed { external_reference: None, result: Default::default() },
        StepPolicy::WITHOUT_SETTINGS,
        Jitter::FULL,
    )
}
