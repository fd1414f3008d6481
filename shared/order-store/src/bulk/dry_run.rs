//! The dry run: cases that nobody has looked at yet, and what was found.

use order_domain::bulk::{BulkForecast, BulkItemStatus};
use order_domain::ids::BulkActionId;
use tokio_postgres::types::Type;

use super::BulkItem;
use super::live::item;
use crate::error::StoreError;
use crate::tx::TenantTx;

pub(crate) const LIST_SELECTED: &str = r"
    select i.position, i.order_id, i.fallout_case_id, i.case_version
    from bulk_action_item i
    where i.tenant_id = $1 and i.bulk_action_id = $2 and i.status = 'SELECTED'
    order by i.position
    limit $3";

/// Two workers that look at the same cases find the same; the first one's word stays.
pub(crate) const KEEP_FORECASTS: &str = r"
    update bulk_action_item i
    set status = k.status, forecast = k.forecast, code = k.code
    from unnest($3::integer[], $4::text[], $5::text[], $6::text[]) as k(position, status, forecast, code)
    where i.tenant_id = $1 and i.bulk_action_id = $2 and i.position = k.position and i.status = 'SELECTED'";

/// What was found about one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemForecast {
    /// The case's place in the list.
    pub position: i32,
    /// Why the action is refused; `None` where it waits for its turn now.
    pub excluded_because: Option<&'static str>,
    /// What would happen.
    pub forecast: Option<BulkForecast>,
}

/// The next cases that nobody has looked at, in one round trip.
///
/// # Errors
/// Technical failures of the store.
pub async fn list_selected(
    tx: TenantTx,
    id: BulkActionId,
    limit: u32,
) -> Result<Vec<BulkItem>, StoreError> {
    let (tenant, limit) = (tx.tenant.clone(), i64::from(limit));
    let params = [
        (&tenant.as_str() as _, Type::TEXT),
        (&id.as_uuid() as _, Type::UUID),
        (&limit as _, Type::INT8),
    ];
    let rows = tx.run_alone("list_selected_items", LIST_SELECTED, &params).await?;
    rows.iter().map(item).collect()
}

/// Keeps what was found, in one round trip.
///
/// # Errors
/// Technical failures of the store.
pub async fn keep_forecasts(
    tx: TenantTx,
    id: BulkActionId,
    found: &[ItemForecast],
) -> Result<(), StoreError> {
    let tenant = tx.tenant.clone();
    let positions: Vec<i32> = found.iter().map(|x| x.position).collect();
    let status = |x: &ItemForecast| match x.excluded_because {
        Some(_) => BulkItemStatus::Excluded.as_str(),
        None => BulkItemStatus::Pending.as_str(),
    };
    let statuses: Vec<&str> = found.iter().map(status).collect();
    let forecasts: Vec<Option<&str>> =
        found.iter().map(|x| x.forecast.map(BulkForecast::as_str)).collect();
    let codes: Vec<Option<&str>> = found.iter().map(|x| x.excluded_because).collect();
    let params = [
        (&tenant.as_str() as _, Type::TEXT),
        (&id.as_uuid() as _, Type::UUID),
        (&positions as _, Type::INT4_ARRAY),
        (&statuses as _, Type::TEXT_ARRAY),
        (&forecasts as _, Type::TEXT_ARRAY),
        (&codes as _, Type::TEXT_ARRAY),
    ];
    tx.run_alone("keep_forecasts", KEEP_FORECASTS, &params).await?;
    Ok(())
}
