//! Orders to which nothing will happen by itself: there are none at rest (RELIABILITY §2, I14).
//!
//! The view `orders_without_next_event` (V0015) says what owning a next event means; this module
//! reads it, and [`restore_next_events`](crate::commands::restore_next_events) acts on it.

use jiff::{SignedDuration, Timestamp};
use order_domain::ids::OrderId;
use order_domain::tenant::TenantId;
use tokio_postgres::types::Type;

use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::SystemTx;

/// The metric, and the oldest of them to act on.
pub(crate) const LIST_STRANDED: &str = r"
    select v.tenant_id, v.order_id, count(*) over () as total
    from orders_without_next_event v
    where v.updated_at < $1
    order by v.updated_at
    limit $2";

/// An order whose process was never asked for: no correlation, and nothing owed. It is asked for.
pub(crate) const OWE_LOST_STARTS: &str = r"
    with lost as (
        select o.tenant_id, o.id, o.version, o.correlation_id
        from orders_without_next_event v
        join product_order o on o.tenant_id = v.tenant_id and o.id = v.order_id
        where v.updated_at < $2 and not exists (
            select from workflow_correlation c
            where c.tenant_id = o.tenant_id and c.subject_type = 'ORDER' and c.subject_id = o.id)
        limit $3
        for update of o skip locked),
    owed as (
        insert into outbox_message (tenant_id, id, kind, lane, order_id, payload, available_at, created_at)
        select l.tenant_id, gen_random_uuid(), 'WORKFLOW_START', 'start:' || l.id, l.id,
               jsonb_build_object('kind', 'WORKFLOW_START', 'orderVersion', l.version,
                                  'correlationId', l.correlation_id), $1, $1
        from lost l)
    select l.id from lost l";

/// Orders without a next event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stranded {
    /// How many there are: the metric `orders_without_next_event`.
    pub total: u64,
    /// The oldest of them.
    pub orders: Vec<(TenantId, OrderId)>,
}

/// Counts the orders without a next event and names the oldest, at most `limit`.
///
/// An order that changed within `grace` is left out: its relay or engine may be about to record.
///
/// # Errors
/// Technical failures of the store.
pub async fn find_stranded(
    tx: SystemTx,
    (now, grace): (Timestamp, SignedDuration),
    limit: u32,
) -> Result<Stranded, StoreError> {
    let quiet_since = now.checked_sub(grace).unwrap_or(Timestamp::MIN);
    let limit = i64::from(limit);
    let params = [(&quiet_since as _, Type::TIMESTAMPTZ), (&limit as _, Type::INT8)];
    let rows = tx.run_alone("find_stranded", LIST_STRANDED, &params).await?;
    let mut stranded = Stranded::default();
    for row in &rows {
        let r = Reader::new("orders_without_next_event", row);
        stranded.total = u64::try_from(r.get::<i64>("total")?).unwrap_or_default();
        stranded.orders.push((r.parse("tenant_id")?, OrderId::from_uuid(r.get("order_id")?)));
    }
    Ok(stranded)
}

/// Owes the start of processes that nobody ever asked for. Returns how many.
///
/// # Errors
/// Technical failures of the store.
pub async fn owe_lost_starts(
    tx: SystemTx,
    (now, grace): (Timestamp, SignedDuration),
    limit: u32,
) -> Result<usize, StoreError> {
    let quiet_since = now.checked_sub(grace).unwrap_or(Timestamp::MIN);
    let limit = i64::from(limit);
    let params = [
        (&now as _, Type::TIMESTAMPTZ),
        (&quiet_since as _, Type::TIMESTAMPTZ),
        (&limit as _, Type::INT8),
    ];
    Ok(tx.run_alone("owe_lost_starts", OWE_LOST_STARTS, &params).await?.len())
}
