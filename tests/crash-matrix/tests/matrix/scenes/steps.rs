//! A READY step, a target system with a ledger, executors, and reconciliation when a lease ended.

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use crash_matrix::job::{Job, Message, Work};
use serde_json::{Value, json};
use simulator::{Options, Simulator};
use test_support::stage::Stage;
use uuid::Uuid;

use super::{Doing, LONG_ENOUGH, Scene, all, job_of, numbers};
use crate::child::{Child, End};

/// The external systems, with their ledger.
pub(super) struct Systems {
    simulator: Simulator,
    folder: PathBuf,
    http: reqwest::Client,
}

impl Systems {
    pub(super) async fn start() -> Self {
        let folder = std::env::temp_dir().join(format!("crash-matrix-{}", Uuid::now_v7()));
        std::fs::create_dir_all(&folder).unwrap();
        let simulator = Simulator::start(Options {
            listen: "127.0.0.1:0".parse().unwrap(),
            state_dir: folder.clone(),
            secrets_file: folder.join("secrets.json"),
            callbacks_in_flight: simulator::CALLBACKS_IN_FLIGHT,
        });
        let simulator = simulator.await.unwrap();
        let http = lambda_support::http::client(Duration::from_secs(5)).unwrap();
        Self { simulator, folder, http }
    }

    pub(super) fn url(&self) -> String {
        self.simulator.base_url()
    }

    pub(super) fn write_secrets(&self, secrets: &Value) {
        std::fs::write(self.folder.join("secrets.json"), secrets.to_string()).unwrap();
    }

    pub(super) async fn put(&self, path: &str, body: &Value) {
        let put = self.http.put(format!("{}{path}", self.url())).json(body).send().await.unwrap();
        assert!(put.status().is_success(), "{path}: {}", put.status());
    }

    /// Effects, and effects too many.
    pub(super) async fn effects(&self) -> (u64, u64) {
        let ledger = self.http.get(format!("{}/admin/ledger", self.url())).send().await.unwrap();
        let ledger: Value = ledger.json().await.unwrap();
        let number = |name: &str| ledger[name].as_u64().unwrap();
        (number("totalEffects"), number("duplicateEffects") + number("duplicateStepEffects"))
    }

    pub(super) async fn stop(self) {
        self.simulator.stop().await;
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}

pub(super) struct Steps {
    stage: Stage,
    systems: Systems,
    /// The queue: it hands the message out until somebody is done with it.
    message: Mutex<Option<Message>>,
}

impl Steps {
    pub(super) async fn open() -> Self {
        let (stage, systems) = (Stage::released(1).await, Systems::start().await);
        let sync = json!({"mode": "SYNC", "latencyMs": 1});
        systems.put("/admin/systems/LOGISTICS/behaviour", &sync).await;
        stage.configure("LOGISTICS", &systems.url(), json!({})).await;
        let this = Self { stage, systems, message: Mutex::default() };
        this.dispatch().await;
        this
    }

    /// What the relay does with a READY step.
    async fn dispatch(&self) {
        let ready = "select id::text from fulfillment_step
            where status = 'READY' and target_system = 'LOGISTICS'";
        if let Some(step) = self.stage.db.text(ready).await {
            let order = self.stage.order_id;
            let body = json!({"tenantId": self.stage.tenant, "orderId": order,
                "fulfillmentStepId": step, "correlationId": order.as_uuid()});
            let message = Message { id: step, body: body.to_string() };
            *self.message.lock().unwrap() = Some(message);
        }
    }

    async fn is_completed(&self) -> bool {
        self.stage.shipping().await == ["COMPLETED"]
    }
}

impl Scene for Steps {
    fn job(&self) -> Doing<'_, Job> {
        Box::pin(async {
            let message = self.message.lock().unwrap().clone();
            let work = Work::Execute(message.into_iter().collect());
            job_of(&self.stage, "oms_fulfillment_step_executor", &self.systems.url(), work)
        })
    }

    fn hear<'a>(&'a self, end: &'a End) -> Doing<'a, ()> {
        Box::pin(async {
            if end.answer.as_ref().is_some_and(|x| x["returned"] == json!([])) {
                *self.message.lock().unwrap() = None;
            }
        })
    }

    /// The lease ends, reconciliation asks, and what is READY is dispatched again.
    fn time_passes(&self) -> Doing<'_, ()> {
        Box::pin(async {
            self.stage.advance(LONG_ENOUGH);
            let url = self.systems.url();
            let job = job_of(&self.stage, "oms_reconciliation", &url, Work::Reconcile);
            let end = Child::start(&job, None).end().await.unwrap();
            assert!(end.answer.as_ref().is_some_and(|x| x["failed"] == false), "{end:?}");
            self.stage.advance(LONG_ENOUGH);
            self.dispatch().await;
        })
    }

    fn is_settled(&self) -> Doing<'_, bool> {
        Box::pin(async { self.is_completed().await && self.message.lock().unwrap().is_none() })
    }

    fn state(&self) -> Doing<'_, String> {
        Box::pin(async { format!("{:?}", self.stage.shipping().await) })
    }

    fn judge(&self) -> Doing<'_, Result<(), String>> {
        Box::pin(async {
            let [requests, generations, released, dispatches, cases] = numbers(
                &self.stage,
                [
                    "select count(*) from external_request",
                    "select max(generation)::bigint from fulfillment_step",
                    "select count(*) from fulfillment_step
                     where target_system = 'BILLING' and status = 'READY'",
                    "select count(*) from outbox_message m join fulfillment_step s
                     on m.lane = 'step:' || s.id where s.target_system = 'BILLING'",
                    "select count(*) from order_fallout_case",
                ],
            )
            .await;
            let (effects, too_many) = self.systems.effects().await;
            all(&[
                ("the step is completed", self.is_completed().await),
                ("one effect", (effects, too_many) == (1, 0)),
                ("one request id", requests == 1 && generations == 1),
                ("its dependent is released and dispatched once", (released, dispatches) == (1, 1)),
                ("no case", cases == 0),
            ])
        })
    }

    fn close(self: Box<Self>) -> Doing<'static, ()> {
        Box::pin(async move {
            self.systems.stop().await;
            self.stage.db.finish().await;
        })
    }
}
