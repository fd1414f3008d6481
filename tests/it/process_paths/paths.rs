//! The ways of an order through the models, as functions, relay and operators lead it.

use super::driver::Order;
use super::{CANCELLATION, ESCALATION, NOTIFICATION, REVIEW};

pub(super) async fn happy_path(order: &Order<'_>) {
    order.waits_at(&["ValidateOrderReadiness"]).await;
    order.reach("fulfillment.execute-ready-steps").await;
    order.waits_at(&["AwaitFulfillmentPlan", "ExecuteReadySteps"]).await;
    order.completes_from("fulfillment.execute-ready-steps").await;
}

pub(super) async fn readiness_retry(order: &Order<'_>) {
    let case = order.reject("order.validate-readiness").await;
    order.resolve(case, "RETRY").await;
    order.waits_at(&["ValidateOrderReadiness"]).await;
    order.completes_from("order.validate-readiness").await;
}

pub(super) async fn readiness_continue(order: &Order<'_>) {
    let case = order.reject("order.validate-readiness").await;
    order.resolve(case, "CONTINUE").await;
    order.waits_at(&["DecomposeOrder"]).await;
    order.completes_from("order.decompose").await;
}

pub(super) async fn decomposition_retry(order: &Order<'_>) {
    order.reach("order.decompose").await;
    let case = order.reject("order.decompose").await;
    order.resolve(case, "RETRY").await;
    order.waits_at(&["DecomposeOrder"]).await;
    order.completes_from("order.decompose").await;
}

pub(super) async fn planning_retry(order: &Order<'_>) {
    order.reach("order.create-fulfillment-plan").await;
    let case = order.reject("order.create-fulfillment-plan").await;
    order.resolve(case, "RETRY").await;
    order.waits_at(&["DecomposeOrder"]).await;
    order.completes_from("order.decompose").await;
}

pub(super) async fn billing_retry(order: &Order<'_>) {
    order.reach("billing.activate").await;
    let case = order.reject("billing.activate").await;
    order.resolve(case, "RETRY").await;
    order.waits_at(&["ActivateBilling"]).await;
    order.completes_from("billing.activate").await;
}

pub(super) async fn billing_continue(order: &Order<'_>) {
    order.reach("billing.activate").await;
    let case = order.reject("billing.activate").await;
    order.resolve(case, "CONTINUE").await;
    order.waits_at(&["CompleteOrder"]).await;
    order.completes_from("order.complete").await;
}

pub(super) async fn completion_retry(order: &Order<'_>) {
    order.reach("order.complete").await;
    let case = order.reject("order.complete").await;
    order.resolve(case, "RETRY").await;
    order.waits_at(&["CompleteOrder"]).await;
    order.completes_from("order.complete").await;
}

/// Two cases beside the milestones: one is resolved, the other holds nothing up.
pub(super) async fn fallout_beside(order: &Order<'_>) {
    let first = order.open_fallout().await;
    order.open_fallout().await;
    order.waits_at(&["ResolveOrderFallout", "ResolveOrderFallout", "ValidateOrderReadiness"]).await;
    order.resolve(first, "RETRY").await;
    order.waits_at(&["ResolveOrderFallout", "ValidateOrderReadiness"]).await;
    order.completes_from("order.validate-readiness").await;
}

/// The timers fire, and what they ask for is still open when the order goes on.
pub(super) async fn overdue_and_unanswered(order: &Order<'_>) {
    order.reach_the_plan().await;
    order.fire("PlanOverdue").await;
    order.open_fallout().await;
    order.fire("FalloutUnresolved").await;
    order.fetch(ESCALATION).await;
    let waits =
        ["AwaitFulfillmentPlan", "EscalateFallout", "ResolveOrderFallout", "ReviewOverduePlan"];
    order.waits_at(&waits).await;
    order.plan_completed("FulfillmentPlanCompleted").await;
    order.waits_at(&["ActivateBilling", "EscalateFallout", "ResolveOrderFallout"]).await;
    order.completes_from("billing.activate").await;
}

pub(super) async fn overdue_plan_reviewed(order: &Order<'_>) {
    order.reach_the_plan().await;
    for _day in 1..=2 {
        order.fire("PlanOverdue").await;
        order.complete(REVIEW).await;
        order.waits_at(&["AwaitFulfillmentPlan"]).await;
    }
}

pub(super) async fn fallout_escalated(order: &Order<'_>) {
    let case = order.reject("order.validate-readiness").await;
    for _day in 1..=2 {
        order.fire("FalloutUnresolved").await;
        order.complete(ESCALATION).await;
        order.waits_at(&["ResolveOrderFallout"]).await;
    }
    order.resolve(case, "RETRY").await;
}

pub(super) async fn cancelled(order: &Order<'_>) {
    order.reach_the_plan().await;
    order.open_fallout().await;
    order.send(order.message("OrderCancellationRequested")).await.expect("it can be cancelled");
    order.waits_at(&["AwaitCompensationPlan", "CancelOrder"]).await;
    order.complete(CANCELLATION).await;
    order.fire("CompensationOverdue").await;
    order.complete(REVIEW).await;
    let case = order.open_fallout().await;
    order.open_fallout().await;
    order.resolve(case, "RETRY").await;
    order.waits_at(&["AwaitCompensationPlan", "ResolveOrderFallout"]).await;
    order.plan_completed("CompensationPlanCompleted").await;
    order.complete(NOTIFICATION).await;
    order.ends_at("OrderCancelled").await;
}
