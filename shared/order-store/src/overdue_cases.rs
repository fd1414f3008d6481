//! Cases that nobody touched in time: found across tenants by partial index (§18 §40).

use jiff::Timestamp;
use order_domain::ids::OrderId;
use order_domain::tenant::TenantId;
use tokio_postgres::types::Type;

use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::SystemTx;

/// The most overdue first, by the index `cases_to_touch`.
pub(crate) const LIST_OVERDUE: &str = r"
    select c.tenant_id, c.order_id
    from order_fallout_case c
    where c.status not in ('RESOLVED', 'CANCELLED') and c.due_at <= $1
    order by c.due_at
    limit $2";

/// The orders of the most overdue open cases, `limit` cases at most, an order once per case.
///
/// A hint, decided by [`escalate_overdue_cases`](crate::commands::escalate_overdue_cases).
///
/// # Errors
/// Technical failures of the store.
pub async fn list_overdue(
    tx: SystemTx,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<(TenantId, OrderId)>, StoreError> {
    let limit = i64::from(limit);
    let params = [(&now as _, Type::TIMESTAMPTZ), (&limit as _, Type::INT8)];
    let rows = tx.run_alone("list_overdue_cases", LIST_OVERDUE, &params).await?;
    let key = |row| {
        let r = Reader::new("order_fallout_case", row);
        Ok((r.parse("tenant_id")?, OrderId::from_uuid(r.get("order_id")?)))
    };
    rows.iter().map(key).collect()
}
