//! Gives orders that nothing happens to their next event back, or a case (RELIABILITY §1).
//!
//! Only a defect or lost rows lead here, so that every repair also leaves an incident: engineering
//! has to know, even where the order went on.

use std::collections::{BTreeMap, BTreeSet};

use order_domain::fallout::{EngineAnchor, FalloutReason};
use order_domain::ids::OrderId;
use order_domain::liveness::{Repair, StrandedStep, decide_repair};
use order_domain::plan::PlanStatus;
use order_domain::step::StepStatus;
use order_domain::tenant::TenantId;
use serde_json::json;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::fallout::{NewFallout, Routing, open_fallout};
use super::step_effects::make_ready;
use crate::aggregate::{OrderKeys, StepScope, load_orders};
use crate::audit::AuditOutcome;
use crate::change::OrderChange;
use crate::change_set::{ChangeSet, IncidentRow, Part};
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::{SystemTx, Tx};

const COMMAND: &str = "restore_next_event";

/// Asked again under the orders' locks: what looked stranded may have gone on meanwhile.
pub(crate) const STILL_STRANDED: &str = r"
    select v.tenant_id, v.order_id
    from unnest($1::text[], $2::uuid[]) as k(tenant_id, id)
    join orders_without_next_event v on v.tenant_id = k.tenant_id and v.order_id = k.id";

/// What was done about one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Restored {
    /// It goes on by itself.
    Repaired,
    /// A person was asked: a case is open.
    CaseOpened,
    /// It had gone on already.
    NotNeeded,
}

/// Restores each of these orders, in two round trips.
///
/// # Errors
/// Technical failures of the store; nothing is changed then.
pub async fn restore_next_events(
    mut system_tx: SystemTx,
    ctx: &CommandContext,
    orders: &[(TenantId, OrderId)],
) -> Result<Vec<Restored>, StoreError> {
    let keys = OrderKeys::of_orders(orders.iter().cloned());
    let (mut loaded, stranded) = system_tx
        .tx
        .open(None, async |tx| {
            futures_util::future::try_join(
                load_orders(tx, &keys, StepScope::All),
                still_stranded(tx, orders),
            )
            .await
        })
        .await?;
    let mut set = ChangeSet::default();
    let mut restored = Vec::with_capacity(orders.len());
    for key in orders {
        let aggregate = loaded.remove(key).filter(|_| stranded.contains(key));
        let Some(aggregate) = aggregate else {
            restored.push(Restored::NotNeeded);
            continue;
        };
        let mut change = OrderChange::begin(aggregate, COMMAND, ctx, &mut set);
        restored.push(restore(&mut change));
        change.finish(&AuditOutcome::Applied);
    }
    set.write(system_tx.tx, COMMAND).await?;
    Ok(restored)
}

async fn still_stranded(
    tx: &Tx,
    orders: &[(TenantId, OrderId)],
) -> Result<BTreeSet<(TenantId, OrderId)>, StoreError> {
    let tenants: Vec<&str> = orders.iter().map(|x| x.0.as_str()).collect();
    let ids: Vec<Uuid> = orders.iter().map(|x| x.1.as_uuid()).collect();
    let params = [(&tenants as _, Type::TEXT_ARRAY), (&ids as _, Type::UUID_ARRAY)];
    let rows = tx.rows("still_stranded", STILL_STRANDED, &params).await?;
    let key = |row| {
        let r = Reader::new("orders_without_next_event", row);
        Ok((r.parse("tenant_id")?, OrderId::from_uuid(r.get("order_id")?)))
    };
    rows.iter().map(key).collect()
}

fn restore(change: &mut OrderChange<'_>) -> Restored {
    let plan = change.aggregate.plan.as_ref().map(|x| x.status);
    let repair = decide_repair(plan, &stranded_steps(change));
    note_incident(change, &repair);
    match repair {
        Repair::CompletePlan => {
            if let Some(plan) = change.aggregate.plan.as_mut() {
                plan.remaining_step_count = 0;
            }
            change.set_plan_status(PlanStatus::Completed);
            change.owe_plan_message();
        }
        Repair::ReleaseSteps(indexes) => {
            for index in indexes {
                change.aggregate.steps[index].pending_dependency_count = 0;
                make_ready(change, index, change.now());
            }
        }
        Repair::TellPlanAgain => change.owe_plan_message(),
        Repair::AskPerson => {
            open_fallout(change, case());
            return Restored::CaseOpened;
        }
    }
    Restored::Repaired
}

/// The dependencies are counted from the steps, because the counter is what may be wrong.
fn stranded_steps(change: &OrderChange<'_>) -> Vec<StrandedStep> {
    let steps = &change.aggregate.steps;
    let mut unsettled: BTreeMap<&str, u32> = BTreeMap::new();
    for step in steps.iter().filter(|x| !x.status.is_settled(x.is_mandatory)) {
        for key in &step.dependent_step_keys {
            *unsettled.entry(key).or_default() += 1;
        }
    }
    let stranded = |x: &crate::aggregate::StepRow| StrandedStep {
        status: x.status,
        is_mandatory: x.is_mandatory,
        unsettled_dependency_count: unsettled.get(x.step_key.as_str()).copied().unwrap_or(0),
    };
    steps.iter().map(stranded).collect()
}

fn case() -> NewFallout {
    let reason = FalloutReason::WithoutNextEvent;
    NewFallout {
        cause: "liveness".to_owned(),
        origin: COMMAND.to_owned(),
        reasons: json!([reason.code()]),
        reason,
        is_blocking: true,
        anchor: EngineAnchor::None,
        step_id: None,
        line_id: None,
        signature: None,
        evidence: json!({}),
        routing: Routing::of_order(),
    }
}

fn note_incident(change: &mut OrderChange<'_>, repair: &Repair) {
    let order = &change.aggregate.order;
    let pending = change.aggregate.steps.iter().filter(|x| x.status == StepStatus::Pending).count();
    let row = IncidentRow {
        tenant_id: change.tenant(),
        id: Uuid::now_v7(),
        kind: "ORDER_WITHOUT_NEXT_EVENT",
        cause: format!("order:{}", order.id),
        target_system: None,
        order_id: Some(order.id.as_uuid()),
        severity: "CRITICAL",
        detail: format!("{} with {pending} pending steps: {repair:?}", order.status),
        occurrence_count: 1,
        first_seen_at: change.now(),
        last_seen_at: change.now(),
    };
    change.set.push(Part::Incident, &row);
}
