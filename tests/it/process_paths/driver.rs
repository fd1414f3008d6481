//! A generic worker, relay and operator for one order at the engine.
//!
//! It fetches by topic *and* business key, so that it never takes a task of another test.

use std::time::Duration;

use camunda_client::{
    ActivityInstance, ActivityQuery, BpmnError, BusinessKey, Deployment, EngineClient, EngineError,
    EngineSettings, ExternalTask, HistoricInstance, HistoricInstanceQuery, HistoricState, JobQuery,
    MessageCorrelation, Page, Resource, StartInstruction, StartProcess, UserTaskQuery, Variables,
};
use order_domain::ids::{FalloutCaseId, OrderId};
use serde_json::{Value, json};
use test_support::pointers::objection;
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::{ERROR_CODES, FALLOUT, FULFILLMENT, MILESTONES, NOTIFICATION};

const PROCESSES: [&str; 2] = ["order-fulfillment", "order-fallout"];

/// Longer than the engine's own wait for a database connection.
const PATIENCE: Duration = Duration::from_secs(30);
/// An order has a few dozen runs of activities.
pub(super) const MORE_THAN_ALL: Page = Page::first(1000);

pub(super) struct Engine {
    pub(super) client: EngineClient,
    /// For the two questions that the product never asks: one order's task, and all variables.
    http: reqwest::Client,
    base: String,
}

impl Engine {
    pub(super) async fn with_models() -> Self {
        static DEPLOYED: OnceCell<()> = OnceCell::const_new();
        #[expect(clippy::disallowed_methods, reason = "the test runner's own setting")]
        let base = std::env::var("OMS_TEST_ENGINE_URL").expect("run through `cargo local test`");
        let http = lambda_support::http::client(PATIENCE).expect("an HTTP client");
        let settings = EngineSettings::parse(&base).expect("an engine URL");
        let client = EngineClient::new(http.clone(), settings);
        let engine = Self { client, http, base };
        DEPLOYED.get_or_init(|| engine.deploy()).await;
        engine
    }

    async fn deploy(&self) {
        let resource = |(name, xml): (&str, &str)| Resource {
            file_name: format!("{name}.bpmn"),
            content: xml.to_owned(),
        };
        let [fulfillment, fallout] = PROCESSES;
        let deployment = Deployment {
            name: "order-process".to_owned(),
            source: "order-process".to_owned(),
            resources: [(fulfillment, FULFILLMENT), (fallout, FALLOUT)].map(resource).into(),
        };
        self.client.deploy(&deployment).await.expect("both models are accepted");
    }

    async fn ask(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}{path}", self.base.trim_end_matches('/'));
        let answer = self.http.post(url).json(body).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.expect("a JSON body")
    }

    pub(super) async fn order(&self) -> Order<'_> {
        self.order_put_back_at(None).await
    }

    pub(super) async fn order_put_back_at(&self, activity: Option<&str>) -> Order<'_> {
        let order_id = OrderId::from_uuid(Uuid::now_v7());
        let key = BusinessKey::of_order("acme".parse().expect("a tenant"), order_id);
        let variables = Variables::none()
            .with("tenantId", "acme")
            .with("orderId", order_id.to_string())
            .with("orderVersion", 1)
            .with("correlationId", Uuid::now_v7().to_string())
            .with("workflowRunId", Uuid::now_v7().to_string());
        let mut start = StartProcess::new(PROCESSES[0], key.clone()).with_variables(variables);
        if let Some(id) = activity {
            let activity_id = id.to_owned();
            start = start.with_instruction(StartInstruction::StartBeforeActivity { activity_id });
        }
        let started = self.client.start_process(&start).await.expect("a started instance");
        let worker = format!("process-paths:{}", Uuid::now_v7());
        let order = Order { engine: self, key, instance: started.id, worker };
        order.holds_pointers_only().await;
        order
    }
}

/// One order at the engine, driven the way the functions and the relay drive it.
pub(super) struct Order<'e> {
    engine: &'e Engine,
    key: BusinessKey,
    instance: String,
    pub(super) worker: String,
}

impl Order<'_> {
    pub(super) async fn fetch(&self, topic: &str) -> ExternalTask {
        let body = json!({
            "workerId": self.worker, "maxTasks": 2,
            "topics": [{
                "topicName": topic, "lockDuration": 60_000,
                "businessKey": self.key.to_string(), "variables": [],
            }],
        });
        let answer = self.engine.ask("/external-task/fetchAndLock", &body).await;
        let mut tasks: Vec<ExternalTask> = serde_json::from_value(answer).expect("tasks");
        assert_eq!(tasks.len(), 1, "one task of {topic} waits for {}", self.key);
        tasks.remove(0)
    }

    pub(super) async fn finish(&self, task: &ExternalTask) -> Result<(), EngineError> {
        let none = Variables::none();
        self.engine.client.complete_task(&task.id, &self.worker, &none).await
    }

    pub(super) async fn complete(&self, topic: &str) {
        let task = self.fetch(topic).await;
        self.finish(&task).await.expect("the task is completed");
        self.holds_pointers_only().await;
    }

    /// Reports a business error as a function does: with the case that it has opened.
    pub(super) async fn reject(&self, topic: &str) -> FalloutCaseId {
        let (_, code) = ERROR_CODES.into_iter().find(|(at, _)| *at == topic).expect("a code");
        let case = FalloutCaseId::from_uuid(Uuid::now_v7());
        let task = self.fetch(topic).await;
        let error = BpmnError {
            code: code.to_owned(),
            message: "refused by the order".to_owned(),
            variables: Variables::none().with("falloutCaseId", case.to_string()),
        };
        let report = self.engine.client.report_bpmn_error(&task.id, &self.worker, &error);
        report.await.expect("the error is caught");
        self.holds_pointers_only().await;
        self.waits_at(&["ResolveOrderFallout"]).await;
        case
    }

    pub(super) async fn send(&self, message: MessageCorrelation) -> Result<(), EngineError> {
        self.engine.client.correlate_message(&message).await?;
        self.holds_pointers_only().await;
        Ok(())
    }

    pub(super) fn message(&self, name: &str) -> MessageCorrelation {
        MessageCorrelation::to_order(name, self.key.clone())
    }

    pub(super) async fn plan_completed(&self, message: &str) {
        let plan = Variables::none().with("fulfillmentPlanId", Uuid::now_v7().to_string());
        let message = self.message(message).with_local_variables(plan);
        self.send(message).await.expect("the plan is awaited");
    }

    pub(super) async fn open_fallout(&self) -> FalloutCaseId {
        let case = FalloutCaseId::from_uuid(Uuid::now_v7());
        self.send(self.fallout_message(case)).await.expect("cases are accepted here");
        case
    }

    pub(super) fn fallout_message(&self, case: FalloutCaseId) -> MessageCorrelation {
        let id = Variables::none().with("falloutCaseId", case.to_string());
        self.message("OrderFalloutOpened").with_triggered_scope_variables(id)
    }

    pub(super) async fn open_tasks(&self) -> usize {
        let query = UserTaskQuery::of_order(self.key.clone());
        let tasks = self.engine.client.list_user_tasks(&query, MORE_THAN_ALL).await;
        tasks.expect("user tasks").len()
    }

    pub(super) async fn try_resolve(
        &self,
        case: FalloutCaseId,
        how: Option<&str>,
    ) -> Result<(), EngineError> {
        let client = &self.engine.client;
        let query = UserTaskQuery::of_case(self.key.clone(), case);
        let tasks = client.list_user_tasks(&query, MORE_THAN_ALL).await.expect("user tasks");
        assert_eq!(tasks.len(), 1, "one task stands for case {case}");
        let variables = match how {
            Some(resolution) => Variables::none().with("falloutResolution", resolution),
            None => Variables::none(),
        };
        client.complete_user_task(&tasks[0].id, &variables).await
    }

    pub(super) async fn resolve(&self, case: FalloutCaseId, how: &str) {
        self.try_resolve(case, Some(how)).await.expect("the resolution is accepted");
        self.holds_pointers_only().await;
    }

    pub(super) async fn fire(&self, timer: &str) {
        let client = &self.engine.client;
        for instance in self.instances().await {
            let query = JobQuery::of_instance(instance.id).at_activity(timer);
            let jobs = client.list_jobs(&query, MORE_THAN_ALL).await.expect("jobs");
            if let Some(job) = jobs.first() {
                client.execute_job(&job.id).await.expect("the timer fires");
                return self.holds_pointers_only().await;
            }
        }
        panic!("{timer} is not armed for {}", self.key);
    }

    /// Completes the milestones before `topic`, so that its task is the next.
    pub(super) async fn reach(&self, topic: &str) {
        for milestone in MILESTONES.into_iter().take_while(|milestone| *milestone != topic) {
            self.complete(milestone).await;
            if milestone == "fulfillment.execute-ready-steps" {
                self.plan_completed("FulfillmentPlanCompleted").await;
            }
        }
    }

    /// Until the plan is released and nothing but its completion is awaited.
    pub(super) async fn reach_the_plan(&self) {
        self.reach("fulfillment.execute-ready-steps").await;
        self.complete("fulfillment.execute-ready-steps").await;
        self.waits_at(&["AwaitFulfillmentPlan"]).await;
    }

    async fn instances(&self) -> Vec<HistoricInstance> {
        let mut all = Vec::new();
        for process in PROCESSES {
            let query = HistoricInstanceQuery::of_order(process, self.key.clone());
            let found = self.engine.client.list_historic_instances(&query, MORE_THAN_ALL).await;
            all.extend(found.expect("instances"));
        }
        all
    }

    pub(super) async fn history(&self) -> Vec<ActivityInstance> {
        let mut all = Vec::new();
        for instance in self.instances().await {
            let query = ActivityQuery::of_process_instance(instance.id);
            let found = self.engine.client.list_activity_instances(&query, MORE_THAN_ALL).await;
            all.extend(found.expect("activity instances"));
        }
        all
    }

    pub(super) async fn waits_at(&self, expected: &[&str]) {
        let is_waiting = |run: &ActivityInstance| {
            let kinds = ["serviceTask", "receiveTask", "userTask"];
            run.end_time.is_none() && kinds.contains(&run.activity_type.as_str())
        };
        let history = self.history().await;
        let mut places: Vec<&str> =
            history.iter().filter(|run| is_waiting(run)).map(|run| &*run.activity_id).collect();
        places.sort_unstable();
        assert_eq!(places, expected, "where {} waits", self.key);
    }

    pub(super) async fn ends_at(&self, end: &str) {
        let history = self.history().await;
        assert!(history.iter().any(|run| run.activity_id == end), "{} passes {end}", self.key);
        for instance in self.instances().await {
            assert_ne!(instance.state, HistoricState::Active, "{}", self.key);
        }
        assert_eq!(self.open_tasks().await, 0, "no task is left of {}", self.key);
    }

    /// Through the remaining milestones to the end.
    pub(super) async fn completes_from(&self, topic: &str) {
        let rest = MILESTONES.into_iter().skip_while(|milestone| *milestone != topic);
        for milestone in rest {
            self.complete(milestone).await;
            if milestone == "fulfillment.execute-ready-steps" {
                self.plan_completed("FulfillmentPlanCompleted").await;
            }
        }
        self.complete(NOTIFICATION).await;
        self.ends_at("OrderCompleted").await;
    }

    /// Takes the order off the shared engine, so that its tasks wait for nobody.
    pub(super) async fn leave(self) {
        self.engine.client.delete_instance(&self.instance).await.expect("the order is left");
    }

    async fn holds_pointers_only(&self) {
        let ids: Vec<String> =
            self.instances().await.into_iter().map(|instance| instance.id).collect();
        let body = json!({ "processInstanceIdIn": ids });
        let variables = self.engine.ask("/variable-instance", &body).await;
        for variable in variables.as_array().expect("a list of variables") {
            let name = variable["name"].as_str().unwrap_or_default();
            assert_eq!(objection(name, &variable["value"]), None, "{}", self.key);
        }
    }
}
