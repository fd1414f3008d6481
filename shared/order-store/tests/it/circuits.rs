//! Circuits of target systems on real PostgreSQL: when they open, what waits, and how it goes on.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod holds;
mod moves;
mod world;

use jiff::SignedDuration;
use order_domain::circuit::policy::{FIRST_PAUSE, LEAST_ANSWERS};
use order_domain::step::answer::StepAnswer;
use order_domain::step::{AnswerSource, StepPolicy, StepStatus};
use order_store::commands::{BeginOutcome, OutcomeVerdict, StepOutcome};
use test_support::operations::{IMPATIENT, rejected, unknown};
use test_support::stage::Stage;
use test_support::{order_draft, place_order};

use world::{alive, begin, down, outcomes, record, record_by, with_waiting};

/// As many as prove something.
const ENOUGH: usize = LEAST_ANSWERS as usize;

#[tokio::test]
async fn a_circuit_opens_on_failures_and_not_on_business_rejections() {
    let stage = Stage::released(2 * ENOUGH).await;
    let attempts = stage.claim().await;

    record(&stage, &outcomes(&attempts[..ENOUGH], &rejected("NO_STOCK"))).await;
    assert_eq!(stage.db.number("select count(*) from target_system_circuit").await, 0);
    record(&stage, &outcomes(&attempts[ENOUGH..], &unknown())).await;

    let told = "select system || ' ' || status || ' ' || opened_by from target_system_circuit";
    assert_eq!(stage.db.text(told).await.as_deref(), Some("LOGISTICS OPEN FAILURE_RATE"));
    let incidents = "select count(*) from platform_incident
        where kind = 'TARGET_SYSTEM_UNAVAILABLE' and cause = 'LOGISTICS' and resolved_at is null";
    assert_eq!(stage.db.number(incidents).await, 1);
    stage.db.finish().await;
}

#[tokio::test]
async fn a_system_that_is_well_writes_no_circuit_row() {
    let stage = Stage::released(ENOUGH).await;

    record(&stage, &outcomes(&stage.claim().await, &alive())).await;

    assert_eq!(stage.shipping().await, vec!["COMPLETED"; ENOUGH]);
    assert_eq!(stage.db.number("select count(*) from target_system_circuit").await, 0);
    stage.db.finish().await;
}

#[tokio::test]
async fn questions_that_fail_say_nothing_about_whether_work_is_taken() {
    let stage = Stage::released(2 * ENOUGH).await;
    let failed = StepAnswer::CannotTell { detail: "status 401".to_owned() };
    let questions: Vec<_> = outcomes(&stage.claim().await, &failed)
        .into_iter()
        .map(|x| StepOutcome { source: AnswerSource::Query, ..x })
        .collect();

    record(&stage, &questions).await;

    assert_eq!(stage.db.number("select count(*) from target_system_circuit").await, 0);
    stage.db.finish().await;
}

#[tokio::test]
async fn good_answers_beside_bad_ones_keep_a_circuit_closed() {
    let stage = Stage::released(2 * ENOUGH + 1).await;
    let attempts = stage.claim().await;
    let (bad, good) = attempts.split_at(ENOUGH - 1);

    record(&stage, &outcomes(bad, &unknown())).await;
    record(&stage, &outcomes(good, &alive())).await;

    let counted =
        "select status || ' ' || success_count || ' ' || failure_count from target_system_circuit";
    assert_eq!(stage.db.text(counted).await.as_deref(), Some("CLOSED 12 9"));
    stage.db.finish().await;
}

#[tokio::test]
async fn the_batch_that_opens_a_circuit_uses_up_nobodys_last_attempt() {
    let stage = Stage::released(ENOUGH).await;
    assert_eq!(IMPATIENT.max_attempts, 1, "the first attempt is the last one");

    let verdicts = record(&stage, &outcomes(&stage.claim().await, &down())).await;

    assert_eq!(verdicts, vec![OutcomeVerdict::Applied(StepStatus::Ready); ENOUGH]);
    let waiting = "select count(*) from fulfillment_step
        where circuit_wait = 'WAITING' and attempt_count = 0 and request_id is not null";
    assert_eq!(stage.db.number(waiting).await, 10);
    assert_eq!(stage.db.number("select count(*) from order_fallout_case").await, 0);
    stage.db.finish().await;
}

#[tokio::test]
async fn what_waits_uses_up_no_attempt_and_is_written_once_however_long_the_hold() {
    let stage = Stage::released(2).await;
    world::open(&stage, "acme", SignedDuration::from_hours(24 * 6)).await;
    let held = begin(&stage).await;
    let contents = "select string_agg(s::text, '' order by id) from fulfillment_step s";
    let before = stage.db.text(contents).await;

    for _ in 0..20 {
        stage.advance(SignedDuration::from_hours(7));
        let again = begin(&stage).await;
        assert!(again.iter().all(|x| matches!(x, BeginOutcome::WaitsForSystem)), "{again:?}");
    }

    assert!(held.iter().all(|x| matches!(x, BeginOutcome::WaitsForSystem)), "{held:?}");
    assert_eq!(stage.db.text(contents).await, before);
    let none = "select count(*) from fulfillment_step
        where status = 'READY' and (attempt_count > 0 or request_id is not null)";
    assert_eq!(stage.db.number(none).await, 0);
    stage.db.finish().await;
}

#[tokio::test]
async fn batches_of_several_systems_at_once_lose_no_answer_and_never_wait_for_each_other_in_a_circle()
 {
    let mut stage = Stage::released(6).await;
    let mut batches = Vec::new();
    for is_second in [false, true] {
        if is_second {
            let intake = stage.db.store("oms_order_intake").await;
            let draft = order_draft(&["ROUTER_RENTAL"; 6]);
            stage.order_id = place_order(&intake, &stage.tenant, &draft).await;
            stage.release().await;
        }
        let elsewhere = format!(
            "update fulfillment_step set target_system = 'CRM'
             where status = 'READY' and order_id = '{}' and id in (
                 select id from fulfillment_step where order_id = '{}' and status = 'READY' order by id limit 3)",
            stage.order_id, stage.order_id
        );
        stage.db.execute(&elsewhere).await;
        let mut batch = outcomes(&stage.claim().await, &unknown());
        if is_second {
            batch.reverse();
        }
        batches.push(batch);
    }
    let stores = [
        stage.db.store("oms_fulfillment_step_executor").await,
        stage.db.store("oms_reconciliation").await,
    ];

    let recorded = tokio::join!(
        record_by(&stores[0], &stage, &batches[0]),
        record_by(&stores[1], &stage, &batches[1])
    );

    assert_eq!((recorded.0.len(), recorded.1.len()), (6, 6));
    let counted = "select string_agg(system || ' ' || failure_count, ', ' order by system) from target_system_circuit";
    assert_eq!(stage.db.text(counted).await.as_deref(), Some("CRM 6, LOGISTICS 6"));
    stage.db.finish().await;
}

#[tokio::test]
async fn tenants_do_not_share_a_circuit() {
    let stage = Stage::released(1).await;
    world::open(&stage, "globex", FIRST_PAUSE).await;

    let begun = begin(&stage).await;

    assert!(matches!(begun[..], [BeginOutcome::Begun(_)]), "{begun:?}");
    stage.db.finish().await;
}

#[tokio::test]
async fn while_a_system_drains_no_attempt_is_the_last_one_and_afterwards_it_is() {
    let patient = StepPolicy { max_attempts: 1, ..IMPATIENT };
    let stage = with_waiting(1).await;
    stage.db.execute("update target_system_circuit set status = 'DRAINING'").await;
    stage
        .db
        .execute("update fulfillment_step set circuit_wait = 'LET_GO' where status = 'READY'")
        .await;

    for expected in [StepStatus::Ready, StepStatus::Failed] {
        stage.advance(SignedDuration::from_secs(1));
        let outcome = world::outcome(&stage.claim().await[0], &down(), patient);
        assert_eq!(record(&stage, &[outcome]).await, [OutcomeVerdict::Applied(expected)]);
        world::close(&stage).await;
    }

    let tried = "select max(attempt_count)::bigint from fulfillment_step";
    assert_eq!(stage.db.number(tried).await, 2);
    stage.db.finish().await;
}
