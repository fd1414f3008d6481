//! What reconciliation looks for (§40): by partial index, never by a scan of finished steps.

use jiff::{SignedDuration, Timestamp};
use order_domain::ids::{FulfillmentStepId, OrderId};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::commands::StepCheckRef;
use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::SystemTx;

/// The system of step `s` answers no questions: what is due there is a verdict, and no call.
macro_rules! is_mute {
    () => {
        r"exists (select from target_system t
                  where t.tenant_id = s.tenant_id and t.system = s.target_system
                    and t.settings->'capabilities'->>'canBeQueried' = 'false')"
    };
}
pub(crate) use is_mute;

/// A system that is out of service is not asked either, but for the question that was let go; where
/// there is nobody to ask, that is no reason to wait.
macro_rules! is_asked {
    () => {
        r"not exists (select from target_system_circuit b
                       where b.tenant_id = s.tenant_id and b.system = s.target_system
                         and (b.status = 'OPEN'
                              or b.status = 'PROBING' and s.circuit_wait is distinct from 'LET_GO')
                         and not exists (select from target_system t
                                         where t.tenant_id = b.tenant_id and t.system = b.system
                                           and t.settings->'capabilities'->>'canBeQueried' = 'false'))"
    };
}

pub(crate) const LIST_DUE: &str = concat!(
    r"
    (select s.tenant_id, s.order_id, s.id
     from fulfillment_step s
     where s.status = 'SUBMITTING' and s.leased_until < $1
       and ",
    is_asked!(),
    r"
     order by s.leased_until
     limit $2)
    union all
    (select s.tenant_id, s.order_id, s.id
     from fulfillment_step s
     where s.status in ('SUBMITTED', 'UNKNOWN') and s.response_due_at <= $1
       and ",
    is_asked!(),
    r"
     order by s.response_due_at
     limit $2)"
);

/// A READY step whose dispatch was owed and delivered long ago, or lost: it is dispatched again.
/// A duplicate is harmless, because only one claim of a step succeeds. Who waits for its system is
/// dispatched by the system's circuit, unless that is closed.
pub(crate) const REDISPATCH_OVERDUE: &str = r"
    with overdue as (
        select s.tenant_id, s.id, s.order_id, o.correlation_id
        from fulfillment_step s
        join product_order o on o.tenant_id = s.tenant_id and o.id = s.order_id
        join fulfillment_plan p on p.tenant_id = s.tenant_id and p.id = s.plan_id and p.status = 'RELEASED'
        where s.status = 'READY' and s.held_by_incident_id is null and s.next_attempt_at < $2
          and (s.dispatched_at is null or s.dispatched_at < $2)
          and (s.circuit_wait is distinct from 'WAITING'
               or not exists (select from target_system_circuit b
                              where b.tenant_id = s.tenant_id and b.system = s.target_system
                                and b.status <> 'CLOSED'))
          and not exists (select from outbox_message m
                          where m.tenant_id = s.tenant_id and m.lane = 'step:' || s.id)
        order by s.next_attempt_at
        limit $3
        for update of s skip locked),
    marked as (
        update fulfillment_step s
        set dispatched_at = $1
        from overdue v
        where s.tenant_id = v.tenant_id and s.id = v.id),
    owed as (
        insert into outbox_message (tenant_id, id, kind, lane, order_id, payload, available_at, created_at)
        select v.tenant_id, gen_random_uuid(), 'STEP_DISPATCH', 'step:' || v.id, v.order_id,
               jsonb_build_object('kind', 'STEP_DISPATCH', 'tenantId', v.tenant_id, 'orderId', v.order_id,
                                  'fulfillmentStepId', v.id, 'correlationId', v.correlation_id), $1, $1
        from overdue v)
    select v.id from overdue v";

fn due_ref(row: &Row) -> Result<StepCheckRef, StoreError> {
    let r = Reader::new("fulfillment_step", row);
    Ok(StepCheckRef {
        tenant: r.parse("tenant_id")?,
        order_id: OrderId::from_uuid(r.get("order_id")?),
        step_id: FulfillmentStepId::from_uuid(r.get("id")?),
    })
}

/// Steps whose lease expired or whose answer is overdue; a hint, claimed by
/// [`begin_step_checks`](crate::commands::begin_step_checks).
///
/// # Errors
/// Technical failures of the store.
pub async fn list_due(
    tx: SystemTx,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<StepCheckRef>, StoreError> {
    let limit = i64::from(limit);
    let params = [(&now as _, Type::TIMESTAMPTZ), (&limit as _, Type::INT8)];
    let rows = tx.run_alone("list_due_steps", LIST_DUE, &params).await?;
    rows.iter().map(due_ref).collect()
}

/// Owes a new dispatch for READY steps that waited longer than `patience`. Returns how many.
///
/// # Errors
/// Technical failures of the store.
pub async fn redispatch_overdue(
    tx: SystemTx,
    now: Timestamp,
    patience: SignedDuration,
    limit: u32,
) -> Result<usize, StoreError> {
    let overdue_since = now.checked_sub(patience).unwrap_or(Timestamp::MIN);
    let limit = i64::from(limit);
    let params = [
        (&now as _, Type::TIMESTAMPTZ),
        (&overdue_since as _, Type::TIMESTAMPTZ),
        (&limit as _, Type::INT8),
    ];
    Ok(tx.run_alone("redispatch_overdue", REDISPATCH_OVERDUE, &params).await?.len())
}
