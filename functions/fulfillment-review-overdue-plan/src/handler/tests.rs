use jiff::{SignedDuration, Timestamp};
use order_domain::actor::Actor;
use order_domain::step::answer::StepAnswer;
use order_domain::step::{Jitter, StepPolicy};
use order_store::CommandContext;
use order_store::commands::{
    BeginAttempt, BeginOutcome, StepAttempt, begin_step_attempts, record_step_outcomes,
};
use test_support::{order_draft, tenant};
use topic_worker::testing::{Fixture, Stage, with_work};

use super::*;

async fn released() -> Fixture {
    let draft = with_work(order_draft(&["INTERNET_ACCESS"]));
    Fixture::new(MILESTONE, draft, Some(Stage::Released)).await
}

fn context() -> CommandContext {
    CommandContext::new(Actor::function("executor", None), Timestamp::now())
}

/// Sends the only READY step, as the executor does.
async fn claimed(oms: &Fixture) -> StepAttempt {
    let sql = "select id::text from fulfillment_step where status = 'READY'";
    let step_id = oms.db.text(sql).await.expect("a READY step").parse().unwrap();
    let one = BeginAttempt { tenant: tenant(), order_id: oms.order_id, step_id };
    let tx = oms.db.store("oms_fulfillment_step_executor").await.system_tx().await.unwrap();
    let lease = SignedDuration::from_secs(60);
    let begun = begin_step_attempts(tx, &context(), lease, &[one]).await.unwrap();
    match begun.into_iter().next() {
        Some(BeginOutcome::Begun(attempt)) => *attempt,
        other => panic!("not claimed: {other:?}"),
    }
}

async fn answered(oms: &Fixture, attempt: &StepAttempt, answer: StepAnswer) {
    let outcome = attempt.answered(
        answer,
        StepPolicy { response_due: SignedDuration::from_hours(1), ..StepPolicy::WITHOUT_SETTINGS },
        Jitter::FULL,
    );
    let tx = oms.db.store("oms_fulfillment_step_executor").await.system_tx().await.unwrap();
    let _ = record_step_outcomes(tx, &context(), &[outcome]).await.unwrap();
}

/// The deadlines of all steps, as an interval from now.
async fn deadlines(oms: &Fixture, interval: &str) {
    let sql = format!("update fulfillment_step set deadline_at = now() + interval '{interval}'");
    oms.db.execute(&sql).await;
}

async fn due_now(oms: &Fixture) -> i64 {
    oms.db.number("select count(*) from fulfillment_step where response_due_at <= now()").await
}

async fn cases(oms: &Fixture) -> i64 {
    let sql = "select count(*) from order_fallout_case where reason_code = 'STEP_OVERDUE'
        and status = 'OPEN' and engine_anchor = 'MESSAGE'";
    oms.db.number(sql).await
}

#[tokio::test]
async fn overdue_steps_are_due_for_a_query_at_once_and_others_keep_their_time() {
    let oms = released().await;
    let attempt = claimed(&oms).await;
    answered(&oms, &attempt, StepAnswer::Accepted { external_reference: None }).await;

    deadlines(&oms, "1 hour").await;
    let in_time = execute_task(&oms.deps, &oms.task()).await;
    let due_in_time = due_now(&oms).await;
    oms.db.execute("update fulfillment_step set deadline_at = null").await;
    let late = execute_task(&oms.deps, &oms.task_after_a_loop_back()).await;

    assert_eq!([in_time, late], [TaskOutcome::complete(), TaskOutcome::complete()]);
    assert_eq!((due_in_time, due_now(&oms).await), (0, 1));
    assert_eq!(cases(&oms).await, 0, "nobody agreed on a time");
    oms.db.finish().await;
}

#[tokio::test]
async fn a_step_later_than_agreed_has_one_case_however_often_it_is_reviewed() {
    let oms = released().await;
    deadlines(&oms, "-1 hour").await;

    let first = execute_task(&oms.deps, &oms.task()).await;
    let again = execute_task(&oms.deps, &oms.task_after_a_loop_back()).await;

    assert_eq!([first, again], [TaskOutcome::complete(), TaskOutcome::complete()]);
    assert_eq!(cases(&oms).await, 1, "the READY step only: the others have not begun");
    assert_eq!(oms.events("OrderFalloutOpened").await, 1);
    let owed = "select count(*) from outbox_message where kind = 'WORKFLOW_MESSAGE'";
    assert_eq!(oms.db.number(owed).await, 1, "the engine hears of the case once");
    oms.db.finish().await;
}

#[tokio::test]
async fn the_case_of_a_late_step_closes_when_the_step_is_settled() {
    let oms = released().await;
    let attempt = claimed(&oms).await;
    deadlines(&oms, "-1 hour").await;
    let _ = execute_task(&oms.deps, &oms.task()).await;
    assert_eq!(cases(&oms).await, 1);

    let done = StepAnswer::Completed { external_reference: None, result: Default::default() };
    answered(&oms, &attempt, done).await;

    assert_eq!(cases(&oms).await, 0);
    let sql = "select count(*) from order_fallout_case where status = 'RESOLVED'";
    assert_eq!(oms.db.number(sql).await, 1);
    oms.db.finish().await;
}

#[tokio::test]
async fn a_plan_that_is_not_released_is_left_alone() {
    let draft = with_work(order_draft(&["INTERNET_ACCESS"]));
    let oms = Fixture::new(MILESTONE, draft, Some(Stage::Planned)).await;
    deadlines(&oms, "-1 hour").await;

    let outcome = execute_task(&oms.deps, &oms.task()).await;

    assert_eq!(outcome, TaskOutcome::complete());
    assert_eq!(cases(&oms).await, 0);
    oms.db.finish().await;
}

#[tokio::test]
async fn the_engine_hears_only_pointers_when_a_plan_is_reviewed() {
    released().await.tells_only_pointers("complete", handle).await;
}
