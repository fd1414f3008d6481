//! The completion invariant of §23; the customer communication is scheduled in the same transaction.

use order_domain::event::DomainEventType;
use order_domain::ids::OrderId;
use order_domain::order::{Decision, OrderCommand, OrderStatus};
use serde_json::json;
use uuid::Uuid;

use super::CommandOutcome;
use super::milestone::{self, Target, Verdict, decide_order};
use crate::aggregate::StepScope;
use crate::change::OrderChange;
use crate::change_set::{NewNotification, Part};
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::tx::{TenantTx, Tx};

/// Completes the order.
///
/// Refuses with `ORDER_HAS_OPEN_BLOCKING_FALLOUT` (naming the open case), or with
/// `MANDATORY_LINE_NOT_FULFILLED` or `BILLING_NOT_ACTIVATED` and a case of its own.
///
/// # Errors
/// Technical failures of the store only.
pub async fn complete_order(
    tx: TenantTx,
    order_id: OrderId,
    ctx: &CommandContext,
) -> Result<CommandOutcome, StoreError> {
    let target = Target { order_id, command: "complete_order", steps: StepScope::None };
    let nothing = async |_: &Tx| Ok(());
    milestone::run(tx, target, ctx, nothing, |change, ()| Ok(apply(change))).await
}

fn apply(change: &mut OrderChange<'_>) -> Verdict {
    match decide_order(change, OrderCommand::CompleteOrder) {
        Ok(Decision::AlreadyApplied) => Verdict::AlreadyApplied,
        Ok(Decision::Apply { terminal, .. }) => {
            complete(change, terminal);
            Verdict::Applied
        }
        Err(refused) => refused,
    }
}

fn complete(change: &mut OrderChange<'_>, terminal: Option<OrderStatus>) {
    change.aggregate.order.completed_at = Some(change.now());
    change.record_event(DomainEventType::OrderCompleted, &json!({}));
    change.refresh_status(terminal);
    let row = NewNotification {
        tenant_id: change.tenant(),
        id: Uuid::now_v7(),
        order_id: change.aggregate.order.id.as_uuid(),
        kind: "ORDER_COMPLETED",
        order_version: change.aggregate.order.version,
        status: "SCHEDULED",
        created_at: change.now(),
        updated_at: change.now(),
    };
    change.set.push(Part::NewNotification, &row);
}
