//! Drives both models on the real engine, path by path, and says which sequence flows were taken.
//!
//! A generic worker stands in for the functions; their own behaviour is tested elsewhere, here it
//! is the model that must hold.
//!
//! Invariant: after every step the variables of all instances of the order are pointers and small
//! decisions, never business data.

mod coverage;
mod driver;
mod model;
mod paths;

use camunda_client::{ActivityQuery, BpmnError, EngineError, Variables};
use order_domain::ids::FalloutCaseId;
use uuid::Uuid;

use driver::{Engine, MORE_THAN_ALL};

const FULFILLMENT: &str = include_str!("../../bpmn/order-fulfillment.bpmn");
const FALLOUT: &str = include_str!("../../bpmn/order-fallout.bpmn");
const README: &str = include_str!("../../bpmn/README.md");

/// The topics up to the notification, in the order of the milestones.
const MILESTONES: [&str; 6] = [
    "order.validate-readiness",
    "order.decompose",
    "order.create-fulfillment-plan",
    "fulfillment.execute-ready-steps",
    "billing.activate",
    "order.complete",
];
const NOTIFICATION: &str = "notification.send-order-update";
const REVIEW: &str = "fulfillment.review-overdue-plan";
const ESCALATION: &str = "order.escalate-fallout";
const CANCELLATION: &str = "order.cancel";

/// Each code that a worker can send, with the topic that sends it.
const ERROR_CODES: [(&str, &str); 5] = [
    ("order.validate-readiness", "ORDER_REQUIRES_MANUAL_REVIEW"),
    ("order.decompose", "ORDER_NOT_DECOMPOSABLE"),
    ("order.create-fulfillment-plan", "ORDER_NOT_PLANNABLE"),
    ("billing.activate", "BILLING_REJECTED"),
    ("order.complete", "ORDER_COMPLETION_REJECTED"),
];

#[tokio::test]
async fn a_plan_that_completes_before_its_release_is_confirmed_takes_the_task_away() {
    let engine = Engine::with_models().await;
    let order = engine.order().await;
    order.reach("fulfillment.execute-ready-steps").await;
    let task = order.fetch("fulfillment.execute-ready-steps").await;

    order.plan_completed("FulfillmentPlanCompleted").await;
    let confirmed = order.finish(&task).await;

    assert!(matches!(confirmed, Err(EngineError::Gone { .. })), "{confirmed:?}");
    let query = ActivityQuery::of_activity_instance(task.activity_instance_id);
    let runs = engine.client.list_activity_instances(&query, MORE_THAN_ALL).await.unwrap();
    assert!(runs[0].canceled, "history tells that the task was taken away");
    order.completes_from("billing.activate").await;
}

#[tokio::test]
async fn a_completion_message_before_the_plan_is_awaited_finds_nobody() {
    let engine = Engine::with_models().await;
    let order = engine.order().await;

    let early = order.send(order.message("FulfillmentPlanCompleted")).await;

    assert!(matches!(early, Err(EngineError::NoMatch { .. })), "{early:?}");
    order.completes_from("order.validate-readiness").await;
}

#[tokio::test]
async fn a_missing_or_unknown_resolution_is_refused_even_after_an_earlier_one() {
    let engine = Engine::with_models().await;
    for topic in ["order.validate-readiness", "billing.activate"] {
        let order = engine.order().await;
        order.reach(topic).await;
        let first = order.reject(topic).await;
        order.resolve(first, "RETRY").await;
        let second = order.reject(topic).await;

        for wrong in [None, Some("SKIP"), Some("retry")] {
            let refused = order.try_resolve(second, wrong).await;
            let is_refused = matches!(refused, Err(EngineError::ContinuationFailed { .. }));
            assert!(is_refused, "{topic} with {wrong:?}: {refused:?}");
        }

        order.waits_at(&["ResolveOrderFallout"]).await;
        order.resolve(second, "CONTINUE").await;
        order.leave().await;
    }
}

#[tokio::test]
async fn a_case_beside_the_milestones_keeps_its_own_id_while_a_milestone_is_in_fallout() {
    let engine = Engine::with_models().await;
    let order = engine.order().await;

    let milestone = order.reject("order.validate-readiness").await;
    let beside = order.open_fallout().await;
    assert_eq!(order.open_tasks().await, 2);

    // Each is found by its own case id, or `resolve` would not find exactly one task.
    order.resolve(beside, "RETRY").await;
    order.waits_at(&["ResolveOrderFallout"]).await;
    order.resolve(milestone, "CONTINUE").await;
    order.waits_at(&["DecomposeOrder"]).await;
    order.leave().await;
}

#[tokio::test]
async fn after_completion_neither_cases_nor_cancellation_are_accepted() {
    let engine = Engine::with_models().await;
    let order = engine.order().await;
    order.open_fallout().await;
    order.reach(NOTIFICATION).await;
    order.waits_at(&["NotifyOrderCompleted"]).await;

    let late_case = FalloutCaseId::from_uuid(Uuid::now_v7());
    let case = order.send(order.fallout_message(late_case)).await;
    let cancel = order.send(order.message("OrderCancellationRequested")).await;

    assert!(matches!(case, Err(EngineError::NoMatch { .. })), "{case:?}");
    assert!(matches!(cancel, Err(EngineError::NoMatch { .. })), "{cancel:?}");
    order.leave().await;
}

#[tokio::test]
async fn an_error_that_the_model_does_not_catch_leaves_the_task_with_its_worker() {
    let engine = Engine::with_models().await;
    let order = engine.order().await;
    let task = order.fetch("order.validate-readiness").await;

    let error = BpmnError {
        code: "NOBODY_CATCHES_THIS".to_owned(),
        message: "unknown".to_owned(),
        variables: Variables::none(),
    };
    let refused = engine.client.report_bpmn_error(&task.id, &order.worker, &error).await;

    assert!(matches!(refused, Err(EngineError::UncaughtBpmnError { .. })), "{refused:?}");
    order.finish(&task).await.expect("the task is still ours");
    order.leave().await;
}

#[tokio::test]
async fn cancellation_reaches_the_order_wherever_it_is() {
    let engine = Engine::with_models().await;
    for topic in MILESTONES {
        let order = engine.order().await;
        order.reach(topic).await;
        order.open_fallout().await;
        let task = order.fetch(topic).await;

        order.send(order.message("OrderCancellationRequested")).await.expect("cancelled");

        let late = order.finish(&task).await;
        assert!(matches!(late, Err(EngineError::Gone { .. })), "{topic}: {late:?}");
        order.waits_at(&["AwaitCompensationPlan", "CancelOrder"]).await;
        order.leave().await;
    }
}

#[tokio::test]
async fn a_lost_instance_is_put_back_at_its_milestone() {
    let engine = Engine::with_models().await;
    let places: [(&str, &[&str]); 7] = [
        ("BeforeValidation", &["ValidateOrderReadiness"]),
        ("BeforeDecomposition", &["DecomposeOrder"]),
        ("ListenBeforeExecuting", &["AwaitFulfillmentPlan", "ExecuteReadySteps"]),
        ("AwaitFulfillmentPlan", &["AwaitFulfillmentPlan"]),
        ("BeforeBilling", &["ActivateBilling"]),
        ("BeforeCompletion", &["CompleteOrder"]),
        ("CompensateOrder", &["AwaitCompensationPlan", "CancelOrder"]),
    ];
    for (activity, waits) in places {
        let order = engine.order_put_back_at(Some(activity)).await;

        order.waits_at(waits).await;
        order.open_fallout().await;
        if activity != "CompensateOrder" {
            let cancel = order.message("OrderCancellationRequested");
            order.send(cancel).await.expect("the cancel boundary is there");
        }
        order.leave().await;
    }
}
