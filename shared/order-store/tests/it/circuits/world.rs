//! Systems that are down, and the steps that wait for them.

use jiff::SignedDuration;
use order_domain::characteristic::Characteristics;
use order_domain::step::answer::StepAnswer;
use order_domain::step::{Jitter, StepPolicy};
use order_store::Store;
use order_store::circuit::{self, SystemKey};
use order_store::commands::{
    BeginAttempt, BeginOutcome, CircuitMove, OutcomeVerdict, RequestAttempt, StepAttempt,
    StepOutcome, begin_step_attempts, move_circuits, record_step_outcomes,
};
use test_support::operations::IMPATIENT;
use test_support::stage::Stage;

const LEASE: SignedDuration = SignedDuration::from_secs(60);

pub(super) fn alive() -> StepAnswer {
    StepAnswer::Completed { external_reference: None, result: Characteristics::new() }
}

pub(super) fn down() -> StepAnswer {
    StepAnswer::RetryLater { retry_after_ms: None, detail: "status 503".to_owned() }
}

/// The answer to a call that was made.
pub(super) fn outcome(
    attempt: &StepAttempt,
    answer: &StepAnswer,
    policy: StepPolicy,
) -> StepOutcome {
    let call = RequestAttempt {
        kind: "SUBMIT",
        started_at: jiff::Timestamp::now(),
        duration_ms: 1,
        http_status: None,
        failure_class: answer.failure_class(),
    };
    StepOutcome { attempts: vec![call], ..attempt.answered(answer.clone(), policy, Jitter::FULL) }
}

pub(super) fn outcomes(attempts: &[StepAttempt], answer: &StepAnswer) -> Vec<StepOutcome> {
    attempts.iter().map(|x| outcome(x, answer, IMPATIENT)).collect()
}

pub(super) async fn record(stage: &Stage, batch: &[StepOutcome]) -> Vec<OutcomeVerdict> {
    record_by(&stage.db.store("oms_fulfillment_step_executor").await, stage, batch).await
}

pub(super) async fn record_by(
    store: &Store,
    stage: &Stage,
    batch: &[StepOutcome],
) -> Vec<OutcomeVerdict> {
    let tx = store.system_tx().await.unwrap();
    record_step_outcomes(tx, &stage.context("executor"), batch).await.unwrap()
}

/// The queue hands every READY step to an executor.
pub(super) async fn begin(stage: &Stage) -> Vec<BeginOutcome> {
    let ready = stage.ready_steps().await.into_iter();
    let batch: Vec<BeginAttempt> = ready
        .map(|step_id| BeginAttempt {
            tenant: stage.tenant.clone(),
            order_id: stage.order_id,
            step_id,
        })
        .collect();
    let tx = stage.db.store("oms_fulfillment_step_executor").await.system_tx().await.unwrap();
    begin_step_attempts(tx, &stage.context("executor"), LEASE, &batch).await.unwrap()
}

/// Opens the circuit of LOGISTICS for so long.
pub(super) async fn open(stage: &Stage, tenant: &str, pause: SignedDuration) {
    let (now, until) = (stage.now(), stage.now() + pause);
    let sql = format!(
        "insert into target_system_circuit (tenant_id, system, status, opened_at, opened_by,
             next_move_at, window_started_at, updated_at)
         values ('{tenant}', 'LOGISTICS', 'OPEN', '{now}', 'FAILURE_RATE', '{until}', '{now}', '{now}')"
    );
    stage.db.execute(&sql).await;
}

pub(super) async fn close(stage: &Stage) {
    let sql =
        "update target_system_circuit set status = 'CLOSED', opened_at = null, opened_by = null,
        next_move_at = null, version = version + 1";
    stage.db.execute(sql).await;
}

/// So many steps wait for LOGISTICS, and nothing else is owed.
pub(super) async fn with_waiting(count: usize) -> Stage {
    let stage = Stage::released(count).await;
    open(&stage, "acme", SignedDuration::from_secs(30)).await;
    let held = begin(&stage).await;
    assert!(held.iter().all(|x| matches!(x, BeginOutcome::WaitsForSystem)), "{held:?}");
    stage.db.execute("delete from outbox_message").await;
    stage
}

/// A sweep of reconciliation.
pub(super) async fn sweep(stage: &Stage) -> Vec<CircuitMove> {
    sweep_by(&stage.db.store("oms_reconciliation").await, stage).await
}

pub(super) async fn sweep_by(store: &Store, stage: &Stage) -> Vec<CircuitMove> {
    let due = circuit::list_due(store.system_tx().await.unwrap(), stage.now(), 10).await.unwrap();
    moves_of(store, stage, &due).await
}

/// A sweep that found these.
pub(super) async fn moves_of(store: &Store, stage: &Stage, due: &[SystemKey]) -> Vec<CircuitMove> {
    let tx = store.system_tx().await.unwrap();
    move_circuits(tx, &stage.context("reconciliation"), due).await.unwrap()
}

pub(super) async fn status(stage: &Stage) -> String {
    stage.db.text("select status from target_system_circuit").await.unwrap()
}

/// Dispatches that are owed.
pub(super) async fn owed(stage: &Stage) -> i64 {
    let sql = "select count(*) from outbox_message where kind = 'STEP_DISPATCH'";
    stage.db.number(sql).await
}

pub(super) async fn waiting(stage: &Stage) -> i64 {
    let sql =
        "select count(*) from fulfillment_step where status = 'READY' and circuit_wait = 'WAITING'";
    stage.db.number(sql).await
}
