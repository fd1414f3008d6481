//! Bulk actions as people see them: where each is, what became of its cases, and whose turn it is.

use std::collections::BTreeMap;

use futures_util::future::try_join;
use jiff::Timestamp;
use order_domain::bulk::{BulkForecast, BulkItemStatus, BulkStatus, ItemCounts, PauseReason};
use order_domain::fallout::FalloutAction;
use order_domain::ids::{BulkActionId, FalloutCaseId, OrderId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::TenantTx;

macro_rules! bulk_actions {
    ($which:literal) => {
        concat!(
            r"
    select b.id, b.action, b.status, b.pause_reason, b.reason_code, b.note, b.selection, b.item_count,
           b.canary_size, b.rate_per_minute, b.pause_after_failures, b.requested_by, b.approved_by, b.journal,
           b.version, b.created_at, b.expires_at, b.ended_at
    from bulk_action b
    where b.tenant_id = $1 ",
            $which
        )
    };
}

pub(crate) const FIND_BULK: &str = bulk_actions!("and b.id = $2");

pub(crate) const LIST_BULK: &str = bulk_actions!(
    r"and ($3::timestamptz is null or (b.created_at, b.id) < ($3, $4::uuid))
    order by b.created_at desc, b.id desc
    limit $2"
);

/// Alike are cases with one status, forecast and code.
pub(crate) const GROUP_ITEMS: &str = r"
    select i.status, i.forecast, i.code, i.is_canary, count(*)::integer as items,
           (array_agg(i.order_id order by i.position))[1:3] as order_ids,
           (array_agg(i.fallout_case_id order by i.position))[1:3] as case_ids
    from bulk_action_item i
    where i.tenant_id = $1 and i.bulk_action_id = $2
    group by i.status, i.forecast, i.code, i.is_canary
    order by min(i.position)";

/// A bulk action without its cases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct BulkActionView {
    /// The bulk action.
    pub bulk_action_id: BulkActionId,
    /// What is done to each case.
    pub action: FalloutAction,
    /// Where it is.
    pub status: BulkStatus,
    /// Why it is paused.
    pub pause_reason: Option<PauseReason>,
    /// Why it is done, as a code.
    pub reason_code: String,
    /// Why, in words.
    pub note: Option<String>,
    /// Which cases were asked for.
    pub selection: Value,
    /// The cases that were selected then.
    pub item_count: u32,
    /// How many are tried first.
    pub canary_size: u32,
    /// How many a minute, of each target system.
    pub rate_per_minute: u32,
    /// After how many failures it pauses.
    pub pause_after_failures: u32,
    /// Who prepared it.
    pub requested_by: String,
    /// Who let the others go.
    pub approved_by: Option<String>,
    /// Who moved it, when and why.
    pub journal: Vec<BulkEntry>,
    /// Its version.
    pub version: i64,
    /// When it was prepared.
    pub created_at: Timestamp,
    /// When it ends without a person.
    pub expires_at: Option<Timestamp>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct BulkEntry {
    /// When.
    pub at: Timestamp,
    /// A person, or the worker.
    pub by: String,
    /// What they did.
    pub command: String,
    /// Why, as a code.
    pub reason_code: String,
    /// Why, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Where it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<BulkStatus>,
    /// Where it was then.
    pub to: BulkStatus,
}

impl TryFrom<&Row> for BulkActionView {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        let r = Reader::new("bulk_action", row);
        Ok(Self {
            bulk_action_id: BulkActionId::from_uuid(r.get("id")?),
            action: r.parse("action")?,
            status: r.parse("status")?,
            pause_reason: r.parse_optional("pause_reason")?,
            reason_code: r.get("reason_code")?,
            note: r.get("note")?,
            selection: r.get("selection")?,
            item_count: r.count("item_count")?,
            canary_size: r.count("canary_size")?,
            rate_per_minute: r.count("rate_per_minute")?,
            pause_after_failures: r.count("pause_after_failures")?,
            requested_by: r.get("requested_by")?,
            approved_by: r.get("approved_by")?,
            journal: r.json("journal")?,
            version: r.get("version")?,
            created_at: r.get("created_at")?,
            expires_at: r.get("expires_at")?,
            ended_at: r.get("ended_at")?,
        })
    }
}

/// Cases with one status, forecast and code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemGroup {
    /// Where they are.
    pub status: BulkItemStatus,
    /// What the dry run said.
    pub forecast: Option<BulkForecast>,
    /// Why they were excluded, refused or failed again.
    pub code: Option<String>,
    /// Whether they were tried first.
    pub is_canary: bool,
    /// How many.
    pub count: u32,
    /// Up to three of them.
    pub samples: Vec<(OrderId, FalloutCaseId)>,
}

impl TryFrom<&Row> for ItemGroup {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        let r = Reader::new("bulk_action_item", row);
        let orders: Vec<uuid::Uuid> = r.get("order_ids")?;
        let cases: Vec<uuid::Uuid> = r.get("case_ids")?;
        let samples = orders.into_iter().zip(cases);
        Ok(Self {
            status: r.parse("status")?,
            forecast: r.parse_optional("forecast")?,
            code: r.get("code")?,
            is_canary: r.get("is_canary")?,
            count: r.count("items")?,
            samples: samples
                .map(|(order, case)| (OrderId::from_uuid(order), FalloutCaseId::from_uuid(case)))
                .collect(),
        })
    }
}

/// Everything about one bulk action but its cases one by one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkActionDetail {
    /// The bulk action.
    pub bulk: BulkActionView,
    /// Its cases, alike ones together.
    pub groups: Vec<ItemGroup>,
}

impl BulkActionDetail {
    /// How many cases are where.
    #[must_use]
    pub fn counts(&self) -> ItemCounts {
        ItemCounts::new(self.groups.iter().map(|x| (x.status, x.count)))
    }

    /// The same of those that are tried first.
    #[must_use]
    pub fn canary(&self) -> ItemCounts {
        let canary = self.groups.iter().filter(|x| x.is_canary);
        ItemCounts::new(canary.map(|x| (x.status, x.count)))
    }

    /// How many cases the dry run said what about.
    #[must_use]
    pub fn forecasts(&self) -> BTreeMap<BulkForecast, u32> {
        let mut all = BTreeMap::new();
        for group in &self.groups {
            if let Some(forecast) = group.forecast {
                *all.entry(forecast).or_default() += group.count;
            }
        }
        all
    }
}

/// One bulk action of the tenant, in two round trips and one snapshot; `None` where there is none.
///
/// # Errors
/// Technical failures of the store.
pub async fn find_bulk_action(
    mut tenant_tx: TenantTx,
    id: BulkActionId,
) -> Result<Option<BulkActionDetail>, StoreError> {
    let tenant = tenant_tx.tenant.clone();
    let params = [(&tenant.as_str() as _, Type::TEXT), (&id.as_uuid() as _, Type::UUID)];
    let (bulk, groups) = tenant_tx
        .tx
        .open_snapshot(&tenant, async |tx| {
            try_join(
                tx.rows("find_bulk_action", FIND_BULK, &params),
                tx.rows("group_bulk_items", GROUP_ITEMS, &params),
            )
            .await
        })
        .await?;
    tenant_tx.tx.roll_back().await?;
    let Some(row) = bulk.first() else { return Ok(None) };
    let groups = groups.iter().map(ItemGroup::try_from).collect::<Result<_, _>>()?;
    Ok(Some(BulkActionDetail { bulk: row.try_into()?, groups }))
}

/// A place in the list, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BulkPosition {
    /// When it was prepared.
    pub created_at: Timestamp,
    /// The bulk action.
    pub bulk_action_id: BulkActionId,
}

/// One page of the tenant's bulk actions, newest first, in one round trip, and where it goes on.
///
/// # Errors
/// Technical failures of the store.
pub async fn list_bulk_actions(
    tx: TenantTx,
    (after, limit): (Option<BulkPosition>, u16),
) -> Result<(Vec<BulkActionView>, Option<BulkPosition>), StoreError> {
    let tenant = tx.tenant.clone();
    // One more than asked for says whether another page follows.
    let one_more = i64::from(limit) + 1;
    let (after_at, after_id) =
        (after.map(|x| x.created_at), after.map(|x| x.bulk_action_id.as_uuid()));
    let params = [
        (&tenant.as_str() as _, Type::TEXT),
        (&one_more as _, Type::INT8),
        (&after_at as _, Type::TIMESTAMPTZ),
        (&after_id as _, Type::UUID),
    ];
    let rows = tx.run_alone("list_bulk_actions", LIST_BULK, &params).await?;
    let mut bulks = rows.iter().map(BulkActionView::try_from).collect::<Result<Vec<_>, _>>()?;
    let has_more = bulks.len() > usize::from(limit);
    bulks.truncate(usize::from(limit));
    let position = |x: &BulkActionView| BulkPosition {
        created_at: x.created_at,
        bulk_action_id: x.bulk_action_id,
    };
    let next = bulks.last().filter(|_| has_more).map(position);
    Ok((bulks, next))
}
