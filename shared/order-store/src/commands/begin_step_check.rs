//! Claims steps whose outcome must be asked for: an expired lease, or an answer that is overdue (§40).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use order_domain::ids::{FulfillmentStepId, OrderId, RequestId};
use order_domain::step::StepStatus;
use order_domain::tenant::TenantId;
use serde_json::Value;

use crate::aggregate::{OrderKeys, StepScope, load_orders};
use crate::audit::AuditOutcome;
use crate::change::OrderChange;
use crate::change_set::{ChangeSet, Part, RequestUpdate};
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::tx::SystemTx;

/// A step that looked due.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StepCheckRef {
    /// The tenant.
    pub tenant: TenantId,
    /// The order.
    pub order_id: OrderId,
    /// The step.
    pub step_id: FulfillmentStepId,
}

/// A step whose target system must be asked, and the lease that the answer must show.
#[derive(Debug, Clone)]
pub struct StepCheck {
    /// The tenant.
    pub tenant: TenantId,
    /// The order.
    pub order_id: OrderId,
    /// The order's version, for logs.
    pub order_version: i64,
    /// The step.
    pub step_id: FulfillmentStepId,
    /// Who was asked to do it.
    pub target_system: String,
    /// Our id of the call.
    pub request_id: RequestId,
    /// Fencing number of this claim.
    pub lease_epoch: i64,
    /// The target system's settings; `None` where the tenant has none.
    pub target_settings: Option<Value>,
}

/// Claims the steps that are still due, in two round trips. An expired SUBMITTING becomes UNKNOWN.
///
/// The claim moves the next check by `lease`, so that two runs never ask about one step at once.
///
/// # Errors
/// Technical failures of the store; nothing is claimed then.
pub async fn begin_step_checks(
    mut system_tx: SystemTx,
    ctx: &CommandContext,
    lease: SignedDuration,
    batch: &[StepCheckRef],
) -> Result<Vec<StepCheck>, StoreError> {
    let keys = OrderKeys::of_orders(batch.iter().map(|x| (x.tenant.clone(), x.order_id)));
    let steps = StepScope::Named(batch.iter().map(|x| (x.tenant.clone(), x.step_id)).collect());
    let orders = system_tx.tx.open(None, async |tx| load_orders(tx, &keys, steps).await).await?;
    let mut by_order: BTreeMap<_, Vec<FulfillmentStepId>> = BTreeMap::new();
    for item in batch {
        by_order.entry((item.tenant.clone(), item.order_id)).or_default().push(item.step_id);
    }
    let check_again_at = ctx.now.checked_add(lease).unwrap_or(Timestamp::MAX);
    let mut set = ChangeSet::default();
    let mut checks = Vec::new();
    for (key, aggregate) in orders {
        let mut change = OrderChange::begin(aggregate, "begin_step_check", ctx, &mut set);
        let before = checks.len();
        for step_id in by_order.remove(&key).unwrap_or_default() {
            checks.extend(begin_one(&mut change, step_id, check_again_at));
        }
        if checks.len() > before {
            change.finish(&AuditOutcome::Applied);
        }
    }
    set.write(system_tx.tx, "begin_step_checks").await?;
    Ok(checks)
}

fn begin_one(
    change: &mut OrderChange<'_>,
    step_id: FulfillmentStepId,
    check_again_at: Timestamp,
) -> Option<StepCheck> {
    let (now, tenant_id) = (change.now(), change.tenant());
    let order = &change.aggregate.order;
    let (tenant, order_id, order_version) = (order.tenant.clone(), order.id, order.version);
    let step = change.aggregate.steps.iter_mut().find(|x| x.id == step_id)?;
    let is_due = match step.status {
        StepStatus::Submitting => step.leased_until.is_some_and(|until| until < now),
        StepStatus::Submitted | StepStatus::Unknown => {
            step.response_due_at.is_some_and(|due| due <= now)
        }
        StepStatus::Pending
        | StepStatus::Ready
        | StepStatus::Completed
        | StepStatus::Failed
        | StepStatus::Skipped
        | StepStatus::Cancelled => false,
    };
    let request_id = step.request_id.filter(|_| is_due)?;
    let was_submitting = step.status == StepStatus::Submitting;
    if was_submitting {
        // Whoever held the lease may have sent it and died: nobody knows.
        step.status = StepStatus::Unknown;
        step.leased_until = None;
    }
    step.lease_epoch += 1;
    step.sends = step.sends.asked(now);
    step.response_due_at = Some(check_again_at);
    step.is_changed = true;
    let check = StepCheck {
        tenant,
        order_id,
        order_version,
        step_id,
        target_system: step.target_system.clone(),
        request_id,
        lease_epoch: step.lease_epoch,
        target_settings: step.target_settings.clone(),
    };
    if was_submitting {
        let row = RequestUpdate {
            tenant_id,
            request_id: request_id.as_uuid(),
            status: "UNKNOWN",
            external_reference: None,
            updated_at: now,
        };
        change.set.push(Part::RequestUpdate, &row);
    }
    Some(check)
}
