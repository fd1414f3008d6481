//! The billing milestone: settles what the plan's BILLING steps did; it calls nobody (§23 §24).

use order_domain::billing::{BillingStatus, billing_of_line};
use order_domain::event::DomainEventType;
use order_domain::ids::OrderId;
use order_domain::order::{Decision, OrderCommand};
use order_domain::step::StepStatus;
use serde_json::json;

use super::CommandOutcome;
use super::fallout::NewFallout;
use super::milestone::{self, Target, Verdict, decide_order};
use crate::aggregate::{LineRow, OrderAggregate, StepScope};
use crate::change::OrderChange;
use crate::change_set::{BillingRow, Part};
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::tx::{TenantTx, Tx};

/// The step type whose steps are a line's billing.
pub(super) const BILLING: &str = "BILLING";

/// Passes the billing milestone, or refuses with `BILLING_REJECTED` and a case.
///
/// # Errors
/// Technical failures of the store only.
pub async fn settle_billing(
    tx: TenantTx,
    order_id: OrderId,
    ctx: &CommandContext,
) -> Result<CommandOutcome, StoreError> {
    let target = Target { order_id, command: "settle_billing", steps: StepScope::All };
    let nothing = async |_: &Tx| Ok(());
    milestone::run(tx, target, ctx, nothing, |change, ()| Ok(apply(change))).await
}

fn apply(change: &mut OrderChange<'_>) -> Verdict {
    let statuses = statuses_of(&change.aggregate);
    let is_settled = statuses.iter().all(|(_, status)| status.is_settled());
    match decide_order(change, OrderCommand::SettleBilling { is_settled }) {
        Ok(Decision::AlreadyApplied) => Verdict::AlreadyApplied,
        Ok(Decision::Apply { .. }) => {
            keep(change, &statuses);
            change.aggregate.order.billing_settled_at = Some(change.now());
            let billed = statuses.iter().filter(|(_, x)| *x != BillingStatus::NotBillable).count();
            change.record_event(DomainEventType::BillingActivated, &json!({ "lineCount": billed }));
            change.refresh_status(None);
            Verdict::Applied
        }
        Err(Verdict::Refused { code, message, case: Some(case) }) => {
            keep(change, &statuses);
            let lines: Vec<_> = statuses
                .iter()
                .filter(|(_, status)| !status.is_settled())
                .map(|(id, status)| json!({ "orderLineId": id, "status": status.as_str() }))
                .collect();
            let case = Box::new(NewFallout { evidence: json!({ "lines": lines }), ..*case });
            Verdict::Refused { code, message, case: Some(case) }
        }
        Err(refused) => refused,
    }
}

/// Where each line stands at the milestone.
pub(super) fn statuses_of(aggregate: &OrderAggregate) -> Vec<(uuid::Uuid, BillingStatus)> {
    aggregate.lines.iter().map(|line| (line.id.as_uuid(), status_of(aggregate, line))).collect()
}

fn status_of(aggregate: &OrderAggregate, line: &LineRow) -> BillingStatus {
    let steps: Vec<StepStatus> = aggregate
        .steps
        .iter()
        .filter(|x| x.order_line_id == Some(line.id) && x.step_type == BILLING)
        .map(|x| x.status)
        .collect();
    billing_of_line(line.status, line.action, &steps)
}

pub(super) fn keep(change: &mut OrderChange<'_>, statuses: &[(uuid::Uuid, BillingStatus)]) {
    for (order_line_id, status) in statuses {
        let row = BillingRow {
            tenant_id: change.tenant(),
            order_id: change.aggregate.order.id.as_uuid(),
            order_line_id: *order_line_id,
            status: status.as_str(),
            updated_at: change.now(),
        };
        change.set.push(Part::Billing, &row);
    }
}
