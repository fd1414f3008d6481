//! An order from intake to completion through the commands alone, each as its function's own role.

use jiff::{SignedDuration, Timestamp};
use order_domain::actor::Actor;
use order_domain::characteristic::Characteristics;
use order_domain::ids::OrderId;
use order_domain::step::answer::StepAnswer;
use order_domain::step::{Jitter, StepPolicy};
use order_domain::tenant::TenantId;
use order_store::commands::{self, BeginAttempt, BeginOutcome, CommandOutcome, StepAttempt};
use order_store::commands::{OutcomeVerdict, StepOutcome};
use order_store::{CommandContext, Store, outbox};
use test_support::{READY, TestDatabase, demo_catalogue, order_draft, place_order, tenant};

const LEASE: SignedDuration = SignedDuration::from_secs(60);

const POLICY: StepPolicy = StepPolicy {
    max_attempts: 3,
    base_delay: SignedDuration::from_millis(1),
    delay_cap: SignedDuration::from_secs(1),
    response_due: SignedDuration::from_secs(60),
    check_delay: SignedDuration::from_millis(1),
    max_checks: 2,
    honours_request_id: true,
    ..StepPolicy::WITHOUT_SETTINGS
};

/// A database with the sample catalogue, and an order of it.
pub(crate) struct Oms {
    pub(crate) db: TestDatabase,
    tenant: TenantId,
    order_id: OrderId,
}

impl Oms {
    pub(crate) async fn with_order(products: &[&str]) -> Self {
        let db = TestDatabase::create().await;
        let tenant = tenant();
        demo_catalogue(&db.store("oms_owner").await, &tenant).await;
        let draft = order_draft(products);
        let order_id = place_order(&db.store("oms_order_intake").await, &tenant, &draft).await;
        Self { db, tenant, order_id }
    }

    pub(crate) fn ctx(&self, function: &str) -> CommandContext {
        CommandContext::new(Actor::function(function, None), Timestamp::now())
    }

    async fn milestone(&self, role: &str, key: &str) -> CommandOutcome {
        let store = self.db.store(role).await;
        let tx = store.tenant_tx(&self.tenant).await.expect("a transaction");
        let ctx = self.ctx(role).with_idempotency_key(key);
        let order = self.order_id;
        match role {
            "oms_order_validate_readiness" => {
                commands::validate_readiness(tx, order, &ctx, READY).await
            }
            "oms_order_decompose" => commands::decompose(tx, order, &ctx).await,
            "oms_order_create_fulfillment_plan" => {
                commands::create_fulfillment_plan(tx, order, &ctx).await
            }
            "oms_fulfillment_execute_ready_steps" => {
                commands::start_fulfillment(tx, order, &ctx).await
            }
            "oms_billing_activate" => commands::settle_billing(tx, order, &ctx).await,
            _ => commands::complete_order(tx, order, &ctx).await,
        }
        .expect("the store answers")
    }

    /// Everything up to a released plan.
    pub(crate) async fn release(&self) {
        for role in [
            "oms_order_validate_readiness",
            "oms_order_decompose",
            "oms_order_create_fulfillment_plan",
            "oms_fulfillment_execute_ready_steps",
        ] {
            let outcome = self.milestone(role, role).await;
            assert!(matches!(outcome, CommandOutcome::Applied { .. }), "{role}: {outcome:?}");
        }
    }

    /// Claims every READY step as the executor does.
    pub(crate) async fn claim_ready(&self, executor: &Store) -> Vec<StepAttempt> {
        let rows =
            self.db.rows("select id from fulfillment_step where status = 'READY' order by id", &[]);
        let batch: Vec<BeginAttempt> = rows
            .await
            .iter()
            .map(|row| BeginAttempt {
                tenant: self.tenant.clone(),
                order_id: self.order_id,
                step_id: order_domain::ids::FulfillmentStepId::from_uuid(
                    row.try_get("id").expect("an id"),
                ),
            })
            .collect();
        let tx = executor.system_tx().await.expect("a transaction");
        let begun = commands::begin_step_attempts(tx, &self.ctx("executor"), LEASE, &batch).await;
        let begun = begun.expect("the store answers");
        begun
            .into_iter()
            .filter_map(|x| if let BeginOutcome::Begun(x) = x { Some(*x) } else { None })
            .collect()
    }

    async fn record(
        &self,
        executor: &Store,
        attempts: &[StepAttempt],
        answer: &StepAnswer,
    ) -> Vec<OutcomeVerdict> {
        let batch: Vec<StepOutcome> = attempts.iter().map(|x| outcome_of(x, answer)).collect();
        let tx = executor.system_tx().await.expect("a transaction");
        commands::record_step_outcomes(tx, &self.ctx("executor"), &batch)
            .await
            .expect("the store answers")
    }

    /// Answers every step with success until none is left. Returns how many were done.
    async fn fulfil(&self) -> usize {
        let executor = self.db.store("oms_fulfillment_step_executor").await;
        let mut done = 0;
        loop {
            let attempts = self.claim_ready(&executor).await;
            if attempts.is_empty() {
                return done;
            }
            done += attempts.len();
            let _ = self.record(&executor, &attempts, &completed()).await;
        }
    }

    async fn order_status(&self) -> String {
        self.db.text("select status from product_order").await.expect("one order")
    }
}

pub(crate) fn completed() -> StepAnswer {
    StepAnswer::Completed {
        external_reference: Some("EXT-1".to_owned()),
        result: Characteristics::new(),
    }
}

pub(crate) fn outcome_of(attempt: &StepAttempt, answer: &StepAnswer) -> StepOutcome {
    attempt.answered(answer.clone(), POLICY, Jitter::FULL)
}

#[tokio::test]
async fn an_order_runs_from_intake_to_completed_through_the_commands() {
    let oms = Oms::with_order(&["ROUTER_RENTAL"]).await;
    oms.release().await;

    assert!(oms.fulfil().await >= 2);
    let billing = oms.milestone("oms_billing_activate", "billing").await;
    let completion = oms.milestone("oms_order_complete", "completion").await;

    assert!(matches!(billing, CommandOutcome::Applied { .. }), "{billing:?}");
    assert!(matches!(completion, CommandOutcome::Applied { .. }), "{completion:?}");
    assert_eq!(oms.order_status().await, "COMPLETED");
    assert_eq!(
        oms.db.text("select status from fulfillment_plan").await.as_deref(),
        Some("COMPLETED")
    );
    let gaps = "select count(*) from product_order o where o.version <>
        (select count(*) from domain_event e where e.order_id = o.id)
        or o.version <> (select max(e.order_version) from domain_event e where e.order_id = o.id)";
    assert_eq!(oms.db.number(gaps).await, 0);
    let owed = "select count(*) from outbox_message where payload->>'kind' = 'PLAN_COMPLETED'";
    assert_eq!(oms.db.number(owed).await, 1);
    oms.db.finish().await;
}

#[tokio::test]
async fn a_command_repeated_with_its_key_answers_the_same_and_writes_nothing() {
    let oms = Oms::with_order(&["ROUTER_RENTAL"]).await;

    let first = oms.milestone("oms_order_validate_readiness", "key-1").await;
    let rows = oms.db.number("select count(*) from audit_entry").await;
    let second = oms.milestone("oms_order_validate_readiness", "key-1").await;

    assert_eq!(first, second);
    assert_eq!(oms.db.number("select count(*) from audit_entry").await, rows);
    oms.db.finish().await;
}

#[tokio::test]
async fn a_milestone_costs_two_round_trips_and_one_commit() {
    let oms = Oms::with_order(&["ROUTER_RENTAL"]).await;
    let store = oms.db.store("oms_order_validate_readiness").await;
    let before = store.cost();

    let tx = store.tenant_tx(&oms.tenant).await.expect("a transaction");
    let ctx = oms.ctx("test").with_idempotency_key("key");
    let _ = commands::validate_readiness(tx, oms.order_id, &ctx, READY).await.expect("an outcome");

    let after = store.cost();
    assert_eq!(after.round_trips - before.round_trips, 2);
    assert_eq!(after.commits - before.commits, 1);
    oms.db.finish().await;
}

#[tokio::test]
async fn a_batch_of_step_outcomes_costs_two_round_trips_whatever_its_size() {
    let oms = Oms::with_order(&["ROUTER_RENTAL", "ROUTER_RENTAL", "ROUTER_RENTAL"]).await;
    oms.release().await;
    let executor = oms.db.store("oms_fulfillment_step_executor").await;
    let attempts = oms.claim_ready(&executor).await;
    assert!(attempts.len() >= 3);
    let before = executor.cost();

    let verdicts = oms.record(&executor, &attempts, &completed()).await;

    assert!(verdicts.iter().all(|x| matches!(x, OutcomeVerdict::Applied(_))), "{verdicts:?}");
    assert_eq!(executor.cost().round_trips - before.round_trips, 2);
    oms.db.finish().await;
}

#[tokio::test]
async fn a_worker_whose_lease_expired_cannot_write() {
    let oms = Oms::with_order(&["ROUTER_RENTAL"]).await;
    oms.release().await;
    let executor = oms.db.store("oms_fulfillment_step_executor").await;
    let mut attempts = oms.claim_ready(&executor).await;
    for attempt in &mut attempts {
        attempt.lease_epoch -= 1;
    }

    let verdicts = oms.record(&executor, &attempts, &completed()).await;

    assert!(verdicts.iter().all(|x| *x == OutcomeVerdict::LeaseLost), "{verdicts:?}");
    assert_eq!(
        oms.db.number("select count(*) from fulfillment_step where status = 'COMPLETED'").await,
        0
    );
    oms.db.finish().await;
}

#[tokio::test]
async fn a_rejected_mandatory_step_opens_one_blocking_case_and_the_order_is_in_fallout() {
    let oms = Oms::with_order(&["ROUTER_RENTAL"]).await;
    oms.release().await;
    let executor = oms.db.store("oms_fulfillment_step_executor").await;
    let attempts = oms.claim_ready(&executor).await;
    let rejected = StepAnswer::Rejected {
        code: "INVENTORY_NOT_AVAILABLE".to_owned(),
        external_reference: None,
    };

    let _ = oms.record(&executor, &attempts[..1], &rejected).await;

    assert_eq!(oms.order_status().await, "FALLOUT");
    assert_eq!(
        oms.db.text("select reason_code from order_fallout_case").await.as_deref(),
        Some("INVENTORY_NOT_AVAILABLE")
    );
    let owed = "select count(*) from outbox_message where payload->>'kind' = 'FALLOUT_OPENED'";
    assert_eq!(oms.db.number(owed).await, 1);
    oms.db.finish().await;
}

#[tokio::test]
async fn of_two_claims_of_one_step_exactly_one_begins() {
    let oms = Oms::with_order(&["ROUTER_RENTAL"]).await;
    oms.release().await;
    let (a, b) = (
        oms.db.store("oms_fulfillment_step_executor").await,
        oms.db.store("oms_fulfillment_step_executor").await,
    );

    let (first, second) = tokio::join!(oms.claim_ready(&a), oms.claim_ready(&b));

    let ready = first.len() + second.len();
    let requests = oms.db.number("select count(*) from external_request").await;
    assert_eq!(i64::try_from(ready).expect("a small number"), requests);
    oms.db.finish().await;
}

#[tokio::test]
async fn only_the_lowest_delivery_of_a_lane_can_be_claimed() {
    let oms = Oms::with_order(&["ROUTER_RENTAL"]).await;
    let _ = oms.milestone("oms_order_validate_readiness", "v").await;
    let relay = oms.db.store("oms_outbox_relay").await;
    let claim = async || {
        let tx = relay.system_tx().await.expect("a transaction");
        outbox::claim_due(tx, Timestamp::now(), 10, ("relay-1", LEASE)).await.expect("claims")
    };

    let first = claim().await;
    let while_leased = claim().await;
    let tx = relay.system_tx().await.expect("a transaction");
    let leases: Vec<_> = first.iter().map(outbox::ClaimedMessage::lease).collect();
    let deleted = outbox::delete_delivered(tx, Timestamp::now(), &leases).await;
    let after = claim().await;

    assert_eq!(first.len(), 2, "the start and the first event");
    assert!(while_leased.is_empty(), "the second event waits for the first");
    assert_eq!(deleted.expect("the store answers"), 2);
    assert_eq!(after.len(), 1, "now the second event is the lowest");
    oms.db.finish().await;
}

#[tokio::test]
async fn the_audit_chain_of_an_order_has_no_gap_and_every_link_fits() {
    let oms = Oms::with_order(&["ROUTER_RENTAL"]).await;
    oms.release().await;

    let broken = "select count(*) from audit_entry e where e.sequence > 1 and not exists (
        select from audit_entry p where p.chain_id = e.chain_id and p.sequence = e.sequence - 1
          and p.hash = e.previous_hash)";
    assert_eq!(oms.db.number(broken).await, 0);
    let head = "select count(*) from product_order o join audit_entry e
        on e.chain_id = o.id and e.sequence = o.audit_sequence and e.hash = o.audit_head";
    assert_eq!(oms.db.number(head).await, 1);
    oms.db.finish().await;
}
