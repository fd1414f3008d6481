//! What the hot entries cost: waits, commits, buffers and WAL, the same on every machine.
//!
//! A figure here is a promise: a change is explained in the commit that makes it.

mod wal;

use std::ops::RangeInclusive;

use jiff::SignedDuration;
use order_domain::characteristic::Characteristics;
use order_domain::step::answer::StepAnswer;
use order_domain::step::{AnswerSource, Jitter, StepPolicy};
use order_store::commands::{
    BeginAttempt, CallbackReceipt, OutcomeVerdict, StepAttempt, StepOutcome, StepSubject,
    begin_step_attempts, begin_step_checks, record_step_outcomes,
};
use order_store::outbox::{self, ClaimedMessage};
use order_store::{Store, StoreCost, due_steps};
use test_support::stage::Stage;

use wal::{Wal, wal_of};

const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// What a system may take to answer in the stage, and more.
const OVERDUE: SignedDuration = SignedDuration::from_secs(3600);

/// What `work` cost the store, as (round trips, commits).
async fn cost_of<T>(store: &Store, work: impl Future<Output = T>) -> (T, (u64, u64)) {
    let before: StoreCost = store.cost();
    let result = work.await;
    let after = store.cost();
    (result, (after.round_trips - before.round_trips, after.commits - before.commits))
}

/// An order with so many READY steps, its deliveries made.
async fn with_ready_steps(count: usize) -> Stage {
    let stage = Stage::released(count).await;
    stage.db.execute("delete from outbox_message").await;
    stage
}

/// Owes one event per lane.
async fn owe_events(stage: &Stage, count: usize) {
    let sql = format!(
        "insert into outbox_message (tenant_id, id, kind, lane, order_id, payload, available_at, created_at)
         select 'acme', gen_random_uuid(), 'DOMAIN_EVENT', 'events:' || gen_random_uuid(), '{}',
             jsonb_build_object('kind', 'DOMAIN_EVENT', 'eventType', 'OrderCreated', 'cloudEvent',
                 jsonb_build_object('specversion', '1.0', 'data', repeat('d', 200))), now(), now()
         from generate_series(1, {count})",
        stage.order_id
    );
    stage.db.execute(&sql).await;
}

async fn claim(stage: &Stage, relay: &Store) -> Vec<ClaimedMessage> {
    let tx = relay.system_tx().await.expect("a transaction");
    outbox::claim_due(tx, stage.now(), 1000, ("relay", LEASE)).await.expect("claims")
}

async fn delete(stage: &Stage, relay: &Store, claimed: &[ClaimedMessage]) -> usize {
    let leases: Vec<_> = claimed.iter().map(ClaimedMessage::lease).collect();
    let tx = relay.system_tx().await.expect("a transaction");
    outbox::delete_delivered(tx, stage.now(), &leases).await.expect("the store answers")
}

async fn begin(stage: &Stage, executor: &Store) -> Vec<order_store::commands::BeginOutcome> {
    let ready = stage.ready_steps().await.into_iter();
    let batch: Vec<BeginAttempt> = ready
        .map(|step_id| BeginAttempt {
            tenant: stage.tenant.clone(),
            order_id: stage.order_id,
            step_id,
        })
        .collect();
    let tx = executor.system_tx().await.expect("a transaction");
    begin_step_attempts(tx, &stage.context("executor"), LEASE, &batch).await.expect("claims")
}

/// A callback that completes each of these.
fn callbacks(stage: &Stage, attempts: &[StepAttempt]) -> Vec<StepOutcome> {
    let callback = |attempt: &StepAttempt| StepOutcome {
        tenant: attempt.tenant.clone(),
        request_id: attempt.request_id,
        subject: StepSubject::Callback(Box::new(CallbackReceipt {
            system: attempt.target_system.clone(),
            message_id: format!("msg_{}", attempt.request_id),
            digest: "d".repeat(64),
            external_reference: Some(format!("EXT-{}", attempt.request_id)),
            received_at: stage.now(),
        })),
        source: AnswerSource::Callback,
        answer: StepAnswer::Completed {
            external_reference: Some(format!("EXT-{}", attempt.request_id)),
            result: Characteristics::new(),
        },
        attempts: Vec::new(),
        policy: StepPolicy::WITHOUT_SETTINGS,
        jitter: Jitter::FULL,
    };
    attempts.iter().map(callback).collect()
}

async fn record(stage: &Stage, store: &Store, batch: &[StepOutcome]) {
    let tx = store.system_tx().await.expect("a transaction");
    let verdicts = record_step_outcomes(tx, &stage.context("test"), batch).await;
    let verdicts = verdicts.expect("the store answers");
    assert!(verdicts.iter().all(|x| matches!(x, OutcomeVerdict::Applied(_))), "{verdicts:?}");
}

#[tokio::test]
async fn deliveries_cost_one_round_trip_to_claim_and_one_to_delete_whatever_their_number() {
    let stage = with_ready_steps(1).await;
    let relay = stage.db.store("oms_outbox_relay").await;

    for count in [1, 100] {
        owe_events(&stage, count).await;
        let (claimed, claiming) = cost_of(&relay, claim(&stage, &relay)).await;
        let (deleted, deleting) = cost_of(&relay, delete(&stage, &relay, &claimed)).await;

        assert_eq!((claimed.len(), deleted), (count, count));
        assert_eq!((claiming, deleting), ((1, 1), (1, 1)), "{count} deliveries");
    }
    stage.db.finish().await;
}

#[tokio::test]
async fn steps_are_claimed_called_back_and_checked_in_two_round_trips_each_whatever_their_number() {
    for count in [1, 12] {
        let stage = with_ready_steps(count).await;
        let executor = stage.db.store("oms_fulfillment_step_executor").await;
        let callback_processor = stage.db.store("oms_callback_processor").await;
        let reconciliation = stage.db.store("oms_reconciliation").await;

        let (begun, claiming) = cost_of(&executor, begin(&stage, &executor)).await;
        stage.advance(OVERDUE);
        let find = async {
            let tx = reconciliation.system_tx().await.expect("a transaction");
            due_steps::list_due(tx, stage.now(), 500).await.expect("the store answers")
        };
        let (due, finding) = cost_of(&reconciliation, find).await;
        let check = async {
            let tx = reconciliation.system_tx().await.expect("a transaction");
            begin_step_checks(tx, &stage.context("reconciliation"), LEASE, &due).await
        };
        let (checks, checking) = cost_of(&reconciliation, check).await;
        let batch = callbacks(&stage, &attempts(begun));
        let (_, recording) =
            cost_of(&callback_processor, record(&stage, &callback_processor, &batch)).await;

        assert_eq!((due.len(), checks.expect("the store answers").len()), (count, count));
        assert_eq!((claiming, checking, recording), ((2, 1), (2, 1), (2, 1)), "{count} steps");
        assert_eq!(finding, (1, 1));
        stage.db.finish().await;
    }
}

fn attempts(begun: Vec<order_store::commands::BeginOutcome>) -> Vec<StepAttempt> {
    let attempt = |x| match x {
        order_store::commands::BeginOutcome::Begun(attempt) => *attempt,
        other => panic!("not claimed: {other:?}"),
    };
    begun.into_iter().map(attempt).collect()
}

/// The number of records is exact where each row has one; a row that finds room in its own page
/// needs no new index entries, so that steps write a few fewer. Bytes vary by alignment as well.
fn assert_wal(name: &str, wal: Wal, records: RangeInclusive<i64>, most_bytes: i64) {
    let is_within = records.contains(&wal.records) && wal.bytes <= most_bytes;
    assert!(is_within, "{name}: {wal:?}, allowed {records:?} and {most_bytes} bytes");
}

#[tokio::test]
async fn an_event_is_claimed_and_deleted_with_a_bounded_amount_of_wal() {
    let stage = with_ready_steps(1).await;
    let relay = stage.db.store("oms_outbox_relay").await;
    owe_events(&stage, 100).await;

    let (claimed, claiming) = wal_of(&stage.db, claim(&stage, &relay)).await;
    let (_, deleting) = wal_of(&stage.db, delete(&stage, &relay, &claimed)).await;

    // Each row is locked, then marked in its own page; each is deleted; and a commit ends both.
    assert_wal("claim", claiming, 201..=201, 18_000);
    assert_wal("delete", deleting, 101..=101, 6_500);
    stage.db.finish().await;
}

#[tokio::test]
async fn a_step_is_claimed_and_called_back_with_a_bounded_amount_of_wal() {
    let stage = with_ready_steps(12).await;
    let executor = stage.db.store("oms_fulfillment_step_executor").await;
    let callback_processor = stage.db.store("oms_callback_processor").await;

    let (begun, claiming) = wal_of(&stage.db, begin(&stage, &executor)).await;
    let batch = callbacks(&stage, &attempts(begun));
    let (_, recording) = wal_of(&stage.db, record(&stage, &callback_processor, &batch)).await;

    // A waiting step stands in two indexes that answer for whom an order waits, and since when.
    assert_wal("claim", claiming, 174..=185, 27_000);
    assert_wal("callbacks", recording, 260..=305, 51_000);
    stage.db.finish().await;
}
