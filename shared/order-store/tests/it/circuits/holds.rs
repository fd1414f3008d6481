//! People hold systems and release them.

use jiff::{SignedDuration, Timestamp};
use order_domain::actor::Actor;
use order_domain::circuit::{CircuitRejection, CircuitStatus, DrainRate};
use order_store::CommandContext;
use order_store::commands::{SystemOutcome, SystemRequest, hold_system, release_system};
use serde_json::json;
use test_support::stage::Stage;

use super::world::{begin, status, sweep, waiting};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

async fn staged(lines: usize) -> Stage {
    let stage = Stage::released(lines).await;
    stage.configure("LOGISTICS", "http://logistics", json!({})).await;
    stage
}

fn ctx(stage: &Stage, key: &str) -> CommandContext {
    let actor = Actor::caller("sven", vec!["order-supervisor".to_owned()]);
    CommandContext::new(actor, stage.now()).with_idempotency_key(key)
}

fn request(system: &str, fingerprint: &str) -> SystemRequest {
    SystemRequest {
        system: system.to_owned(),
        reason_code: "MAINTENANCE".to_owned(),
        note: None,
        fingerprint: fingerprint.to_owned(),
    }
}

async fn hold(stage: &Stage, key: &str, (system, ends_at): (&str, Timestamp)) -> SystemOutcome {
    let store = stage.db.store("oms_operator_api").await;
    let tx = store.tenant_tx(&stage.tenant).await.unwrap();
    let request = request(system, &ends_at.to_string());
    hold_system(tx, &ctx(stage, key), (&request, ends_at)).await.unwrap()
}

async fn release(stage: &Stage, key: &str, per_minute: u32) -> SystemOutcome {
    let store = stage.db.store("oms_operator_api").await;
    let tx = store.tenant_tx(&stage.tenant).await.unwrap();
    let rate = DrainRate::parse(per_minute).unwrap();
    release_system(tx, &ctx(stage, key), (&request("LOGISTICS", "r"), rate)).await.unwrap()
}

fn end_of(outcome: &SystemOutcome) -> Option<Timestamp> {
    match outcome {
        SystemOutcome::Done(changed) => changed.ends_at,
        other => panic!("not done: {other:?}"),
    }
}

#[tokio::test]
async fn a_hold_ends_by_itself_with_a_probe() {
    let stage = staged(2).await;
    let _ = hold(&stage, "k", ("LOGISTICS", stage.now() + HOUR)).await;
    begin(&stage).await;
    assert_eq!(waiting(&stage).await, 2);

    stage.advance(HOUR - SignedDuration::from_secs(1));
    assert!(sweep(&stage).await.is_empty());
    stage.advance(SignedDuration::from_secs(1));
    sweep(&stage).await;

    assert_eq!((status(&stage).await.as_str(), waiting(&stage).await), ("PROBING", 1));
    stage.db.finish().await;
}

#[tokio::test]
async fn the_later_end_of_two_holds_wins_and_each_is_audited_once() {
    let stage = staged(1).await;
    let (near, far) = (stage.now() + HOUR, stage.now() + HOUR * 3);
    let micros = |x: Timestamp| x.round(jiff::Unit::Microsecond).unwrap();

    let first = hold(&stage, "k-1", ("LOGISTICS", micros(near))).await;
    let longer = hold(&stage, "k-2", ("LOGISTICS", micros(far))).await;
    let shorter = hold(&stage, "k-3", ("LOGISTICS", micros(near))).await;
    let repeated = hold(&stage, "k-1", ("LOGISTICS", micros(near))).await;
    let reused = hold(&stage, "k-1", ("LOGISTICS", micros(far))).await;

    assert_eq!(end_of(&first), Some(micros(near)));
    assert_eq!((end_of(&longer), end_of(&shorter)), (Some(micros(far)), Some(micros(far))));
    assert_eq!((&repeated, reused), (&first, SystemOutcome::KeyReused));
    let audited = "select string_agg(outcome, ' ' order by sequence) from audit_entry
        where command = 'hold_system' and actor_name = 'sven' and order_version is null";
    let told = stage.db.text(audited).await;
    assert_eq!(told.as_deref(), Some("APPLIED APPLIED ALREADY_APPLIED"));
    stage.db.finish().await;
}

#[tokio::test]
async fn a_hold_that_cannot_be_is_refused_and_audited_and_holds_nothing() {
    let stage = staged(1).await;
    let now = stage.now();

    let past = hold(&stage, "k-1", ("LOGISTICS", now - HOUR)).await;
    let long = hold(&stage, "k-2", ("LOGISTICS", now + HOUR * 24 * 8)).await;
    let nobody = hold(&stage, "k-3", ("UNHEARD_OF", now + HOUR)).await;
    let closed = release(&stage, "k-4", 60).await;

    assert_eq!(past, SystemOutcome::Refused(CircuitRejection::HoldEndsInThePast));
    assert_eq!(long, SystemOutcome::Refused(CircuitRejection::HoldIsTooLong));
    assert_eq!(nobody, SystemOutcome::NotFound);
    assert_eq!(closed, SystemOutcome::Refused(CircuitRejection::CircuitNotOpen));
    let open = "select count(*) from target_system_circuit where status <> 'CLOSED'";
    assert_eq!(stage.db.number(open).await, 0);
    let audited = "select string_agg(code, ' ' order by sequence) from audit_entry
        where outcome = 'REFUSED' and command in ('hold_system', 'release_system')";
    let told = stage.db.text(audited).await;
    assert_eq!(told.as_deref(), Some("HOLD_ENDS_IN_THE_PAST HOLD_IS_TOO_LONG CIRCUIT_NOT_OPEN"));
    stage.db.finish().await;
}

#[tokio::test]
async fn a_release_lets_go_at_the_rate_that_was_asked_for() {
    let stage = staged(5).await;
    let _ = hold(&stage, "k-1", ("LOGISTICS", stage.now() + HOUR)).await;
    begin(&stage).await;

    let released = release(&stage, "k-2", 30).await;

    let SystemOutcome::Done(changed) = released else { panic!("{released:?}") };
    assert_eq!(
        (changed.status, changed.drain_rate_per_minute),
        (CircuitStatus::Draining, Some(30))
    );
    let mut waits = Vec::new();
    for _ in 0..3 {
        sweep(&stage).await;
        waits.push(waiting(&stage).await);
        stage.advance(SignedDuration::from_secs(2));
    }
    assert_eq!(waits, [4, 3, 2]);
    stage.db.finish().await;
}
