//! An order whose plan is released, and the settings of its target systems.
#![expect(clippy::unwrap_used, reason = "a stage that fails fails its test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use order_domain::actor::Actor;
use order_domain::ids::{FulfillmentStepId, OrderId, RequestId};
use order_domain::readiness::ReadinessFindings;
use order_domain::tenant::TenantId;
use order_store::commands::{self, BeginAttempt, BeginOutcome, CommandOutcome, StepAttempt};
use order_store::{CommandContext, Store, target_system};
use serde_json::{Value, json};

use crate::{TestDatabase, demo_catalogue, order_draft, place_order, tenant};

/// An order for which no readiness check fails.
pub const READY: ReadinessFindings = ReadinessFindings {
    is_quote_accepted: true,
    is_revision_locked: true,
    price_valid_until: None,
    is_price_locked: true,
    is_approved: true,
    is_customer_known: true,
    is_billing_account_ready: true,
    is_contract_complete: true,
    has_duplicate_order: false,
    are_documents_complete: true,
};

/// A private database with one order in it, and a clock that the test moves.
///
/// Its methods panic when the store refuses: a stage that fails fails its test.
#[derive(Debug)]
pub struct Stage {
    /// The database, to be finished by the test.
    pub db: TestDatabase,
    /// Whose order it is.
    pub tenant: TenantId,
    /// The order.
    pub order_id: OrderId,
    offset_ms: Arc<AtomicI64>,
}

impl Stage {
    /// An order of so many router rentals: each is shipped by LOGISTICS, then billed by BILLING.
    pub async fn placed(lines: usize) -> Self {
        let db = TestDatabase::create().await;
        let tenant = tenant();
        demo_catalogue(&db.store("oms_owner").await, &tenant).await;
        let draft = order_draft(&vec!["ROUTER_RENTAL"; lines]);
        let order_id = place_order(&db.store("oms_order_intake").await, &tenant, &draft).await;
        Self { db, tenant, order_id, offset_ms: Arc::default() }
    }

    /// An order that owes this delivery and nothing else.
    pub async fn owing(kind_and_lane: (&str, &str), payload: Value) -> Self {
        let stage = Self::placed(1).await;
        stage.db.execute("delete from outbox_message").await;
        stage.owe(kind_and_lane, payload).await;
        stage
    }

    /// The same with its plan released: one READY step per line.
    pub async fn released(lines: usize) -> Self {
        let stage = Self::placed(lines).await;
        stage.release().await;
        stage
    }

    /// One more delivery that is owed now.
    pub async fn owe(&self, (kind, lane): (&str, &str), payload: Value) {
        let order_id = self.order_id;
        let sql = format!(
            "insert into outbox_message
                 (tenant_id, id, kind, lane, order_id, payload, available_at, created_at)
             values ('acme', gen_random_uuid(), '{kind}', '{lane}', '{order_id}', '{payload}',
                 now(), now())"
        );
        self.db.execute(&sql).await;
    }

    /// A step's target system, reached below `base_url`; `changes` replace settings.
    pub async fn configure(&self, system: &str, base_url: &str, changes: Value) {
        let mut settings = settings(&format!("{base_url}/{system}"));
        for (name, value) in changes.as_object().unwrap() {
            settings[name] = value.clone();
        }
        let tx = self.db.store("oms_owner").await.tenant_tx(&self.tenant).await.unwrap();
        let systems = [(system.to_owned(), settings)];
        target_system::apply(tx, &systems, Timestamp::now()).await.unwrap();
    }

    /// Takes the order through the milestones up to the released plan, each by its own role.
    pub async fn release(&self) {
        let order = self.order_id;
        for role in [
            "oms_order_validate_readiness",
            "oms_order_decompose",
            "oms_order_create_fulfillment_plan",
            "oms_fulfillment_execute_ready_steps",
        ] {
            let tx = self.db.store(role).await.tenant_tx(&self.tenant).await.unwrap();
            let ctx = self.context(role).with_idempotency_key(format!("{role}:{order}"));
            let outcome = match role {
                "oms_order_validate_readiness" => {
                    commands::validate_readiness(tx, order, &ctx, READY).await
                }
                "oms_order_decompose" => commands::decompose(tx, order, &ctx).await,
                "oms_order_create_fulfillment_plan" => {
                    commands::create_fulfillment_plan(tx, order, &ctx).await
                }
                _ => commands::start_fulfillment(tx, order, &ctx).await,
            };
            assert!(matches!(outcome, Ok(CommandOutcome::Applied { .. })), "{role}: {outcome:?}");
        }
    }

    /// What a command of the function `name` is told, at the time of this clock.
    #[must_use]
    pub fn context(&self, name: &str) -> CommandContext {
        CommandContext::new(Actor::function(name, None), self.now())
    }

    /// The time of the clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::now() + SignedDuration::from_millis(self.offset_ms.load(Ordering::SeqCst))
    }

    /// Moves the clock of every function that was given [`Stage::clock`].
    pub fn advance(&self, by: SignedDuration) {
        let by_ms = i64::try_from(by.as_millis()).unwrap();
        self.offset_ms.fetch_add(by_ms, Ordering::SeqCst);
    }

    /// The clock, for functions that take one.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Fn() -> Timestamp + Send + Sync> {
        let offset_ms = Arc::clone(&self.offset_ms);
        Arc::new(move || {
            Timestamp::now() + SignedDuration::from_millis(offset_ms.load(Ordering::SeqCst))
        })
    }

    /// READY steps in the order of their ids.
    pub async fn ready_steps(&self) -> Vec<FulfillmentStepId> {
        self.steps_that("status = 'READY'").await
    }

    async fn steps_that(&self, condition: &str) -> Vec<FulfillmentStepId> {
        let sql = format!("select id from fulfillment_step where {condition} order by id");
        let rows = self.db.rows(&sql, &[]).await;
        rows.iter().map(|x| FulfillmentStepId::from_uuid(x.try_get("id").unwrap())).collect()
    }

    /// Claims every READY step of the order as the executor does, and then dies.
    pub async fn claim(&self) -> Vec<StepAttempt> {
        let of_order = format!("status = 'READY' and order_id = '{}'", self.order_id);
        let ready = self.steps_that(&of_order).await;
        let batch: Vec<BeginAttempt> = ready
            .into_iter()
            .map(|step_id| BeginAttempt {
                tenant: self.tenant.clone(),
                order_id: self.order_id,
                step_id,
            })
            .collect();
        let tx = self.executor().await.system_tx().await.unwrap();
        let (lease, ctx) = (SignedDuration::from_secs(60), self.context("executor"));
        let begun = commands::begin_step_attempts(tx, &ctx, lease, &batch);
        let attempt = |x| match x {
            BeginOutcome::Begun(attempt) => *attempt,
            other => panic!("not claimed: {other:?}"),
        };
        begun.await.unwrap().into_iter().map(attempt).collect()
    }

    async fn executor(&self) -> Store {
        self.db.store("oms_fulfillment_step_executor").await
    }

    /// Statuses of the steps that LOGISTICS does, one per line.
    pub async fn shipping(&self) -> Vec<String> {
        let sql =
            "select status from fulfillment_step where target_system = 'LOGISTICS' order by id";
        let rows = self.db.rows(sql, &[]).await;
        rows.iter().map(|x| x.try_get("status").unwrap()).collect()
    }

    /// The request id of the only LOGISTICS step.
    pub async fn request_id(&self) -> RequestId {
        let sql = "select request_id::text from fulfillment_step where target_system = 'LOGISTICS'";
        self.db.text(sql).await.expect("it was sent").parse().unwrap()
    }
}

/// A system that reports by callback and takes each request id once.
fn settings(base_url: &str) -> Value {
    json!({
        "baseUrl": base_url, "auth": {"kind": "NONE"},
        "connectTimeoutMs": 500, "requestTimeoutMs": 5000, "mode": "ASYNC",
        "capabilities": {"honoursRequestId": true, "canBeQueried": true, "canCancel": true},
        "retryPolicy": {"maxAttempts": 3, "baseDelayMs": 10, "capMs": 100, "totalBudgetMs": 600_000},
        "concurrencyLimit": 20, "responseDueMs": 5000, "pollIntervalMs": 200
    })
}
