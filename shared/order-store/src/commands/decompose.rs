//! Turns lines into work items by the tenant's current catalogue (§9).
//!
//! Until the plan exists, decomposing again replaces the items: a retry after a fallout uses the
//! catalogue as it is then.

use order_domain::catalogue::Catalogue;
use order_domain::decomposition::{
    DecompositionRejection, LineForDecomposition, OrderForDecomposition, WorkItem,
    decompose as decompose_order,
};
use order_domain::event::DomainEventType;
use order_domain::ids::OrderId;
use order_domain::order::{Decision, OrderCommand};
use serde_json::json;
use uuid::Uuid;

use super::CommandOutcome;
use super::fallout::NewFallout;
use super::milestone::{self, Target, Verdict, decide_order};
use crate::aggregate::{OrderAggregate, StepScope};
use crate::catalogue::find_current_in;
use crate::change::OrderChange;
use crate::change_set::{DropWorkItems, IncidentRow, NewWorkItem, Part};
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::tx::{TenantTx, Tx};

/// Decomposes the order.
///
/// Refuses with `PRODUCT_NOT_IN_CATALOGUE` (case and incident: the mapping is missing, §26),
/// `CHARACTERISTIC_MISSING`, `PRODUCT_INSTANCE_MISSING` or `ORDER_NOT_VALIDATED`.
///
/// # Errors
/// Technical failures of the store, and a tenant without any catalogue.
pub async fn decompose(
    tx: TenantTx,
    order_id: OrderId,
    ctx: &CommandContext,
) -> Result<CommandOutcome, StoreError> {
    let target = Target { order_id, command: "decompose", steps: StepScope::None };
    let tenant = tx.tenant().clone();
    let load = async move |tx: &Tx| find_current_in(tx, &tenant).await;
    milestone::run(tx, target, ctx, load, |change, catalogue| match catalogue {
        Some(catalogue) => apply(change, &catalogue),
        None => Err(StoreError::NotFound { what: "the tenant's product catalogue" }),
    })
    .await
}

fn apply(change: &mut OrderChange<'_>, catalogue: &Catalogue) -> Result<Verdict, StoreError> {
    match decide_order(change, OrderCommand::Decompose) {
        Ok(Decision::AlreadyApplied) => return Ok(Verdict::AlreadyApplied),
        Ok(Decision::Apply { .. }) => {}
        Err(refused) => return Ok(refused),
    }
    match decompose_order(catalogue, &order_for_decomposition(&change.aggregate)) {
        Err(rejection) => Ok(refuse(change, &rejection)),
        Ok(items) => {
            push_items(change, &items)?;
            let order = &mut change.aggregate.order;
            order.decomposed_at = Some(change.ctx.now);
            order.catalogue_version = i32::try_from(catalogue.version).ok();
            let data = json!({ "workItemCount": items.len(),
                "catalogueVersion": catalogue.version });
            change.record_event(DomainEventType::OrderDecomposed, &data);
            change.refresh_status(None);
            Ok(Verdict::Applied)
        }
    }
}

fn order_for_decomposition(aggregate: &OrderAggregate) -> OrderForDecomposition {
    let order = &aggregate.order;
    let lines = aggregate.lines.iter().map(|x| LineForDecomposition {
        id: x.id,
        parent_line_id: x.parent_line_id,
        product_code: x.product_code.clone(),
        action: x.action,
        quantity: x.quantity,
        characteristics: x.characteristics.clone(),
        previous_characteristics: x.previous_characteristics.clone(),
        recurring_price: x.recurring_price,
        one_time_price: x.one_time_price,
        product_instance_id: x.product_instance_id.clone(),
    });
    OrderForDecomposition {
        order_number: order.order_number.clone(),
        customer_id: order.customer_id.clone(),
        billing_account_id: order.billing_account_id.clone(),
        lines: lines.collect(),
    }
}

fn push_items(change: &mut OrderChange<'_>, items: &[WorkItem]) -> Result<(), StoreError> {
    let (tenant, order, now) = (change.tenant(), change.aggregate.order.id, change.now());
    let kept_keys = items.iter().map(|x| x.item_key.clone()).collect();
    let drop = DropWorkItems { tenant_id: tenant.clone(), order_id: order.as_uuid(), kept_keys };
    change.set.push(Part::DropWorkItems, &drop);
    for item in items {
        let row = NewWorkItem {
            tenant_id: tenant.clone(),
            id: Uuid::now_v7(),
            order_id: order.as_uuid(),
            order_line_id: item.order_line_id.map(|x| x.as_uuid()),
            item_key: item.item_key.clone(),
            item: serde_json::to_value(item)
                .map_err(|source| StoreError::Encode { operation: "decompose", source })?,
            rule_id: item.rule_id.clone(),
            catalogue_version: i32::try_from(item.catalogue_version).unwrap_or(i32::MAX),
            created_at: now,
        };
        change.set.push(Part::NewWorkItem, &row);
    }
    Ok(())
}

fn refuse(change: &mut OrderChange<'_>, rejection: &DecompositionRejection) -> Verdict {
    let order_id = change.aggregate.order.id;
    if rejection.code() == "PRODUCT_NOT_IN_CATALOGUE" {
        let row = IncidentRow {
            tenant_id: change.tenant(),
            id: Uuid::now_v7(),
            kind: "CATALOGUE_MAPPING_MISSING",
            cause: format!("order:{order_id}"),
            target_system: None,
            order_id: Some(order_id.as_uuid()),
            severity: "MAJOR",
            detail: rejection.to_string(),
            occurrence_count: 1,
            first_seen_at: change.now(),
            last_seen_at: change.now(),
        };
        change.set.push(Part::Incident, &row);
    }
    let case = NewFallout::milestone("decompose", rejection.code(), json!([rejection.code()]));
    Verdict::Refused {
        code: rejection.code(),
        message: rejection.to_string(),
        case: Some(Box::new(case)),
    }
}
