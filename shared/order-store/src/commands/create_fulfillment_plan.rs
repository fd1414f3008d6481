//! Turns work items into a plan of steps with their counters (§10).

use order_domain::decomposition::WorkItem;
use order_domain::event::DomainEventType;
use order_domain::ids::{FulfillmentPlanId, OrderId};
use order_domain::order::{Decision, OrderCommand};
use order_domain::plan::{PlanPurpose, PlanStatus};
use order_domain::planning::{PlanBlueprint, PlannedStep, plan};
use order_domain::step::StepStatus;
use order_domain::tenant::TenantId;
use serde_json::json;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::CommandOutcome;
use super::fallout::NewFallout;
use super::milestone::{self, Target, Verdict, decide_order};
use crate::aggregate::StepScope;
use crate::change::OrderChange;
use crate::change_set::{NewPlan, NewStep, Part};
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::{TenantTx, Tx};

pub(crate) const WORK_ITEMS: &str = r"
    select w.id, w.item
    from order_work_item w
    where w.tenant_id = $1 and w.order_id = $2
    order by w.item_key";

struct StoredItem {
    id: Uuid,
    item: WorkItem,
}

impl TryFrom<&Row> for StoredItem {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        let r = Reader::new("order_work_item", row);
        Ok(Self { id: r.get("id")?, item: r.json("item")? })
    }
}

/// Plans the order.
///
/// Refuses with `PLAN_HAS_CYCLE` (naming the cycle), `PLAN_DEPENDENCY_MISSING` or
/// `ORDER_NOT_DECOMPOSED`.
///
/// # Errors
/// Technical failures of the store only.
pub async fn create_fulfillment_plan(
    tx: TenantTx,
    order_id: OrderId,
    ctx: &CommandContext,
) -> Result<CommandOutcome, StoreError> {
    let target = Target { order_id, command: "create_fulfillment_plan", steps: StepScope::None };
    let tenant = tx.tenant().clone();
    let load = async move |tx: &Tx| load_items(tx, &tenant, order_id).await;
    milestone::run(tx, target, ctx, load, |change, items| apply(change, &items)).await
}

async fn load_items(
    tx: &Tx,
    tenant: &TenantId,
    order_id: OrderId,
) -> Result<Vec<StoredItem>, StoreError> {
    let params = [(&tenant.as_str() as _, Type::TEXT), (&order_id.as_uuid() as _, Type::UUID)];
    let rows = tx.rows("load_work_items", WORK_ITEMS, &params).await?;
    rows.iter().map(StoredItem::try_from).collect()
}

fn apply(change: &mut OrderChange<'_>, stored: &[StoredItem]) -> Result<Verdict, StoreError> {
    match decide_order(change, OrderCommand::CreateFulfillmentPlan) {
        Ok(Decision::AlreadyApplied) => return Ok(Verdict::AlreadyApplied),
        Ok(Decision::Apply { .. }) => {}
        Err(refused) => return Ok(refused),
    }
    let items: Vec<WorkItem> = stored.iter().map(|x| x.item.clone()).collect();
    match plan(&items) {
        Err(rejection) => {
            let case = NewFallout::milestone(
                "create_fulfillment_plan",
                rejection.code(),
                json!([rejection.to_string()]),
            );
            let (code, message) = (rejection.code(), rejection.to_string());
            Ok(Verdict::Refused { code, message, case: Some(Box::new(case)) })
        }
        Ok(blueprint) => {
            push_plan(change, &blueprint, stored)?;
            Ok(Verdict::Applied)
        }
    }
}

fn push_plan(
    change: &mut OrderChange<'_>,
    blueprint: &PlanBlueprint,
    stored: &[StoredItem],
) -> Result<(), StoreError> {
    let plan_id = FulfillmentPlanId::from_uuid(Uuid::now_v7());
    let plan_version = change.aggregate.plan.as_ref().map_or(1, |x| x.plan_version + 1);
    let step_count = u32::try_from(blueprint.steps.len()).unwrap_or(u32::MAX);
    let row = NewPlan {
        tenant_id: change.tenant(),
        id: plan_id.as_uuid(),
        order_id: change.aggregate.order.id.as_uuid(),
        plan_version,
        purpose: PlanPurpose::Fulfillment.as_str(),
        status: PlanStatus::Created.as_str(),
        step_count,
        remaining_step_count: step_count,
        critical_path_length: u32::try_from(blueprint.critical_path_length).unwrap_or(u32::MAX),
        created_at: change.now(),
    };
    change.set.push(Part::NewPlan, &row);
    for step in &blueprint.steps {
        let row = new_step(change, plan_id, step, &stored[step.work_item_index])?;
        change.set.push(Part::NewStep, &row);
    }
    for line in &mut change.aggregate.lines {
        let count = blueprint.remaining_step_count_by_line.get(&line.id).copied().unwrap_or(0);
        line.step_count = u32::try_from(count).unwrap_or(u32::MAX);
        line.remaining_step_count = line.step_count;
        line.is_changed = true;
    }
    change.aggregate.order.planned_at = Some(change.now());
    let data = json!({ "fulfillmentPlanId": plan_id, "planVersion": plan_version,
        "stepCount": step_count, "criticalPathLength": blueprint.critical_path_length });
    change.record_event(DomainEventType::FulfillmentPlanCreated, &data);
    change.refresh_status(None);
    Ok(())
}

fn new_step(
    change: &OrderChange<'_>,
    plan_id: FulfillmentPlanId,
    step: &PlannedStep,
    stored: &StoredItem,
) -> Result<NewStep, StoreError> {
    let encode = |source| StoreError::Encode { operation: "create_fulfillment_plan", source };
    let item = &stored.item;
    Ok(NewStep {
        tenant_id: change.tenant(),
        id: Uuid::now_v7(),
        order_id: change.aggregate.order.id.as_uuid(),
        plan_id: plan_id.as_uuid(),
        order_line_id: step.order_line_id.map(|x| x.as_uuid()),
        work_item_id: stored.id,
        step_key: step.step_key.clone(),
        step_type: item.step_type.as_str().to_owned(),
        target_system: item.target_system.as_str().to_owned(),
        operation: item.operation.as_str().to_owned(),
        depends_on_step_keys: step.depends_on_step_keys.clone(),
        dependent_step_keys: step.dependent_step_keys.clone(),
        pending_dependency_count: u32::try_from(step.pending_dependency_count).unwrap_or(u32::MAX),
        is_mandatory: item.mandatory,
        point_of_no_return: item.point_of_no_return.kind.as_str().to_owned(),
        compensation_operation: item.compensation.as_ref().map(|x| x.operation.to_string()),
        status: StepStatus::Pending.as_str(),
        request_payload: serde_json::to_value(&item.payload).map_err(encode)?,
        needed_results: (!item.needed_results.is_empty())
            .then(|| serde_json::to_value(&item.needed_results))
            .transpose()
            .map_err(encode)?,
        deadline: item.deadline.as_ref().map(serde_json::to_value).transpose().map_err(encode)?,
        created_at: change.now(),
        updated_at: change.now(),
    })
}
