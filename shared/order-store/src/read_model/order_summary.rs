//! One order in a list: where it is stuck, for whom it waits, what failed, who has it.

use jiff::Timestamp;
use order_domain::fallout::{CaseStatus, Severity};
use order_domain::ids::{FalloutCaseId, OrderId};
use order_domain::order::OrderStatus;
use order_domain::step::StepStatus;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

use super::waiting::LastExternalReference;
use crate::error::StoreError;
use crate::row::Reader;

/// One order in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct OrderSummary {
    /// The order.
    pub order_id: OrderId,
    /// The number that people use.
    pub order_number: String,
    /// The quote it came from.
    pub quote_id: String,
    /// The quote's revision.
    pub quote_revision: i32,
    /// The customer's key in the customer system.
    pub customer_id: String,
    /// Where the order is.
    pub status: OrderStatus,
    /// Rises with every business fact.
    pub version: i64,
    /// How many open cases stand in its way.
    pub open_blocking_case_count: u32,
    /// When the quote became an order.
    pub created_at: Timestamp,
    /// When anything in it changed last.
    pub updated_at: Timestamp,
    /// When it was completed.
    pub completed_at: Option<Timestamp>,
    /// Since when it has not moved: the longest wait for a system or for a person, else its last
    /// change; absent when it is over.
    pub waiting_since: Option<Timestamp>,
    /// The step that it waits for longest.
    pub waiting_for: Option<WaitingFor>,
    /// The step that failed last.
    pub failed_step: Option<FailedStep>,
    /// Its most urgent open case that the filter wants.
    pub open_case: Option<OpenCase>,
    /// The waiting step that was tried most often.
    pub retry: Option<Retry>,
    /// The newest key that a target system gave us.
    pub last_external_reference: Option<LastExternalReference>,
    /// The engine's instance; absent until the start is recorded.
    pub process_instance_id: Option<String>,
}

/// A step that waits for its system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all(serialize = "camelCase"))]
pub struct WaitingFor {
    /// Who does it.
    pub target_system: String,
    /// Its key in the plan.
    pub step_key: String,
    /// What that system is asked to do.
    pub operation: String,
    /// READY to be sent, SUBMITTING, SUBMITTED or UNKNOWN.
    pub status: StepStatus,
    /// When it was sent first, or became READY.
    pub since: Timestamp,
}

/// A step that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all(serialize = "camelCase"))]
pub struct FailedStep {
    /// Who was to do it.
    pub target_system: String,
    /// Its key in the plan.
    pub step_key: String,
    /// What that system was asked to do.
    pub operation: String,
    /// Why it failed.
    pub failure_code: Option<String>,
    /// When.
    pub failed_at: Timestamp,
}

/// An open case in an order's row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all(serialize = "camelCase"))]
pub struct OpenCase {
    /// The case.
    pub fallout_case_id: FalloutCaseId,
    /// Where the case is.
    pub status: CaseStatus,
    /// How urgent it is.
    pub severity: Severity,
    /// Why it was opened.
    pub reason_code: String,
    /// System, operation and reason; absent for a case that is not about a step.
    pub failure_signature: Option<String>,
    /// Whether it stands in the order's way.
    pub is_blocking: bool,
    /// Whose it is.
    pub owner_group: String,
    /// Who works on it.
    pub owner_user: Option<String>,
    /// The case's own version.
    pub version: i64,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it is late.
    pub due_at: Option<Timestamp>,
    /// Whether it is late.
    pub is_overdue: bool,
}

/// Attempt n of m.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all(serialize = "camelCase"))]
pub struct Retry {
    /// Who does it.
    pub target_system: String,
    /// The step's key in the plan.
    pub step_key: String,
    /// How often it was sent.
    pub attempt: u32,
    /// How often its system's settings allow; absent for a system without settings.
    #[serde(default)]
    pub max_attempts: Option<u32>,
    /// When it is sent again; absent while an answer is awaited.
    pub next_attempt_at: Option<Timestamp>,
}

impl TryFrom<&Row> for OrderSummary {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        let r = Reader::new("product_order", row);
        let retry: Option<Retry> = r.optional_json("retry")?;
        let allowed: Option<i32> = r.get("max_attempts")?;
        let max_attempts = allowed.and_then(|x| u32::try_from(x).ok());
        Ok(Self {
            order_id: OrderId::from_uuid(r.get("id")?),
            order_number: r.get("order_number")?,
            quote_id: r.get("quote_id")?,
            quote_revision: r.get("quote_revision")?,
            customer_id: r.get("customer_id")?,
            status: r.parse("status")?,
            version: r.get("version")?,
            open_blocking_case_count: r.count("open_blocking_case_count")?,
            created_at: r.get("created_at")?,
            updated_at: r.get("updated_at")?,
            completed_at: r.get("completed_at")?,
            waiting_since: r.get("waiting_since")?,
            waiting_for: r.optional_json("waiting_for")?,
            failed_step: r.optional_json("failed_step")?,
            open_case: r.optional_json("open_case")?,
            retry: retry.map(|retry| Retry { max_attempts, ..retry }),
            last_external_reference: r.optional_json("last_external_reference")?,
            process_instance_id: r.get("process_instance_id")?,
        })
    }
}
