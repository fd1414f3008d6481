//! Brings an order forward by the commands alone, each under its function's own role.

use jiff::{SignedDuration, Timestamp};
use order_domain::actor::Actor;
use order_domain::ids::{FulfillmentStepId, OrderId};
use order_domain::step::answer::StepAnswer;
use order_domain::step::{Jitter, StepPolicy};
use order_store::CommandContext;
use order_store::commands::{
    BeginAttempt, BeginOutcome, StepAttempt, begin_step_attempts, create_fulfillment_plan,
    decompose, record_step_outcomes, start_fulfillment, validate_readiness,
};
use order_store::correlation::{claim_start, mark_running};
use test_support::{READY, demo_catalogue, tenant};

use super::fixture::Fixture;

const POLICY: StepPolicy = StepPolicy {
    max_attempts: 3,
    base_delay: SignedDuration::from_millis(1),
    delay_cap: SignedDuration::from_secs(1),
    response_due: SignedDuration::from_secs(60),
    check_delay: SignedDuration::from_secs(30),
    max_checks: 2,
    honours_request_id: true,
    ..StepPolicy::WITHOUT_SETTINGS
};

fn ctx(name: &str) -> CommandContext {
    CommandContext::new(Actor::function(name, None), Timestamp::now())
}

impl Fixture {
    /// An order whose process runs and whose plan is released.
    pub(super) async fn released_order(&self) -> OrderId {
        demo_catalogue(&self.db().store("oms_owner").await, &tenant()).await;
        let order = self.order().await;
        self.start_process(order).await;
        macro_rules! milestone {
            ($role:literal, $command:ident $(, $argument:expr)?) => {
                let store = self.db().store($role).await;
                let tx = store.tenant_tx(&tenant()).await.unwrap();
                let _ = $command(tx, order, &ctx($role) $(, $argument)?).await.unwrap();
            };
        }
        milestone!("oms_order_validate_readiness", validate_readiness, READY);
        milestone!("oms_order_decompose", decompose);
        milestone!("oms_order_create_fulfillment_plan", create_fulfillment_plan);
        milestone!("oms_fulfillment_execute_ready_steps", start_fulfillment);
        order
    }

    async fn start_process(&self, order: OrderId) {
        let relay = self.db().store("oms_outbox_relay").await;
        let key = "order-fulfillment";
        let business_key = format!("ORDER:acme:{order}");
        let names = (key, business_key.as_str());
        let tx = relay.system_tx().await.unwrap();
        let _ = claim_start(tx, (&tenant(), order), names, Timestamp::now()).await.unwrap();
        let tx = relay.system_tx().await.unwrap();
        let names = (key, "instance-1");
        let _ = mark_running(tx, (&tenant(), order), names, Timestamp::now()).await.unwrap();
    }

    /// Claims every READY step, as the executor does before it calls.
    pub(super) async fn claim_ready(&self, order: OrderId) -> Vec<StepAttempt> {
        let ready = "select id from fulfillment_step where status = 'READY' order by id";
        let batch: Vec<BeginAttempt> = self
            .db()
            .rows(ready, &[])
            .await
            .iter()
            .map(|row| BeginAttempt {
                tenant: tenant(),
                order_id: order,
                step_id: FulfillmentStepId::from_uuid(row.try_get("id").unwrap()),
            })
            .collect();
        let executor = self.db().store("oms_fulfillment_step_executor").await;
        let tx = executor.system_tx().await.unwrap();
        let lease = SignedDuration::from_secs(60);
        let begun = begin_step_attempts(tx, &ctx("executor"), lease, &batch).await.unwrap();
        begun
            .into_iter()
            .filter_map(|x| if let BeginOutcome::Begun(x) = x { Some(*x) } else { None })
            .collect()
    }

    pub(super) async fn record(&self, attempt: &StepAttempt, answer: StepAnswer) {
        let outcome = attempt.answered(answer, POLICY, Jitter::FULL);
        let executor = self.db().store("oms_fulfillment_step_executor").await;
        let tx = executor.system_tx().await.unwrap();
        let _ = record_step_outcomes(tx, &ctx("executor"), &[outcome]).await.unwrap();
    }
}
