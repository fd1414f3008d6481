//! A process of one's own on the engine that the environment names.

use std::time::Duration;

use camunda_client::{
    BusinessKey, Deployment, DeploymentResult, EngineClient, EngineSettings, ExternalTask,
    ExternalTaskQuery, FetchRequest, LockFilter, Page, Resource, StartProcess, Variables,
};
use order_domain::ids::OrderId;
use uuid::Uuid;

const MODEL: &str = include_str!("probe.bpmn");

pub(crate) const ALL: Page = Page::first(100);

/// A deployed copy of the probe model.
pub(crate) struct Probe {
    pub(crate) engine: EngineClient,
    pub(crate) process_key: String,
}

pub(crate) fn engine() -> EngineClient {
    #[expect(clippy::disallowed_methods, reason = "the test runner says where the engine is")]
    let url = std::env::var("OMS_TEST_ENGINE_URL")
        .expect("OMS_TEST_ENGINE_URL is not set: run through `cargo local test`");
    // Another test of this process may have installed it.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().build().expect("client");
    EngineClient::new(http, EngineSettings::parse(&url).expect("address of the engine"))
}

/// A key that nothing else has.
pub(crate) fn new_key() -> BusinessKey {
    let tenant = "acme".parse().expect("tenant");
    BusinessKey::of_order(tenant, OrderId::from_uuid(Uuid::now_v7()))
}

/// Text that nothing at the engine has.
pub(crate) fn absent() -> String {
    format!("absent-{}", Uuid::now_v7())
}

pub(crate) fn model(process_key: &str) -> Resource {
    let file_name = format!("{process_key}.bpmn");
    Resource { file_name, content: MODEL.replace("PROCESS_KEY", process_key) }
}

pub(crate) async fn deploy(engine: &EngineClient, files: &[Resource]) -> DeploymentResult {
    let name = files[0].file_name.clone();
    let source = "camunda-client tests".to_owned();
    let deployment = Deployment { name, source, resources: files.to_vec() };
    engine.deploy(&deployment).await.expect("deployed")
}

pub(crate) fn go() -> Variables {
    Variables::none().with("verdict", "GO")
}

impl Probe {
    pub(crate) async fn deploy() -> Self {
        let process_key = format!("probe-{}", Uuid::now_v7());
        let engine = engine();
        deploy(&engine, &[model(&process_key)]).await;
        Self { engine, process_key }
    }

    pub(crate) fn start_of(&self, key: &BusinessKey) -> StartProcess {
        let variables = Variables::none()
            .with("tenantId", key.tenant().as_str())
            .with("orderId", key.order_id().to_string())
            .with("orderVersion", 1);
        StartProcess::new(&self.process_key, key.clone()).with_variables(variables)
    }

    /// Starts an instance and returns its id.
    pub(crate) async fn start(&self, key: &BusinessKey) -> String {
        self.engine.start_process(&self.start_of(key)).await.expect("started").id
    }

    pub(crate) fn fetch_request(&self, topic: &str, worker_id: &str) -> FetchRequest {
        FetchRequest {
            worker_id: worker_id.to_owned(),
            topic_name: format!("{}.{topic}", self.process_key),
            variables: ["tenantId", "orderId", "orderVersion", "falloutCaseId", "planId"]
                .map(ToOwned::to_owned)
                .to_vec(),
            max_tasks: 10,
            lock_duration: Duration::from_secs(60),
            long_poll: None,
        }
    }

    pub(crate) async fn fetch(&self, topic: &str, worker_id: &str) -> Vec<ExternalTask> {
        let request = self.fetch_request(topic, worker_id);
        self.engine.fetch_and_lock(&request).await.expect("fetched")
    }

    /// The one task that waits, locked for this worker.
    pub(crate) async fn fetch_one(&self, topic: &str, worker_id: &str) -> ExternalTask {
        let mut tasks = self.fetch(topic, worker_id).await;
        assert_eq!(tasks.len(), 1, "{tasks:?}");
        tasks.remove(0)
    }

    /// A task whose lock runs out at once.
    pub(crate) async fn fetch_one_and_let_its_lock_expire(&self, worker_id: &str) -> ExternalTask {
        let lock_duration = Duration::from_millis(1);
        let request = FetchRequest { lock_duration, ..self.fetch_request("work", worker_id) };
        let task = self.engine.fetch_and_lock(&request).await.expect("fetched").remove(0);
        let query = ExternalTaskQuery {
            topic_name: Some(task.topic_name.clone()),
            lock: Some(LockFilter::NotLocked),
            ..ExternalTaskQuery::default()
        };
        // Only the engine knows when its lock has expired, so it is asked until it says so.
        let is_free = |tasks: &[ExternalTask]| tasks.iter().any(|x| x.id == task.id);
        while !is_free(&self.engine.list_external_tasks(&query, ALL).await.expect("listed")) {}
        task
    }

    /// Starts an instance and brings it to the wait for `ProbeGo`.
    pub(crate) async fn start_waiting(&self, key: &BusinessKey) -> String {
        let instance = self.start(key).await;
        let task = self.fetch_one("work", "fixture").await;
        self.engine.complete_task(&task.id, "fixture", &go()).await.expect("completed");
        instance
    }
}
