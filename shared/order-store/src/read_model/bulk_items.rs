//! The cases of a bulk action, one by one.

use jiff::Timestamp;
use order_domain::bulk::{BulkForecast, BulkItemStatus};
use order_domain::ids::{BulkActionId, FalloutCaseId, OrderId};
use serde::Serialize;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::TenantTx;

/// One row without a case where the bulk action has none that fits; none where there is none.
pub(crate) const LIST_ITEMS: &str = r"
    select i.*
    from bulk_action b
    left join lateral (
        select n.position, n.order_id, n.fallout_case_id, n.target_system, n.status, n.forecast, n.code,
               n.is_canary, n.acted_at, o.order_number
        from bulk_action_item n
        join product_order o on o.tenant_id = $1 and o.id = n.order_id
        where n.tenant_id = $1 and n.bulk_action_id = b.id and n.position > $3
          and ($5::text is null or n.status = $5)
        order by n.position
        limit $4) i on true
    where b.tenant_id = $1 and b.id = $2
    order by i.position";

/// One case of a bulk action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct BulkItemView {
    /// Its place in the list, from 1.
    pub position: u32,
    /// The order.
    pub order_id: OrderId,
    /// The number that people use for the order.
    pub order_number: String,
    /// The case.
    pub fallout_case_id: FalloutCaseId,
    /// The system that its step waits for.
    pub target_system: Option<String>,
    /// Where it is.
    pub status: BulkItemStatus,
    /// What the dry run said.
    pub forecast: Option<BulkForecast>,
    /// Why it was excluded, refused or failed again.
    pub code: Option<String>,
    /// Whether it is tried first.
    pub is_canary: bool,
    /// When the action was done.
    pub acted_at: Option<Timestamp>,
}

impl TryFrom<&Row> for BulkItemView {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        let r = Reader::new("bulk_action_item", row);
        Ok(Self {
            position: r.count("position")?,
            order_id: OrderId::from_uuid(r.get("order_id")?),
            order_number: r.get("order_number")?,
            fallout_case_id: FalloutCaseId::from_uuid(r.get("fallout_case_id")?),
            target_system: r.get("target_system")?,
            status: r.parse("status")?,
            forecast: r.parse_optional("forecast")?,
            code: r.get("code")?,
            is_canary: r.get("is_canary")?,
            acted_at: r.get("acted_at")?,
        })
    }
}

/// A page of the cases of a bulk action in the order of their turn, in one round trip, and whether
/// more follow; `None` where the tenant has no such bulk action.
///
/// # Errors
/// Technical failures of the store.
pub async fn list_bulk_items(
    tx: TenantTx,
    id: BulkActionId,
    (status, after, limit): (Option<BulkItemStatus>, u32, u16),
) -> Result<Option<(Vec<BulkItemView>, bool)>, StoreError> {
    let tenant = tx.tenant.clone();
    let one_more = i64::from(limit) + 1;
    let after = i32::try_from(after).unwrap_or(i32::MAX);
    let status = status.map(BulkItemStatus::as_str);
    let params = [
        (&tenant.as_str() as _, Type::TEXT),
        (&id.as_uuid() as _, Type::UUID),
        (&after as _, Type::INT4),
        (&one_more as _, Type::INT8),
        (&status as _, Type::TEXT),
    ];
    let rows = tx.run_alone("list_bulk_items", LIST_ITEMS, &params).await?;
    if rows.is_empty() {
        return Ok(None);
    }
    let is_case = |row: &&Row| {
        let position = Reader::new("bulk_action_item", row).get::<Option<i32>>("position");
        !matches!(position, Ok(None))
    };
    let cases = rows.iter().filter(is_case);
    let mut items = cases.map(BulkItemView::try_from).collect::<Result<Vec<_>, _>>()?;
    let has_more = items.len() > usize::from(limit);
    items.truncate(usize::from(limit));
    Ok(Some((items, has_more)))
}
