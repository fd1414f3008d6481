//! A callback on its way: at the edge until the queue has it, and from the queue into the inbox.

use std::sync::Mutex;

use crash_matrix::job::{HttpRequest, Job, Message, Work};
use external_systems::callback::{CallbackEnvelope, WebhookSecret, sign};
use jiff::Timestamp;
use order_domain::step::answer::StepAnswer;
use order_domain::step::{Jitter, StepPolicy};
use order_store::commands::record_step_outcomes;
use serde_json::{Value, json};
use test_support::stage::Stage;

use super::{Doing, LONG_ENOUGH, Scene, all, job_of, numbers};
use crate::child::End;
use crate::outside::Outside;
use crate::scenes::steps::Systems;

const SECRET: &str = "whsec_Y3VycmVudC1zZWNyZXQtMDEyMzQ1Njc4OQ==";

/// A sender that repeats its callback until it hears 202.
pub(super) struct Edge {
    outside: Outside,
    systems: Systems,
    answers: Mutex<Vec<Value>>,
}

impl Edge {
    pub(super) async fn open() -> Self {
        let (outside, systems) = (Outside::open().await, Systems::start().await);
        let secret = json!({"current": SECRET, "previous": null});
        systems.write_secrets(&json!({"oms/webhook/acme/INVENTORY": secret}));
        Self { outside, systems, answers: Mutex::default() }
    }
}

impl Scene for Edge {
    fn job(&self) -> Doing<'_, Job> {
        Box::pin(async {
            let (body, now) = (r#"{"requestId":"r","status":"COMPLETED"}"#, Timestamp::now());
            let secret = WebhookSecret::parse(SECRET).unwrap();
            let headers = [
                ("webhook-id", "msg_1".to_owned()),
                ("webhook-timestamp", now.as_second().to_string()),
                ("webhook-signature", sign(&secret, "msg_1", now, body.as_bytes())),
                ("content-type", "application/json".to_owned()),
            ];
            let request = HttpRequest {
                path: "/callbacks/acme/INVENTORY".to_owned(),
                headers: headers.map(|(name, value)| (name.to_owned(), value)).into(),
                body: body.to_owned(),
            };
            let mut settings = self.outside.aws();
            settings.push(("OMS_SECRETS_ENDPOINT".to_owned(), self.systems.url()));
            let (engine, work) = (self.outside.url.clone(), Work::Receive(request));
            Job { database: None, engine, clock_ahead_ms: 0, settings, work }
        })
    }

    fn hear<'a>(&'a self, end: &'a End) -> Doing<'a, ()> {
        Box::pin(async {
            if let Some(answer) = &end.answer {
                self.answers.lock().unwrap().push(answer["status"].clone());
            }
        })
    }

    fn time_passes(&self) -> Doing<'_, ()> {
        Box::pin(async {})
    }

    fn is_settled(&self) -> Doing<'_, bool> {
        Box::pin(async { self.answers.lock().unwrap().iter().any(|status| *status == 202) })
    }

    fn state(&self) -> Doing<'_, String> {
        Box::pin(async { format!("{:?}", self.answers.lock().unwrap()) })
    }

    fn judge(&self) -> Doing<'_, Result<(), String>> {
        Box::pin(async {
            let facts = self.outside.facts();
            let read = |x: &String| serde_json::from_str::<CallbackEnvelope>(x).unwrap();
            let queued: Vec<CallbackEnvelope> = facts.queued.iter().map(read).collect();
            let answers = self.answers.lock().unwrap();
            let accepted = answers.iter().filter(|status| **status == 202).count();
            all(&[
                ("whatever was answered with 202 is on the queue", queued.len() >= accepted),
                (
                    "repeats carry the id by which the inbox knows them",
                    queued.iter().all(|x| x.message_id == "msg_1"),
                ),
                (
                    "the sender hears 202 or that it should try again",
                    answers.iter().all(|status| *status == 202 || *status == 503),
                ),
            ])
        })
    }

    fn close(self: Box<Self>) -> Doing<'static, ()> {
        Box::pin(async move { self.systems.stop().await })
    }
}

/// A queue that hands a callback out until somebody is done with it.
pub(super) struct Inbox {
    stage: Stage,
    message: Message,
    is_done: Mutex<bool>,
}

impl Inbox {
    pub(super) async fn open() -> Self {
        let stage = Stage::released(1).await;
        let attempt = stage.claim().await.remove(0);
        let accepted = attempt.answered(
            StepAnswer::Accepted { external_reference: Some("SHP-1".to_owned()) },
            StepPolicy::WITHOUT_SETTINGS,
            Jitter::FULL,
        );
        let executor = stage.db.store("oms_fulfillment_step_executor").await;
        let tx = executor.system_tx().await.unwrap();
        let recorded = record_step_outcomes(tx, &stage.context("executor"), &[accepted]).await;
        assert!(recorded.is_ok(), "{recorded:?}");
        let body = json!({"requestId": attempt.request_id, "externalReference": "SHP-1",
            "status": "COMPLETED", "result": {"shipmentId": "SHP-1"},
            "occurredAt": "2026-05-04T10:00:00Z"});
        let envelope = CallbackEnvelope {
            tenant_id: stage.tenant.clone(),
            system: "LOGISTICS".to_owned(),
            message_id: "msg_1".to_owned(),
            received_at: Timestamp::now(),
            content_type: "application/json".to_owned(),
            body_base64: CallbackEnvelope::encode_body(body.to_string().as_bytes()),
            traceparent: None,
        };
        let body = serde_json::to_string(&envelope).unwrap();
        let message = Message { id: "m-1".to_owned(), body };
        Self { stage, message, is_done: Mutex::default() }
    }
}

impl Scene for Inbox {
    fn job(&self) -> Doing<'_, Job> {
        Box::pin(async {
            let work = Work::Record(vec![self.message.clone()]);
            job_of(&self.stage, "oms_callback_processor", "http://127.0.0.1:9", work)
        })
    }

    fn hear<'a>(&'a self, end: &'a End) -> Doing<'a, ()> {
        Box::pin(async {
            if end.answer.as_ref().is_some_and(|x| x["returned"] == json!([])) {
                *self.is_done.lock().unwrap() = true;
            }
        })
    }

    fn time_passes(&self) -> Doing<'_, ()> {
        Box::pin(async { self.stage.advance(LONG_ENOUGH) })
    }

    fn is_settled(&self) -> Doing<'_, bool> {
        Box::pin(async { *self.is_done.lock().unwrap() })
    }

    fn state(&self) -> Doing<'_, String> {
        Box::pin(async { format!("{:?}", self.stage.shipping().await) })
    }

    fn judge(&self) -> Doing<'_, Result<(), String>> {
        Box::pin(async {
            let [inbox, applied, dispatches, remaining] = numbers(
                &self.stage,
                [
                    "select count(*) from inbox_message",
                    "select count(*) from inbox_message where verdict = 'APPLIED'",
                    "select count(*) from outbox_message m join fulfillment_step s
                     on m.lane = 'step:' || s.id where s.target_system = 'BILLING'",
                    "select remaining_step_count::bigint from fulfillment_plan",
                ],
            )
            .await;
            all(&[
                ("the step is completed", self.stage.shipping().await == ["COMPLETED"]),
                ("one inbox row, applied", (inbox, applied) == (1, 1)),
                ("its dependent is dispatched once", dispatches == 1),
                ("the plan counted it once", remaining == 1),
            ])
        })
    }

    fn close(self: Box<Self>) -> Doing<'static, ()> {
        Box::pin(async move { self.stage.db.finish().await })
    }
}
