//! A relay's hands without the relay: one delivery of an order, claimed and delivered.

use std::time::Duration;

use camunda_client::{EngineClient, EngineSettings};
use jiff::{SignedDuration, Timestamp};
use order_store::Store;
use order_store::outbox::{self, ClaimedMessage};
use serde_json::Value;
use test_support::pointers::{only_pointers, told};
use test_support::stage::Stage;
use wiremock::MockServer;
use workflow_delivery::{DeliveryOutcome, WorkflowDelivery};

const LEASE: SignedDuration = SignedDuration::from_secs(30);

pub(crate) struct Relay {
    pub(crate) stage: Stage,
    store: Store,
}

impl Relay {
    /// Over an order that owes the start of its process.
    pub(crate) async fn owing_the_start() -> Self {
        let stage = Stage::placed(1).await;
        stage.db.execute("delete from outbox_message where kind <> 'WORKFLOW_START'").await;
        Self::over(stage).await
    }

    /// Over one that owes this only.
    pub(crate) async fn owing(kind_and_lane: (&str, &str), payload: Value) -> Self {
        Self::over(Stage::owing(kind_and_lane, payload).await).await
    }

    async fn over(stage: Stage) -> Self {
        let store = stage.db.store("oms_outbox_relay").await;
        Self { stage, store }
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.stage.advance(SignedDuration::from_secs(seconds));
    }

    /// What is owed, as whoever finds it due or its lease expired.
    pub(crate) async fn claim(&self) -> ClaimedMessage {
        let tx = self.store.system_tx().await.unwrap();
        let claimed = outbox::claim_due(tx, self.stage.now(), 1, ("test", LEASE)).await.unwrap();
        claimed.into_iter().next().expect("something is due")
    }

    /// Owes this, and nothing that was owed or started before.
    pub(crate) async fn owe_only(&self, kind_and_lane: (&str, &str), payload: Value) {
        let nothing = "delete from outbox_message; delete from workflow_correlation";
        self.stage.db.execute(nothing).await;
        self.stage.owe(kind_and_lane, payload).await;
    }

    /// Claims what is owed and delivers it to this engine.
    pub(crate) async fn deliver_next(&self, engine: &EngineClient) -> DeliveryOutcome {
        let message = self.claim().await;
        self.deliver_with(&message, engine, self.in_ten_seconds()).await
    }

    /// Delivers to the engine that a server plays, with ten seconds to begin.
    ///
    /// Whatever the engine hears must be pointers and small decisions.
    pub(crate) async fn deliver(
        &self,
        message: &ClaimedMessage,
        server: &MockServer,
    ) -> DeliveryOutcome {
        let outcome = self.deliver_by(message, &server.uri(), self.in_ten_seconds()).await;
        only_pointers(&told(server).await);
        outcome
    }

    /// Claims what is owed and delivers it.
    pub(crate) async fn deliver_due(&self, server: &MockServer) -> DeliveryOutcome {
        self.deliver(&self.claim().await, server).await
    }

    pub(crate) async fn deliver_by(
        &self,
        message: &ClaimedMessage,
        url: &str,
        begin_by: Timestamp,
    ) -> DeliveryOutcome {
        self.deliver_with(message, &engine(url), begin_by).await
    }

    pub(crate) async fn deliver_with(
        &self,
        message: &ClaimedMessage,
        engine: &EngineClient,
        begin_by: Timestamp,
    ) -> DeliveryOutcome {
        let clock = self.stage.clock();
        WorkflowDelivery::new(&self.store, engine, &clock).deliver(message, begin_by).await
    }

    pub(crate) fn in_ten_seconds(&self) -> Timestamp {
        self.stage.now() + SignedDuration::from_secs(10)
    }

    pub(crate) async fn running_instance(&self) -> Option<String> {
        let sql = "select process_instance_id from workflow_correlation where status = 'RUNNING'";
        self.stage.db.text(sql).await
    }

    pub(crate) async fn finish(self) {
        self.stage.db.finish().await;
    }
}

fn engine(url: &str) -> EngineClient {
    let http = lambda_support::http::client(Duration::from_secs(5)).unwrap();
    let settings = EngineSettings::parse(&format!("{url}/engine-rest")).unwrap();
    EngineClient::new(http, settings.with_request_timeout(Duration::from_millis(300)))
}
