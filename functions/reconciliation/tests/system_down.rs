//! A target system that is down for half an hour (RELIABILITY D3): its circuit opens, hardly anything
//! is sent to it, and when it is back everything is done without a person.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::time::Duration;

use jiff::SignedDuration;
use lambda_support::Deadline;
use lambda_support::config::Settings;
use lambda_support::secrets::{SecretsClient, SecretsEndpoint};
use lambda_support::sqs_batch::QueueMessage;
use order_store::outbox::{self, ClaimedMessage, Delivery};
use reconciliation::ReconciliationSummary;
use serde_json::json;
use test_support::stage::Stage;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

/// One line each; every line is shipped by LOGISTICS and then billed.
const STEPS: usize = 40;
const TICK: SignedDuration = SignedDuration::from_secs(10);
const OUTAGE_TICKS: usize = 180;
/// Ten answers open the circuit, and a probe after 30 s, 60 s, … ten minutes is none too many.
const BUDGET: usize = 20;
/// More than the waiting steps need at sixty a minute, of which a tick makes up for two seconds.
const PATIENCE_TICKS: usize = 90;

/// Answers everything with one status, or, while that is 0, as a system that is well.
#[derive(Clone, Default)]
struct System {
    fails_with: Arc<AtomicU16>,
    asked: Arc<AtomicUsize>,
}

impl Respond for System {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let is_down = request.url.path().starts_with("/LOGISTICS");
        self.asked.fetch_add(usize::from(is_down), Ordering::SeqCst);
        match self.fails_with.load(Ordering::SeqCst) {
            status @ 1.. if is_down => ResponseTemplate::new(status),
            // It never saw what it could not take.
            _ if request.method.as_str() == "GET" => ResponseTemplate::new(404),
            _ => ResponseTemplate::new(200).set_body_json(json!({"externalReference": "X-1"})),
        }
    }
}

struct World {
    stage: Stage,
    system: System,
    executor: fulfillment_step_executor::Deps,
    reconciliation: reconciliation::Deps,
    summary: ReconciliationSummary,
    _server: MockServer,
}

impl World {
    async fn new() -> Self {
        let stage = Stage::released(STEPS).await;
        let (system, server) = (System::default(), MockServer::start().await);
        Mock::given(any()).respond_with(system.clone()).mount(&server).await;
        for name in ["LOGISTICS", "BILLING"] {
            stage.configure(name, &server.uri(), json!({})).await;
        }
        let secrets = || {
            let endpoint = SecretsEndpoint::from_settings(&Settings::default()).unwrap();
            SecretsClient::new(endpoint).unwrap()
        };
        let store = stage.db.store("oms_fulfillment_step_executor").await;
        let base = "http://127.0.0.1:9/v1".parse().unwrap();
        let executor = fulfillment_step_executor::Deps::new(store, secrets(), base).unwrap();
        let store = stage.db.store("oms_reconciliation").await;
        let reconciliation = reconciliation::Deps::new(store, secrets()).unwrap();
        Self {
            executor: executor.with_clock(stage.clock()),
            reconciliation: reconciliation.with_clock(stage.clock()),
            summary: ReconciliationSummary::default(),
            stage,
            system,
            _server: server,
        }
    }

    /// A while passes: a round of reconciliation, then the relay and the queue, then executors.
    /// Returns how often the system was asked for anything.
    async fn tick(&mut self) -> usize {
        let before = self.system.asked.load(Ordering::SeqCst);
        self.stage.advance(TICK);
        let deadline = Deadline::after(Duration::from_secs(30));
        let round = reconciliation::handler::run_round;
        round(&self.reconciliation, "run", deadline, &mut self.summary).await.unwrap();
        let messages = self.relay().await;
        for batch in messages.chunks(10) {
            let deadline = Deadline::after(Duration::from_secs(30));
            fulfillment_step_executor::handler::execute(&self.executor, "run", batch, deadline)
                .await;
        }
        self.system.asked.load(Ordering::SeqCst) - before
    }

    /// Delivers what is owed; the queue gets the dispatches.
    async fn relay(&self) -> Vec<QueueMessage> {
        let relay = self.stage.db.store("oms_outbox_relay").await;
        let lease = SignedDuration::from_secs(30);
        let tx = relay.system_tx().await.unwrap();
        let claimed = outbox::claim_due(tx, self.stage.now(), 500, ("relay", lease)).await.unwrap();
        let leases: Vec<_> = claimed.iter().map(ClaimedMessage::lease).collect();
        let tx = relay.system_tx().await.unwrap();
        outbox::delete_delivered(tx, self.stage.now(), &leases).await.unwrap();
        claimed.iter().filter_map(message).collect()
    }

    async fn number(&self, sql: &str) -> i64 {
        self.stage.db.number(sql).await
    }

    async fn has_fallen_out(&self) -> bool {
        let sql = "select (select count(*) from order_fallout_case)
            + (select count(*) from fulfillment_step where status = 'FAILED')";
        self.number(sql).await > 0
    }

    async fn is_done(&self) -> bool {
        let sql = "select count(*) from fulfillment_step where status <> 'COMPLETED'";
        self.number(sql).await == 0
    }
}

fn message(claimed: &ClaimedMessage) -> Option<QueueMessage> {
    let Delivery::StepDispatch(dispatch) = &claimed.delivery else { return None };
    Some(QueueMessage {
        message_id: dispatch.fulfillment_step_id.to_string(),
        body: serde_json::to_string(dispatch).unwrap(),
        receive_count: 1,
        trace_parent: None,
    })
}

#[tokio::test]
async fn a_system_that_is_down_for_half_an_hour_is_hardly_asked_and_everything_is_done_afterwards()
{
    // Turned away for now, and fails so that nobody knows.
    for status in [503, 500] {
        let mut world = World::new().await;
        world.system.fails_with.store(status, Ordering::SeqCst);

        for _ in 0..OUTAGE_TICKS {
            world.tick().await;
            assert_eq!(world.summary.without_next_event, 0, "an order waits without an owner");
        }
        let asked = world.system.asked.load(Ordering::SeqCst);
        assert!((10..=BUDGET).contains(&asked), "{asked} requests to a system that is down");
        assert!(!world.has_fallen_out().await, "status {status}");
        world.system.fails_with.store(0, Ordering::SeqCst);
        let mut most = 0;
        for _ in 0..PATIENCE_TICKS {
            most = most.max(world.tick().await);
        }

        assert!(world.is_done().await, "status {status}: {:?}", world.stage.shipping().await);
        assert!(!world.has_fallen_out().await, "status {status}");
        // What waited goes three at a time; the ten or so that nobody knew about are asked at once.
        assert!(most <= if status == 503 { 3 } else { STEPS }, "{most} in one tick");
        let closed = "select count(*) from target_system_circuit where status = 'CLOSED'";
        assert_eq!(world.number(closed).await, 1);
        let open = "select count(*) from platform_incident where resolved_at is null";
        assert_eq!(world.number(open).await, 0, "the incident ended with the outage");
        world.stage.db.finish().await;
    }
}
