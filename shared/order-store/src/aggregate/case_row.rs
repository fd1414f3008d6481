//! An open fallout case, decoded, with what a change adds to it.

use jiff::Timestamp;
use order_domain::fallout::{CaseKind, CaseStatus, EngineAnchor, Severity};
use order_domain::ids::{FalloutCaseId, FulfillmentStepId, OrderId};
use serde_json::Value;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::error::StoreError;
use crate::row::Reader;

#[derive(Debug, Clone)]
pub(crate) struct CaseRow {
    /// Opened by this very change: an update in the same statement would not find it.
    pub(crate) is_new: bool,
    pub(crate) order_id: OrderId,
    pub(crate) id: FalloutCaseId,
    pub(crate) step_id: Option<FulfillmentStepId>,
    pub(crate) cause: String,
    pub(crate) status: CaseStatus,
    pub(crate) is_blocking: bool,
    pub(crate) engine_anchor: EngineAnchor,
    pub(crate) severity: Severity,
    pub(crate) occurrence_count: u32,
    pub(crate) assigned_group: String,
    pub(crate) assigned_user: Option<String>,
    pub(crate) due_at: Option<Timestamp>,
    pub(crate) touched_at: Option<Timestamp>,
    pub(crate) escalation_level: u32,
    /// What waits for a second person.
    pub(crate) pending_request: Option<Value>,
    pub(crate) requested_information: Vec<String>,
    /// What the change adds to it.
    pub(crate) news: CaseNews,
    pub(crate) version: i64,
}

/// What a change adds to an open case: why it is open now, and evidence.
#[derive(Debug, Clone, Default)]
pub(crate) struct CaseNews {
    pub(crate) reason_code: Option<String>,
    pub(crate) reasons: Option<Value>,
    pub(crate) signature: Option<String>,
    pub(crate) evidence: Option<Value>,
}

impl CaseRow {
    /// What the case is about.
    pub(crate) fn kind(&self) -> CaseKind {
        CaseKind::of_cause(&self.cause)
    }
}

impl TryFrom<&Row> for CaseRow {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        let r = Reader::new("order_fallout_case", row);
        Ok(Self {
            is_new: false,
            order_id: OrderId::from_uuid(r.get("order_id")?),
            id: FalloutCaseId::from_uuid(r.get("id")?),
            step_id: r
                .get::<Option<Uuid>>("fulfillment_step_id")?
                .map(FulfillmentStepId::from_uuid),
            cause: r.get("cause")?,
            status: r.parse("status")?,
            is_blocking: r.get("is_blocking")?,
            engine_anchor: r.parse("engine_anchor")?,
            severity: r.parse("severity")?,
            occurrence_count: r.count("occurrence_count")?,
            assigned_group: r.get("assigned_group")?,
            assigned_user: r.get("assigned_user")?,
            due_at: r.get("due_at")?,
            touched_at: r.get("touched_at")?,
            escalation_level: r.count("escalation_level")?,
            pending_request: r.get("pending_request")?,
            requested_information: r
                .get::<Option<Vec<String>>>("requested_information")?
                .unwrap_or_default(),
            news: CaseNews::default(),
            version: r.get("version")?,
        })
    }
}
