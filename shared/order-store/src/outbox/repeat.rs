//! Deliveries that the engine had taken and may have forgotten: it was restored from a backup.

use jiff::{SignedDuration, Timestamp};
use order_domain::ids::OrderId;
use order_domain::tenant::TenantId;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::error::StoreError;
use crate::tx::SystemTx;

/// A process that heard of its plan's completion begins billing within seconds.
const BILLING_PATIENCE: SignedDuration = SignedDuration::from_mins(10);

/// The plan is completed, nobody is asked, nothing is owed, and billing has not begun. The message
/// may be repeated: its wait takes it once, and the delivery asks history whether it did.
pub(crate) const REPEAT_PLAN_MESSAGES: &str = r"
    with forgotten as (
        select p.tenant_id, p.order_id, p.id
        from unnest($1::text[], $2::uuid[]) as k(tenant_id, order_id)
        join product_order o on o.tenant_id = k.tenant_id and o.id = k.order_id
        join fulfillment_plan p on p.tenant_id = k.tenant_id and p.order_id = k.order_id
        where p.purpose = 'FULFILLMENT' and p.status = 'COMPLETED' and p.completed_at < $4
          and o.billing_settled_at is null
          and not exists (select from order_fallout_case c
                          where c.tenant_id = o.tenant_id and c.order_id = o.id
                            and c.engine_anchor = 'BPMN_ERROR' and c.status not in ('RESOLVED', 'CANCELLED'))
          and not exists (select from outbox_message m
                          where m.tenant_id = p.tenant_id and m.lane = 'plan:' || p.id)),
    owed as (
        insert into outbox_message (tenant_id, id, kind, lane, order_id, payload, available_at, created_at)
        select f.tenant_id, gen_random_uuid(), 'WORKFLOW_MESSAGE', 'plan:' || f.id, f.order_id,
               jsonb_build_object('kind', 'PLAN_COMPLETED', 'fulfillmentPlanId', f.id), $3, $3
        from forgotten f)
    select f.id from forgotten f";

/// Owes the completion message again where the process does not seem to have it. Returns how many.
///
/// # Errors
/// Technical failures of the store.
pub async fn repeat_plan_messages(
    tx: SystemTx,
    orders: &[(&TenantId, OrderId)],
    now: Timestamp,
) -> Result<usize, StoreError> {
    let (tenants, ids): (Vec<&str>, Vec<Uuid>) =
        orders.iter().map(|x| (x.0.as_str(), x.1.as_uuid())).unzip();
    let completed_before = now.checked_sub(BILLING_PATIENCE).unwrap_or(Timestamp::MIN);
    let params = [
        (&tenants as _, Type::TEXT_ARRAY),
        (&ids as _, Type::UUID_ARRAY),
        (&now as _, Type::TIMESTAMPTZ),
        (&completed_before as _, Type::TIMESTAMPTZ),
    ];
    Ok(tx.run_alone("repeat_plan_messages", REPEAT_PLAN_MESSAGES, &params).await?.len())
}
