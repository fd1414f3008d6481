//! The documents of bulk actions.

use std::collections::BTreeMap;

use axum::Json;
use axum::response::{IntoResponse, Response};
use order_domain::bulk::{BulkForecast, BulkItemStatus, ItemCounts};
use order_domain::ids::{BulkActionId, FalloutCaseId, OrderId};
use order_store::commands::BulkPrepared;
use order_store::read_model::{BulkActionDetail, BulkActionView, BulkItemView, ItemGroup};
use serde::Serialize;

use crate::responses::{ListLinks, tagged};

/// `POST /bulk-actions`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PreparedDocument {
    #[serde(flatten)]
    prepared: BulkPrepared,
    pub(super) links: BulkLinks,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct BulkLinks {
    pub(super) bulk_action: String,
    items: String,
}

impl BulkLinks {
    fn of(id: BulkActionId) -> Self {
        let bulk_action = format!("/bulk-actions/{id}");
        Self { items: format!("{bulk_action}/items"), bulk_action }
    }
}

impl From<BulkPrepared> for PreparedDocument {
    fn from(prepared: BulkPrepared) -> Self {
        Self { links: BulkLinks::of(prepared.bulk_action_id), prepared }
    }
}

/// `GET /bulk-actions`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct BulkActionList {
    pub(super) bulk_actions: Vec<BulkActionView>,
    pub(super) links: ListLinks,
}

/// `GET /bulk-actions/{bulkActionId}/items`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct BulkItemList {
    pub(super) items: Vec<BulkItemView>,
    pub(super) links: ListLinks,
}

/// `GET /bulk-actions/{bulkActionId}`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct BulkActionDocument {
    #[serde(flatten)]
    bulk: BulkActionView,
    counts: Counts,
    canary: Counts,
    forecasts: BTreeMap<BulkForecast, u32>,
    groups: Vec<Group>,
    links: BulkLinks,
}

/// Where the cases are; the parts add up to `total`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct Counts {
    total: u32,
    waiting: u32,
    running: u32,
    succeeded: u32,
    failed: u32,
    still_running: u32,
    excluded: u32,
    skipped: u32,
}

impl From<ItemCounts> for Counts {
    fn from(counts: ItemCounts) -> Self {
        Self {
            total: counts.total(),
            waiting: counts.waiting(),
            running: counts.of(BulkItemStatus::Running),
            succeeded: counts.succeeded(),
            failed: counts.failed(),
            still_running: counts.of(BulkItemStatus::StillRunning),
            excluded: counts.of(BulkItemStatus::Excluded),
            skipped: counts.of(BulkItemStatus::Skipped),
        }
    }
}

/// Cases with one status, forecast and code.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "BulkItemGroup"))]
#[serde(rename_all = "camelCase")]
struct Group {
    status: BulkItemStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    forecast: Option<BulkForecast>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    is_canary: bool,
    count: u32,
    samples: Vec<Sample>,
}

/// One of a group.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "BulkItemSample"))]
#[serde(rename_all = "camelCase")]
struct Sample {
    order_id: OrderId,
    fallout_case_id: FalloutCaseId,
}

impl From<ItemGroup> for Group {
    fn from(group: ItemGroup) -> Self {
        let sample = |(order_id, fallout_case_id)| Sample { order_id, fallout_case_id };
        Self {
            status: group.status,
            forecast: group.forecast,
            code: group.code,
            is_canary: group.is_canary,
            count: group.count,
            samples: group.samples.into_iter().map(sample).collect(),
        }
    }
}

impl From<BulkActionDetail> for BulkActionDocument {
    fn from(detail: BulkActionDetail) -> Self {
        Self {
            counts: detail.counts().into(),
            canary: detail.canary().into(),
            forecasts: detail.forecasts(),
            groups: detail.groups.into_iter().map(Group::from).collect(),
            links: BulkLinks::of(detail.bulk.bulk_action_id),
            bulk: detail.bulk,
        }
    }
}

impl IntoResponse for BulkActionDocument {
    /// The tag is the version, for `If-Match` of a command.
    fn into_response(self) -> Response {
        let version = self.bulk.version;
        tagged(version, Json(self))
    }
}
