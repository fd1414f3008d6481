//! An order whose process runs at an engine that a test speaks for, and who compares the two.

use std::time::Duration;

use camunda_client::{EngineClient, EngineSettings};
use lambda_support::Deadline;
use lambda_support::config::Settings;
use lambda_support::secrets::{SecretsClient, SecretsEndpoint};
use order_store::correlation;
use reconciliation::{Deps, ReconciliationSummary, handler};
use test_support::stage::Stage;
use wiremock::MockServer;

const PROCESS: &str = "order-fulfillment";

/// An order whose process is recorded as `p-1`, the engine it is at, and the function.
pub(crate) struct Oms {
    pub(crate) stage: Stage,
    pub(crate) engine: MockServer,
    pub(crate) deps: Deps,
}

impl Oms {
    pub(crate) async fn over(stage: Stage) -> Self {
        let subject = (&stage.tenant, stage.order_id);
        let relay = stage.db.store("oms_outbox_relay").await;
        let (tx, now) = (relay.system_tx().await.unwrap(), stage.now());
        let _new = correlation::claim_start(tx, subject, (PROCESS, "k"), now).await.unwrap();
        let tx = relay.system_tx().await.unwrap();
        let _ = correlation::mark_running(tx, subject, (PROCESS, "p-1"), now).await.unwrap();
        let engine = MockServer::start().await;
        let deps = deps(&stage, &engine).await;
        Self { stage, engine, deps }
    }

    /// One round behind so many others of the same run.
    pub(crate) async fn round_after(&self, rounds: u32) -> ReconciliationSummary {
        let mut summary = ReconciliationSummary { rounds, ..Default::default() };
        let deadline = Deadline::after(Duration::from_secs(50));
        handler::run_round(&self.deps, "run", deadline, &mut summary).await.unwrap();
        summary
    }
}

async fn deps(stage: &Stage, engine: &MockServer) -> Deps {
    let endpoint = SecretsEndpoint::from_settings(&Settings::default()).unwrap();
    let store = stage.db.store("oms_reconciliation").await;
    let http = lambda_support::http::client(Duration::from_secs(5)).unwrap();
    let settings = EngineSettings::parse(&format!("{}/engine-rest", engine.uri())).unwrap();
    let engine = EngineClient::new(http, settings);
    let deps = Deps::new(store, SecretsClient::new(endpoint).unwrap()).unwrap();
    deps.with_engine(engine).with_clock(stage.clock())
}
