//! Lost, ended and doubled processes on the real engine: what reconciliation finds, the relay puts
//! back, and the order goes on to its end.

mod world;

use camunda_client::JobQuery;
use camunda_client::Page;
use order_domain::fallout::FalloutResolution;

use world::{MILESTONES, NOTIFICATION, World};

const REVIEW: &str = "fulfillment.review-overdue-plan";

/// Where the process waits when the milestone is next.
const WAITS: [(&str, &[&str]); 7] = [
    (MILESTONES[0], &["ValidateOrderReadiness"]),
    (MILESTONES[1], &["DecomposeOrder"]),
    (MILESTONES[2], &["CreateFulfillmentPlan"]),
    (MILESTONES[3], &["AwaitFulfillmentPlan", "ExecuteReadySteps"]),
    (MILESTONES[4], &["ActivateBilling"]),
    (MILESTONES[5], &["CompleteOrder"]),
    (NOTIFICATION, &["NotifyOrderCompleted"]),
];

#[tokio::test]
async fn a_lost_process_is_put_back_at_each_milestone_and_the_order_completes() {
    for (next, waits) in WAITS {
        let world = World::started().await;
        world.reach(next).await;
        let old = world.only_instance().await;
        world.lose(&old).await;

        let summary = world.reconcile().await;
        world.deliver().await;

        assert_eq!(summary.processes_put_back, 1, "{next}");
        assert_ne!(world.only_instance().await, old);
        world.waits_at(waits).await;
        world.complete_from(next).await;
        world.is_completed().await;
        world.finish().await;
    }
}

#[tokio::test]
async fn a_plan_that_was_released_before_the_loss_is_waited_for_again() {
    let world = World::started().await;
    world.reach(MILESTONES[3]).await;
    world.milestone(MILESTONES[3]).await;
    world.lose(&world.only_instance().await).await;

    world.reconcile().await;
    world.deliver().await;

    world.waits_at(&["AwaitFulfillmentPlan", "ExecuteReadySteps"]).await;
    world.complete_from(MILESTONES[3]).await;
    world.is_completed().await;
    world.finish().await;
}

#[tokio::test]
async fn a_process_put_back_past_its_wait_and_suspended_hears_of_its_plan_when_it_goes_on() {
    let world = World::started().await;
    world.reach(MILESTONES[4]).await;
    world.put_back("ActivateBilling", "ListenBeforeExecuting").await;
    world.milestone(MILESTONES[3]).await;
    world.suspend(true).await;

    world.deliver_once().await;
    world.deliver_once().await;
    let owed_while_suspended = world.owed().await;
    world.suspend(false).await;
    world.deliver().await;

    assert_eq!(
        owed_while_suspended, 1,
        "its wait is open again, whatever history says of the first"
    );
    world.waits_at(&["ActivateBilling"]).await;
    world.complete_from(MILESTONES[4]).await;
    world.is_completed().await;
    world.finish().await;
}

#[tokio::test]
async fn a_process_that_ended_before_its_order_is_put_back() {
    let world = World::started().await;
    world.reach(MILESTONES[1]).await;
    let old = world.only_instance().await;
    world.engine.delete_instance(&old).await.expect("deleted by hand");

    let summary = world.reconcile().await;
    world.deliver().await;

    assert_eq!(summary.processes_put_back, 1);
    assert_eq!(world.incidents("ENGINE_INSTANCE_ENDED").await, 1);
    world.complete_from(MILESTONES[1]).await;
    world.is_completed().await;
    world.reconcile().await;
    assert_eq!(world.correlation().await.as_deref(), Some("ENDED"), "and then it is over");
    world.finish().await;
}

#[tokio::test]
async fn an_order_that_is_given_up_loses_its_process_and_the_customer_is_told_by_another() {
    let world = World::started().await;
    let case = world.refuse_readiness().await;
    let old = world.only_instance().await;
    world.give_up(case).await;
    world.deliver().await;
    assert_eq!(world.instances().await, 0, "deleted, with its user task");

    let summary = world.reconcile().await;
    world.deliver().await;

    assert_eq!(summary.processes_put_back, 1);
    assert_ne!(world.only_instance().await, old);
    world.waits_at(&["NotifyOrderCompleted"]).await;
    assert_eq!(world.incidents("ENGINE_INSTANCE_ENDED").await, 0, "it was deleted on purpose");
    world.tell_customer().await;
    assert_eq!(world.instances().await, 0);
    world.reconcile().await;
    assert_eq!(world.correlation().await.as_deref(), Some("ENDED"));
    world.finish().await;
}

#[tokio::test]
async fn a_person_who_was_asked_is_asked_again_by_the_process_that_is_put_back() {
    let world = World::started().await;
    let case = world.refuse_readiness().await;
    world.lose(&world.only_instance().await).await;

    world.reconcile().await;
    world.deliver().await;

    world.waits_at(&["ResolveReadinessFallout"]).await;
    world.resolve(case, FalloutResolution::Retry).await;
    world.deliver().await;
    world.waits_at(&["ValidateOrderReadiness"]).await;
    world.finish().await;
}

#[tokio::test]
async fn of_two_processes_of_one_order_the_recorded_one_stays() {
    let world = World::started().await;
    let recorded = world.only_instance().await;
    world.start_another().await;

    let summary = world.reconcile().await;

    assert_eq!(summary.duplicates_deleted, 1);
    assert_eq!(world.only_instance().await, recorded);
    assert_eq!(world.incidents("DUPLICATE_PROCESS_INSTANCE").await, 1);
    world.finish().await;
}

#[tokio::test]
async fn an_exhausted_task_is_an_incident_of_its_order_until_it_has_retries_again() {
    let world = World::started().await;
    let task = world.exhaust(MILESTONES[0]).await;

    world.reconcile().await;
    let open = world.incidents("ENGINE_INCIDENT").await;
    let case = "select concat_ws(' ', status, cause, resolution_code) from order_fallout_case";
    let opened = world.stage.db.text(case).await;
    world.engine.set_retries(&task, 3).await.expect("raised");
    world.reconcile().await;

    assert_eq!((open, world.incidents("ENGINE_INCIDENT").await), (1, 0));
    assert_eq!(opened.as_deref(), Some("OPEN engine:ValidateOrderReadiness"));
    let closed = "RESOLVED engine:ValidateOrderReadiness ENGINE_INCIDENT_GONE";
    assert_eq!(world.stage.db.text(case).await.as_deref(), Some(closed));
    world.finish().await;
}

#[tokio::test]
async fn the_timer_of_a_plan_leads_to_its_review_and_the_wait_goes_on() {
    let world = World::started().await;
    world.reach(MILESTONES[3]).await;
    world.milestone(MILESTONES[3]).await;
    world.late("-1 hour").await;
    let query = JobQuery::of_instance(world.only_instance().await).at_activity("PlanOverdue");
    let jobs = world.engine.list_jobs(&query, Page::first(10)).await.expect("jobs");

    world.engine.execute_job(&jobs[0].id).await.expect("the timer fires");
    world.waits_at(&["AwaitFulfillmentPlan", "ReviewOverduePlan"]).await;
    world.review(REVIEW).await;
    world.deliver().await;

    let overdue = "select count(*) from order_fallout_case where reason_code = 'STEP_OVERDUE'";
    assert_eq!(world.stage.db.number(overdue).await, 1);
    world.waits_at(&["AwaitFulfillmentPlan", "ResolveCase"]).await;
    world.fulfil().await;
    world.deliver().await;
    world.complete_from(MILESTONES[4]).await;
    world.is_completed().await;
    world.finish().await;
}

#[tokio::test]
async fn an_unanswered_case_is_escalated_by_its_timer_and_stays_open() {
    let world = World::started().await;
    let case = world.refuse_readiness().await;
    let level = "select sum(escalation_level) from order_fallout_case where status = 'OPEN'";

    world.fire_fallout_timer().await;
    world.escalate().await;
    let in_time = world.stage.db.number(level).await;
    world.stage.db.execute("update order_fallout_case set due_at = now()").await;
    world.fire_fallout_timer().await;
    world.escalate().await;

    assert_eq!((in_time, world.stage.db.number(level).await), (0, 1));
    world.waits_at(&["ResolveReadinessFallout"]).await;
    world.resolve(case, FalloutResolution::Retry).await;
    world.deliver().await;
    world.waits_at(&["ValidateOrderReadiness"]).await;
    world.finish().await;
}

#[tokio::test]
async fn a_completion_that_meets_the_case_of_its_own_incident_goes_on_when_the_incident_is_gone() {
    let world = World::started().await;
    world.reach(MILESTONES[5]).await;
    let task = world.exhaust(MILESTONES[5]).await;
    let opened = world.reconcile().await;

    world.engine.set_retries(&task, 3).await.expect("raised");
    world.refuse_completion().await;
    world.waits_at(&["ResolveCompletionFallout"]).await;
    let closed = world.reconcile().await;
    world.deliver().await;

    assert_eq!((opened.engine_cases_opened, closed.engine_cases_closed), (1, 1));
    world.waits_at(&["CompleteOrder"]).await;
    world.complete_from(MILESTONES[5]).await;
    world.is_completed().await;
    world.finish().await;
}
