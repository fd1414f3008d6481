//! A bulk action as it is locked, with the counts of its cases.

use futures_util::future::try_join;
use jiff::Timestamp;
use order_domain::bulk::{BulkFacts, BulkItemStatus, BulkStatus, ItemCounts};
use order_domain::fallout::FalloutAction;
use order_domain::ids::BulkActionId;
use order_domain::tenant::TenantId;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::Tx;

pub(crate) const LOCK_BULK: &str = r"
    select b.action, b.status, b.requested_by, b.approved_by, b.canary_size, b.pause_after_failures,
           b.forgiven_failures, b.canary_due_at, b.expires_at, b.version
    from bulk_action b
    where b.tenant_id = $1 and b.id = $2
    for update";

pub(crate) const COUNT_ITEMS: &str = r"
    select i.status, count(*)::integer as items, (count(*) filter (where i.is_canary))::integer as canary
    from bulk_action_item i
    where i.tenant_id = $1 and i.bulk_action_id = $2
    group by i.status";

pub(super) struct BulkRow {
    pub(super) tenant: TenantId,
    pub(super) id: BulkActionId,
    pub(super) action: FalloutAction,
    pub(super) requested_by: String,
    pub(super) approved_by: Option<String>,
    pub(super) canary_size: u32,
    pub(super) version: i64,
    pub(super) facts: BulkFacts,
}

/// Locks it, and counts behind the lock.
pub(super) async fn lock(
    tx: &Tx,
    tenant: &TenantId,
    id: BulkActionId,
) -> Result<Option<BulkRow>, StoreError> {
    let params = [(&tenant.as_str() as _, Type::TEXT), (&id.as_uuid() as _, Type::UUID)];
    let (bulk, counts) = try_join(
        tx.rows("lock_bulk_action", LOCK_BULK, &params),
        tx.rows("count_bulk_items", COUNT_ITEMS, &params),
    )
    .await?;
    let Some(row) = bulk.first() else { return Ok(None) };
    let r = Reader::new("bulk_action", row);
    let status: BulkStatus = r.parse("status")?;
    let facts = BulkFacts {
        status,
        counts: counts_of(&counts, "items")?,
        canary: counts_of(&counts, "canary")?,
        canary_due_at: r.get::<Option<Timestamp>>("canary_due_at")?,
        expires_at: r.get("expires_at")?,
        pause_after_failures: r.count("pause_after_failures")?,
        forgiven_failures: r.count("forgiven_failures")?,
    };
    Ok(Some(BulkRow {
        tenant: tenant.clone(),
        id,
        action: r.parse("action")?,
        requested_by: r.get("requested_by")?,
        approved_by: r.get("approved_by")?,
        canary_size: r.count("canary_size")?,
        version: r.get("version")?,
        facts,
    }))
}

fn counts_of(rows: &[Row], column: &'static str) -> Result<ItemCounts, StoreError> {
    let count = |row: &Row| {
        let r = Reader::new("bulk_action_item", row);
        Ok((r.parse::<BulkItemStatus>("status")?, r.count(column)?))
    };
    let counts: Result<Vec<_>, StoreError> = rows.iter().map(count).collect();
    Ok(ItemCounts::new(counts?))
}
