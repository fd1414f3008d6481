//! An order with one delivery owed, and a relay's hands without the relay.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use camunda_client::{EngineClient, EngineSettings};
use jiff::{SignedDuration, Timestamp};
use lambda_support::clock::Clock;
use order_domain::ids::OrderId;
use order_store::Store;
use order_store::outbox::{self, ClaimedMessage};
use serde_json::Value;
use test_support::{TestDatabase, demo_catalogue, order_draft, place_order, tenant};
use workflow_delivery::{DeliveryOutcome, WorkflowDelivery};

const LEASE: SignedDuration = SignedDuration::from_secs(30);

pub(crate) struct Stage {
    pub(crate) db: TestDatabase,
    pub(crate) order_id: OrderId,
    store: Store,
    offset_s: Arc<AtomicI64>,
}

impl Stage {
    /// An order that owes the start of its process.
    pub(crate) async fn placed() -> Self {
        let db = TestDatabase::create().await;
        demo_catalogue(&db.store("oms_owner").await, &tenant()).await;
        let intake = db.store("oms_order_intake").await;
        let order_id = place_order(&intake, &tenant(), &order_draft(&["ROUTER_RENTAL"])).await;
        db.execute("delete from outbox_message where kind <> 'WORKFLOW_START'").await;
        let store = db.store("oms_outbox_relay").await;
        Self { db, order_id, store, offset_s: Arc::default() }
    }

    /// One that owes this only.
    pub(crate) async fn owing((kind, lane): (&str, &str), payload: Value) -> Self {
        let stage = Self::placed().await;
        stage.db.execute("delete from outbox_message").await;
        let order_id = stage.order_id;
        stage
            .db
            .execute(&format!(
                "insert into outbox_message (tenant_id, id, kind, lane, order_id, payload, available_at, created_at)
                 values ('acme', gen_random_uuid(), '{kind}', '{lane}', '{order_id}', '{payload}', now(), now())"
            ))
            .await;
        stage
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.offset_s.fetch_add(seconds, Ordering::SeqCst);
    }

    /// What is owed, as whoever finds it due or its lease expired.
    pub(crate) async fn claim(&self) -> ClaimedMessage {
        let tx = self.store.system_tx().await.unwrap();
        let claimed = outbox::claim_due(tx, self.clock()(), 1, ("test", LEASE)).await.unwrap();
        claimed.into_iter().next().expect("something is due")
    }

    /// Delivers to the engine at `url`, with ten seconds to begin.
    pub(crate) async fn deliver(&self, message: &ClaimedMessage, url: &str) -> DeliveryOutcome {
        let begin_by = self.clock()() + SignedDuration::from_secs(10);
        self.deliver_by(message, url, begin_by).await
    }

    pub(crate) async fn deliver_by(
        &self,
        message: &ClaimedMessage,
        url: &str,
        begin_by: Timestamp,
    ) -> DeliveryOutcome {
        let (engine, clock) = (engine(url), self.clock());
        WorkflowDelivery::new(&self.store, &engine, &clock).deliver(message, begin_by).await
    }

    pub(crate) async fn running_instance(&self) -> Option<String> {
        let sql = "select process_instance_id from workflow_correlation where status = 'RUNNING'";
        self.db.text(sql).await
    }

    fn clock(&self) -> Clock {
        let offset_s = Arc::clone(&self.offset_s);
        Arc::new(move || {
            Timestamp::now() + SignedDuration::from_secs(offset_s.load(Ordering::SeqCst))
        })
    }
}

fn engine(url: &str) -> EngineClient {
    let http = lambda_support::http::client(Duration::from_secs(5)).unwrap();
    let settings = EngineSettings::parse(&format!("{url}/engine-rest")).unwrap();
    EngineClient::new(http, settings.with_request_timeout(Duration::from_millis(300)))
}
