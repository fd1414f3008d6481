//! One database for the whole matrix; each cell has an order of its own in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use callback_processor::{CallbackSummary, Deps, handler};
use external_systems::callback::CallbackEnvelope;
use jiff::{SignedDuration, Timestamp};
use lambda_support::sqs_batch::{MessageVerdict, QueueMessage};
use order_domain::actor::Actor;
use order_domain::ids::{FulfillmentStepId, OrderId, RequestId};
use order_domain::step::answer::StepAnswer;
use order_domain::step::{AnswerSource, Jitter, StepPolicy};
use order_store::commands::{
    self, BeginAttempt, BeginOutcome, OutcomeVerdict, StepCheckRef, StepOutcome, StepSubject,
};
use order_store::{CommandContext, Store, catalogue, target_system};
use serde_json::{Value, json};
use test_support::{READY, TestDatabase, order_draft, place_order, tenant};

/// How a system answers a submit. The callback of a SYNC step counts when that answer was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Sync,
    Async,
    Poll,
}

/// The plan around the step that the cell is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Single,
    Diamond,
}

impl Mode {
    pub(crate) const ALL: [Self; 3] = [Self::Sync, Self::Async, Self::Poll];

    pub(crate) fn system(self) -> &'static str {
        match self {
            Self::Sync => "SYNC",
            Self::Async => "ASYNC",
            Self::Poll => "POLL",
        }
    }
}

/// The step that a cell is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject {
    pub(crate) mode: Mode,
    pub(crate) order_id: OrderId,
    pub(crate) step_id: FulfillmentStepId,
    pub(crate) request_id: RequestId,
    pub(crate) lease_epoch: i64,
}

/// What the tables say about an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Effects {
    pub(crate) step: String,
    pub(crate) events: i64,
    pub(crate) transitions: i64,
    pub(crate) open_cases: i64,
    pub(crate) plan_messages: i64,
}

pub(crate) struct World {
    pub(crate) db: TestDatabase,
    deps: Deps,
    intake: Store,
    executor: Store,
    reconciliation: Store,
    milestones: Vec<(&'static str, Store)>,
    offset_ms: Arc<AtomicI64>,
}

const MILESTONES: [&str; 4] = [
    "oms_order_validate_readiness",
    "oms_order_decompose",
    "oms_order_create_fulfillment_plan",
    "oms_fulfillment_execute_ready_steps",
];

impl World {
    pub(crate) async fn create() -> Self {
        let db = TestDatabase::create().await;
        let owner = db.store("oms_owner").await;
        let tx = owner.tenant_tx(&tenant()).await.unwrap();
        let current = catalogue::apply(tx, 1, &products(), Timestamp::now()).await.unwrap();
        assert_eq!(current, catalogue::ApplyOutcome::Current);
        let systems = Mode::ALL.map(|x| (x.system().to_owned(), settings(x.system())));
        let tx = owner.tenant_tx(&tenant()).await.unwrap();
        target_system::apply(tx, &systems, Timestamp::now()).await.unwrap();
        let offset_ms: Arc<AtomicI64> = Arc::default();
        let clock = Arc::clone(&offset_ms);
        let processor = db.store("oms_callback_processor").await;
        let mut milestones = Vec::new();
        for role in MILESTONES {
            milestones.push((role, db.store(role).await));
        }
        Self {
            deps: Deps::new(processor).with_clock(Arc::new(move || shifted(&clock))),
            intake: db.store("oms_order_intake").await,
            executor: db.store("oms_fulfillment_step_executor").await,
            reconciliation: db.store("oms_reconciliation").await,
            milestones,
            offset_ms,
            db,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        shifted(&self.offset_ms)
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.offset_ms.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    fn context(&self, name: &str) -> CommandContext {
        CommandContext::new(Actor::function(name, None), self.now())
    }

    /// An order whose step the executor has claimed and not yet answered for.
    pub(crate) async fn claimed(&self, mode: Mode, shape: Shape) -> Subject {
        let order_id = self.released(mode, shape).await;
        if shape == Shape::Single {
            return self.claim(mode, order_id, "only").await;
        }
        let first = self.claim(mode, order_id, "first").await;
        let _ = self.answer(&first, done()).await;
        self.claim(mode, order_id, "left").await
    }

    /// The same, answered as its mode does: lost, accepted, or accepted and polled once.
    pub(crate) async fn sent(&self, mode: Mode, shape: Shape) -> Subject {
        let subject = self.claimed(mode, shape).await;
        let _ = self.answer(&subject, first_answer(mode)).await;
        if mode == Mode::Poll {
            self.timer(&subject, accepted()).await;
        }
        subject
    }

    async fn released(&self, mode: Mode, shape: Shape) -> OrderId {
        let product = format!("{shape:?}_{mode:?}").to_uppercase();
        let order = place_order(&self.intake, &tenant(), &order_draft(&[&product])).await;
        for (role, store) in &self.milestones {
            let tx = store.tenant_tx(&tenant()).await.unwrap();
            let ctx = self.context(role).with_idempotency_key(format!("{role}:{order}"));
            let outcome = match *role {
                "oms_order_validate_readiness" => {
                    commands::validate_readiness(tx, order, &ctx, READY).await
                }
                "oms_order_decompose" => commands::decompose(tx, order, &ctx).await,
                "oms_order_create_fulfillment_plan" => {
                    commands::create_fulfillment_plan(tx, order, &ctx).await
                }
                _ => commands::start_fulfillment(tx, order, &ctx).await,
            };
            let outcome = outcome.unwrap();
            assert!(matches!(outcome, commands::CommandOutcome::Applied { .. }), "{outcome:?}");
        }
        order
    }

    /// Claims one READY step by the end of its key.
    pub(crate) async fn claim(&self, mode: Mode, order_id: OrderId, key: &str) -> Subject {
        let step_id = self.step(order_id, key).await;
        let batch = [BeginAttempt { tenant: tenant(), order_id, step_id }];
        let (tx, ctx) = (self.executor.system_tx().await.unwrap(), self.context("executor"));
        let lease = SignedDuration::from_secs(60);
        match commands::begin_step_attempts(tx, &ctx, lease, &batch).await.unwrap().remove(0) {
            BeginOutcome::Begun(x) => Subject {
                mode,
                order_id,
                step_id,
                request_id: x.request_id,
                lease_epoch: x.lease_epoch,
            },
            other => panic!("{key} is not claimed: {other:?}"),
        }
    }

    async fn step(&self, order_id: OrderId, key: &str) -> FulfillmentStepId {
        let sql = format!(
            "select id::text from fulfillment_step
             where order_id = '{order_id}' and step_key like '%{key}%'"
        );
        self.db.text(&sql).await.expect("the step").parse().unwrap()
    }

    /// The executor's answer to its own submit.
    pub(crate) async fn answer(&self, subject: &Subject, answer: StepAnswer) -> OutcomeVerdict {
        self.record(&self.executor, subject, AnswerSource::Submit, answer).await
    }

    /// The due time passes: the step is claimed for a check, and the query comes to `answer`.
    pub(crate) async fn timer(&self, subject: &Subject, answer: StepAnswer) {
        self.advance(3600);
        let (order_id, step_id) = (subject.order_id, subject.step_id);
        let due = [StepCheckRef { tenant: tenant(), order_id, step_id }];
        let (tx, ctx) = (self.reconciliation.system_tx().await.unwrap(), self.context("checker"));
        let lease = SignedDuration::from_secs(60);
        for check in commands::begin_step_checks(tx, &ctx, lease, &due).await.unwrap() {
            let claimed = Subject { lease_epoch: check.lease_epoch, ..*subject };
            let source = AnswerSource::Query;
            let _ = self.record(&self.reconciliation, &claimed, source, answer.clone()).await;
        }
    }

    async fn record(
        &self,
        store: &Store,
        subject: &Subject,
        source: AnswerSource,
        answer: StepAnswer,
    ) -> OutcomeVerdict {
        let outcome = StepOutcome {
            tenant: tenant(),
            request_id: subject.request_id,
            subject: StepSubject::Lease {
                order_id: subject.order_id,
                step_id: subject.step_id,
                lease_epoch: subject.lease_epoch,
            },
            source,
            answer,
            attempts: Vec::new(),
            policy: StepPolicy { max_checks: 2, ..StepPolicy::WITHOUT_SETTINGS },
            jitter: Jitter::FULL,
        };
        let (tx, ctx) = (store.system_tx().await.unwrap(), self.context("worker"));
        commands::record_step_outcomes(tx, &ctx, &[outcome]).await.unwrap()[0]
    }

    /// Puts messages before the function as one batch; each leaves the queue.
    pub(crate) async fn batch(&self, messages: &[QueueMessage]) -> CallbackSummary {
        let (summary, verdicts) = handler::process(&self.deps, "run", messages).await;
        assert_eq!(verdicts, vec![MessageVerdict::Done; messages.len()]);
        summary
    }

    /// Puts one message before the function and says its verdict.
    pub(crate) async fn send(&self, message: &QueueMessage) -> &'static str {
        let summary = self.batch(std::slice::from_ref(message)).await;
        let counts = [
            (summary.applied, "APPLIED"),
            (summary.duplicate, "DUPLICATE"),
            (summary.late, "LATE"),
            (summary.contradictory, "CONTRADICTORY"),
            (summary.unmatched, "UNMATCHED"),
            (summary.malformed, "MALFORMED"),
        ];
        let named: Vec<&str> = counts.iter().filter(|x| x.0 == 1).map(|x| x.1).collect();
        assert_eq!(named.len(), 1, "{summary:?}");
        named[0]
    }

    /// Does the rest of a diamond, so that its plan completes if the subject is done.
    pub(crate) async fn finish_plan(&self, subject: &Subject) {
        for key in ["right", "last"] {
            let sql = format!(
                "select status from fulfillment_step
                 where order_id = '{}' and step_key like '%{key}%'",
                subject.order_id
            );
            if self.db.text(&sql).await.as_deref() == Some("READY") {
                let step = self.claim(subject.mode, subject.order_id, key).await;
                let _ = self.answer(&step, done()).await;
            }
        }
    }

    pub(crate) async fn effects(&self, subject: &Subject) -> Effects {
        let Subject { order_id, step_id, .. } = subject;
        let count = async |table: &str, which: &str| {
            let sql =
                format!("select count(*) from {table} where order_id = '{order_id}' and {which}");
            self.db.number(&sql).await
        };
        let status = format!("select status from fulfillment_step where id = '{step_id}'");
        Effects {
            step: self.db.text(&status).await.unwrap(),
            events: count("domain_event", "true").await,
            transitions: count("order_transition", "true").await,
            open_cases: count("order_fallout_case", "status <> 'RESOLVED'").await,
            plan_messages: count("outbox_message", "lane like 'plan:%'").await,
        }
    }
}

fn shifted(offset_ms: &AtomicI64) -> Timestamp {
    Timestamp::now() + SignedDuration::from_millis(offset_ms.load(Ordering::SeqCst))
}

pub(crate) fn accepted() -> StepAnswer {
    StepAnswer::Accepted { external_reference: None }
}

pub(crate) fn done() -> StepAnswer {
    StepAnswer::Completed { external_reference: None, result: [].into() }
}

pub(crate) fn cannot_tell() -> StepAnswer {
    StepAnswer::CannotTell { detail: "no answer".to_owned() }
}

/// What the submit came to, before any callback.
fn first_answer(mode: Mode) -> StepAnswer {
    let lost = StepAnswer::Unknown { detail: "lost".to_owned(), is_contract_breach: false };
    if mode == Mode::Sync { lost } else { accepted() }
}

/// A message of the system that was asked. `nth` makes its content its own.
pub(crate) fn report(request_id: RequestId, status: &str, nth: u32) -> Value {
    json!({"requestId": request_id, "status": status, "result": {"portId": "P-1"},
        "occurredAt": Timestamp::from_second(1_800_000_000 + i64::from(nth)).unwrap()})
}

pub(crate) fn message(id: &str, system: &str, body: &Value) -> QueueMessage {
    envelope(id, (tenant().as_str(), system), body.to_string().as_bytes(), "application/json")
}

pub(crate) fn envelope(
    id: &str,
    (tenant, system): (&str, &str),
    body: &[u8],
    content_type: &str,
) -> QueueMessage {
    let envelope = CallbackEnvelope {
        tenant_id: tenant.parse().unwrap(),
        system: system.to_owned(),
        message_id: id.to_owned(),
        received_at: Timestamp::now(),
        content_type: content_type.to_owned(),
        body_base64: CallbackEnvelope::encode_body(body),
        traceparent: None,
    };
    QueueMessage {
        message_id: id.to_owned(),
        body: serde_json::to_string(&envelope).unwrap(),
        receive_count: 1,
        trace_parent: None,
    }
}

fn products() -> Value {
    let step = |system: &str, key: &str, depends_on: &[&str]| {
        let depends_on: Vec<Value> = depends_on.iter().map(|x| json!({ "step": x })).collect();
        json!({"key": key, "type": "PROVISIONING", "targetSystem": system, "operation": "do",
            "dependsOn": depends_on, "expectedMinutes": 1, "deadline": {"hours": 4}})
    };
    let product = |code: String, steps: Vec<Value>| json!({"code": code, "name": "Work", "rules": [{"action": "ADD", "steps": steps}]});
    let mut products = Vec::new();
    for system in Mode::ALL.map(Mode::system) {
        let single = vec![step(system, "only", &[])];
        let diamond = vec![
            step(system, "first", &[]),
            step(system, "left", &["first"]),
            step(system, "right", &["first"]),
            step(system, "last", &["left", "right"]),
        ];
        products.push(product(format!("SINGLE_{system}"), single));
        products.push(product(format!("DIAMOND_{system}"), diamond));
    }
    json!({"version": 1, "products": products})
}

fn settings(mode: &str) -> Value {
    json!({
        "baseUrl": "http://127.0.0.1:9", "auth": {"kind": "NONE"},
        "connectTimeoutMs": 500, "requestTimeoutMs": 5000, "mode": mode,
        "capabilities": {"honoursRequestId": true, "canBeQueried": true, "canCancel": true},
        "retryPolicy": {"maxAttempts": 3, "baseDelayMs": 10, "capMs": 100, "totalBudgetMs": 1000},
        "concurrencyLimit": 20, "responseDueMs": 5000, "pollIntervalMs": 200
    })
}
