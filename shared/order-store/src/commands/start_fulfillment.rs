//! Releases the plan: ready steps are dispatched, lines without work are settled (§10 §12).
//!
//! Repeatable: on a released plan it owes again what a new wait must hear, so that a process that
//! was put back at this milestone does not wait for a message that was consumed before.

use order_domain::event::DomainEventType;
use order_domain::ids::OrderId;
use order_domain::order::{Decision, OrderCommand};
use order_domain::plan::PlanStatus;
use order_domain::step::StepStatus;
use serde_json::json;

use super::CommandOutcome;
use super::milestone::{self, Target, Verdict, decide_order};
use super::step_effects::make_ready;
use crate::aggregate::StepScope;
use crate::change::OrderChange;
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::tx::{TenantTx, Tx};

/// Releases the order's plan.
///
/// Refuses with `PLAN_NOT_CREATED` or `CANCELLATION_IN_PROGRESS`, technical failures for the engine.
///
/// # Errors
/// Technical failures of the store only.
pub async fn start_fulfillment(
    tx: TenantTx,
    order_id: OrderId,
    ctx: &CommandContext,
) -> Result<CommandOutcome, StoreError> {
    let target = Target { order_id, command: "start_fulfillment", steps: StepScope::All };
    let nothing = async |_: &Tx| Ok(());
    milestone::run(tx, target, ctx, nothing, |change, ()| Ok(apply(change))).await
}

fn apply(change: &mut OrderChange<'_>) -> Verdict {
    match decide_order(change, OrderCommand::StartFulfillment) {
        Ok(Decision::AlreadyApplied) => {
            owe_again(change);
            Verdict::AlreadyApplied
        }
        Ok(Decision::Apply { .. }) => {
            release(change);
            Verdict::Applied
        }
        Err(refused) => refused,
    }
}

fn release(change: &mut OrderChange<'_>) {
    change.aggregate.order.released_at = Some(change.now());
    change.set_plan_status(PlanStatus::Released);
    let data = json!({ "fulfillmentPlanId": change.aggregate.plan.as_ref().map(|x| x.id) });
    change.record_event(DomainEventType::FulfillmentStarted, &data);
    let roots: Vec<usize> = (0..change.aggregate.steps.len())
        .filter(|&index| {
            let step = &change.aggregate.steps[index];
            step.status == StepStatus::Pending && step.pending_dependency_count == 0
        })
        .collect();
    for index in roots {
        make_ready(change, index, change.now());
    }
    change.refresh_lines();
    change.complete_plan_if_done();
    change.refresh_status(None);
}

fn owe_again(change: &mut OrderChange<'_>) {
    if change.aggregate.plan.as_ref().is_some_and(|x| x.status == PlanStatus::Completed) {
        change.owe_plan_message();
    }
    change.owe_openings();
}
