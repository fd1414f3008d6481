//! How a circuit comes back: by probes, at a rate, with nobody sent twice and nobody forgotten.

use jiff::SignedDuration;
use order_domain::circuit::CircuitStatus;
use order_domain::circuit::policy::{DRAIN_RATE, PROBE_PATIENCE};
use order_store::circuit::SystemKey;
use order_store::commands::StepAttempt;
use order_store::{due_steps, liveness};
use test_support::operations::unknown;
use test_support::stage::Stage;

use super::world::{
    alive, close, down, moves_of, outcomes, owed, record, status, sweep, sweep_by, waiting,
    with_waiting,
};

const PAUSE: SignedDuration = SignedDuration::from_secs(30);

/// Claims what was let go; the others wait.
async fn claim_let_go(stage: &Stage) -> Vec<StepAttempt> {
    let begun = super::world::begin(stage).await.into_iter();
    begun
        .filter_map(|x| match x {
            order_store::commands::BeginOutcome::Begun(attempt) => Some(*attempt),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn a_probe_lets_one_step_go_and_its_answer_decides() {
    let stage = with_waiting(3).await;
    assert!(sweep(&stage).await.is_empty(), "too early");
    stage.advance(PAUSE);

    assert_eq!(sweep(&stage).await[0].status, CircuitStatus::Probing);
    assert_eq!((owed(&stage).await, waiting(&stage).await), (1, 2));
    let probe = claim_let_go(&stage).await;
    assert_eq!(probe.len(), 1);
    record(&stage, &outcomes(&probe, &alive())).await;

    assert_eq!(status(&stage).await, "DRAINING");
    stage.db.finish().await;
}

#[tokio::test]
async fn a_failed_probe_doubles_the_pause_and_its_step_waits_on_behind_the_others() {
    let stage = with_waiting(2).await;
    let mut probed = Vec::new();
    let mut pause = PAUSE;
    for _ in 0..3 {
        stage.advance(pause);
        assert_eq!(sweep(&stage).await.len(), 1, "due after {pause:?}");
        let probe = claim_let_go(&stage).await;
        probed.push(probe[0].step_id);
        record(&stage, &outcomes(&probe, &down())).await;
        assert_eq!(status(&stage).await, "OPEN");
        pause *= 2;
        stage.advance(pause - SignedDuration::from_secs(1));
        assert!(sweep(&stage).await.is_empty(), "not before {pause:?}");
        stage.advance(SignedDuration::from_secs(1) - pause);
    }

    assert_eq!((probed[0] == probed[1], probed[0] == probed[2]), (false, true));
    let used = "select count(*) from fulfillment_step where attempt_count > 0 or circuit_wait is distinct from 'WAITING'
        and status = 'READY'";
    assert_eq!(stage.db.number(used).await, 0);
    let incident = "select occurrence_count from platform_incident where resolved_at is null";
    assert_eq!(stage.db.number(incident).await, 3);
    stage.db.finish().await;
}

#[tokio::test]
async fn a_probe_that_nobody_answers_is_made_again() {
    let stage = with_waiting(2).await;
    stage.advance(PAUSE);
    sweep(&stage).await;
    assert_eq!(claim_let_go(&stage).await.len(), 1, "whoever sends it dies");

    stage.advance(PROBE_PATIENCE);
    sweep(&stage).await;

    assert_eq!((status(&stage).await.as_str(), waiting(&stage).await), ("PROBING", 0));
    stage.db.finish().await;
}

#[tokio::test]
async fn where_no_step_waits_a_question_is_the_probe() {
    let stage = with_waiting(1).await;
    stage.db.execute("update target_system_circuit set status = 'DRAINING'").await;
    stage.db.execute("update fulfillment_step set circuit_wait = null").await;
    record(&stage, &outcomes(&claim_let_go(&stage).await, &unknown())).await;
    stage.db.execute("update target_system_circuit set status = 'OPEN'").await;
    let store = stage.db.store("oms_reconciliation").await;
    let due = async |stage: &Stage| {
        let tx = store.system_tx().await.unwrap();
        due_steps::list_due(tx, stage.now(), 10).await.unwrap().len()
    };
    stage.advance(SignedDuration::from_mins(5));
    assert_eq!(due(&stage).await, 0, "nobody asks a system that is out");

    sweep(&stage).await;

    assert_eq!((status(&stage).await.as_str(), due(&stage).await), ("PROBING", 1));
    stage.db.finish().await;
}

#[tokio::test]
async fn draining_never_makes_up_for_a_pause_of_the_worker() {
    let stage = with_waiting(100).await;
    let release = format!(
        "update target_system_circuit set status = 'DRAINING', next_move_at = '{}'",
        stage.now()
    );
    stage.db.execute(&release).await;

    let mut gone = Vec::new();
    for pause_s in [0, 1, 1, 40, 1, 1] {
        stage.advance(SignedDuration::from_secs(pause_s));
        let before = owed(&stage).await;
        sweep(&stage).await;
        gone.push(owed(&stage).await - before);
    }

    assert_eq!(DRAIN_RATE, 60, "one in a second");
    assert!(gone[..3].iter().all(|x| *x <= 2), "{gone:?}");
    assert!(gone[3] <= 3, "forty seconds are worth two: {gone:?}");
    assert!(gone.iter().sum::<i64>() <= 10, "{gone:?}");
    stage.db.finish().await;
}

#[tokio::test]
async fn two_sweeps_at_once_let_nobody_go_twice() {
    let stage = with_waiting(40).await;
    let release = format!(
        "update target_system_circuit set status = 'DRAINING', drain_rate_per_minute = 300,
             next_move_at = '{}'",
        stage.now() - SignedDuration::from_mins(1)
    );
    stage.db.execute(&release).await;
    let key = SystemKey { tenant: stage.tenant.clone(), system: "LOGISTICS".to_owned() };
    let stores =
        [stage.db.store("oms_reconciliation").await, stage.db.store("oms_reconciliation").await];

    // Both found it due, before either moved it.
    let keys = std::slice::from_ref(&key);
    let (one, other) =
        tokio::join!(moves_of(&stores[0], &stage, keys), moves_of(&stores[1], &stage, keys));

    assert_eq!(one.len() + other.len(), 1, "{one:?} {other:?}");
    let doubled = "select count(*) from (select lane from outbox_message group by lane having count(*) > 1) x";
    assert_eq!((owed(&stage).await, stage.db.number(doubled).await), (11, 0));
    stage.db.finish().await;
}

#[tokio::test]
async fn a_circuit_closes_with_its_incident_when_nothing_waits_any_more() {
    let stage = with_waiting(1).await;
    stage.advance(PAUSE);
    sweep(&stage).await;
    record(&stage, &outcomes(&claim_let_go(&stage).await, &down())).await;
    stage.advance(PAUSE * 2);
    sweep(&stage).await;
    record(&stage, &outcomes(&claim_let_go(&stage).await, &alive())).await;

    let moved = sweep(&stage).await;

    assert_eq!(moved[0].status, CircuitStatus::Closed);
    let incidents =
        "select string_agg((resolved_at is not null)::text, ' ') from platform_incident";
    assert_eq!(stage.db.text(incidents).await.as_deref(), Some("true"));
    assert!(sweep_by(&stage.db.store("oms_reconciliation").await, &stage).await.is_empty());
    stage.db.finish().await;
}

async fn stranded(stage: &Stage) -> u64 {
    let store = stage.db.store("oms_reconciliation").await;
    let since = (stage.now() + SignedDuration::from_secs(1), SignedDuration::ZERO);
    liveness::find_stranded(store.system_tx().await.unwrap(), since, 10).await.unwrap().total
}

async fn redispatched(stage: &Stage) -> usize {
    let store = stage.db.store("oms_reconciliation").await;
    let patience = SignedDuration::from_secs(60);
    let tx = store.system_tx().await.unwrap();
    due_steps::redispatch_overdue(tx, stage.now(), patience, 100).await.unwrap()
}

#[tokio::test]
async fn no_order_is_stranded_while_it_waits_and_none_is_forgotten_afterwards() {
    let stage = with_waiting(2).await;
    assert_eq!(stranded(&stage).await, 0, "its system is tried again");
    stage.advance(SignedDuration::from_mins(5));
    assert_eq!(redispatched(&stage).await, 0, "who waits is not dispatched in between");

    // No code leaves a circuit without a timer, and the database would refuse it.
    let broken =
        "alter table target_system_circuit drop constraint circuit_has_a_timer_unless_closed;
        update target_system_circuit set next_move_at = null";
    stage.db.execute(broken).await;
    assert_eq!(stranded(&stage).await, 1, "nothing will ever happen to it");

    close(&stage).await;
    assert_eq!(stranded(&stage).await, 0);
    assert_eq!(redispatched(&stage).await, 2, "a circuit that is closed holds nobody");
    stage.db.finish().await;
}
