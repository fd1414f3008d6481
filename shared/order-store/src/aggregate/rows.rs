//! The rows of an order, decoded.

use jiff::Timestamp;
use order_domain::calendar::AgreedDeadline;
use order_domain::catalogue::LineAction;
use order_domain::characteristic::Characteristics;
use order_domain::circuit::{CircuitStatus, CircuitWait};
use order_domain::decomposition::NeededResults;
use order_domain::ids::{
    CorrelationId, FulfillmentPlanId, FulfillmentStepId, OrderId, OrderLineId, RequestId,
};
use order_domain::line::LineStatus;
use order_domain::money::{Currency, Money};
use order_domain::order::OrderStatus;
use order_domain::plan::PlanStatus;
use order_domain::step::{SendFacts, StepStatus};
use order_domain::tenant::TenantId;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::circuit::CircuitRow;
use crate::error::StoreError;
use crate::row::Reader;

#[derive(Debug, Clone)]
pub(crate) struct OrderRow {
    pub(crate) tenant: TenantId,
    pub(crate) id: OrderId,
    pub(crate) order_number: String,
    pub(crate) customer_id: String,
    pub(crate) billing_account_id: String,
    pub(crate) status: OrderStatus,
    pub(crate) version: i64,
    pub(crate) catalogue_version: Option<i32>,
    pub(crate) correlation_id: CorrelationId,
    pub(crate) open_blocking_case_count: u32,
    pub(crate) validated_at: Option<Timestamp>,
    pub(crate) decomposed_at: Option<Timestamp>,
    pub(crate) planned_at: Option<Timestamp>,
    pub(crate) released_at: Option<Timestamp>,
    pub(crate) billing_settled_at: Option<Timestamp>,
    pub(crate) completed_at: Option<Timestamp>,
    pub(crate) failed_at: Option<Timestamp>,
    pub(crate) audit_sequence: i64,
    pub(crate) audit_head: String,
}

impl TryFrom<&Row> for OrderRow {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        let r = Reader::new("product_order", row);
        Ok(Self {
            tenant: r.parse("tenant_id")?,
            id: OrderId::from_uuid(r.get("id")?),
            order_number: r.get("order_number")?,
            customer_id: r.get("customer_id")?,
            billing_account_id: r.get("billing_account_id")?,
            status: r.parse("status")?,
            version: r.get("version")?,
            catalogue_version: r.get("catalogue_version")?,
            correlation_id: CorrelationId::from_uuid(r.get("correlation_id")?),
            open_blocking_case_count: r.count("open_blocking_case_count")?,
            validated_at: r.get("validated_at")?,
            decomposed_at: r.get("decomposed_at")?,
            planned_at: r.get("planned_at")?,
            released_at: r.get("released_at")?,
            billing_settled_at: r.get("billing_settled_at")?,
            completed_at: r.get("completed_at")?,
            failed_at: r.get("failed_at")?,
            audit_sequence: r.get("audit_sequence")?,
            audit_head: r.get("audit_head")?,
        })
    }
}

#[derive(Debug, Clone)]
pub(crate) struct LineRow {
    /// A command touched it: its row is written.
    pub(crate) is_changed: bool,
    pub(crate) order_id: OrderId,
    pub(crate) id: OrderLineId,
    pub(crate) line_number: i32,
    pub(crate) parent_line_id: Option<OrderLineId>,
    pub(crate) product_code: String,
    pub(crate) action: LineAction,
    pub(crate) quantity: u32,
    pub(crate) characteristics: Characteristics,
    pub(crate) previous_characteristics: Characteristics,
    pub(crate) product_instance_id: Option<String>,
    pub(crate) recurring_price: Option<Money>,
    pub(crate) one_time_price: Option<Money>,
    pub(crate) is_mandatory: bool,
    pub(crate) status: LineStatus,
    pub(crate) settled_reason: Option<String>,
    pub(crate) waived_by: Option<String>,
    pub(crate) step_count: u32,
    pub(crate) remaining_step_count: u32,
    pub(crate) failed_step_count: u32,
    /// Mandatory steps that authority left out, and whose.
    pub(crate) skipped_step_count: u32,
    pub(crate) skip_approved_by: Option<String>,
    pub(crate) is_started: bool,
}

/// An amount column together with the line's currency.
fn price(r: &Reader<'_>, column: &'static str) -> Result<Option<Money>, StoreError> {
    let Some(amount) = r.get::<Option<i64>>(column)? else { return Ok(None) };
    let currency: Currency = r.parse("currency")?;
    Ok(Some(Money::from_minor(amount, currency)))
}

impl TryFrom<&Row> for LineRow {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        let r = Reader::new("order_line", row);
        Ok(Self {
            is_changed: false,
            order_id: OrderId::from_uuid(r.get("order_id")?),
            id: OrderLineId::from_uuid(r.get("id")?),
            line_number: r.get("line_number")?,
            parent_line_id: r.get::<Option<Uuid>>("parent_line_id")?.map(OrderLineId::from_uuid),
            product_code: r.get("product_code")?,
            action: r.parse("action")?,
            quantity: r.count("quantity")?,
            characteristics: r.json("characteristics")?,
            previous_characteristics: r.json("previous_characteristics")?,
            product_instance_id: r.get("product_instance_id")?,
            recurring_price: price(&r, "recurring_amount_minor")?,
            one_time_price: price(&r, "one_time_amount_minor")?,
            is_mandatory: r.get("is_mandatory")?,
            status: r.parse("status")?,
            settled_reason: r.get("settled_reason")?,
            waived_by: r.get("waived_by")?,
            step_count: r.count("step_count")?,
            remaining_step_count: r.count("remaining_step_count")?,
            failed_step_count: r.count("failed_step_count")?,
            skipped_step_count: r.count("skipped_step_count")?,
            skip_approved_by: r.get("skip_approved_by")?,
            is_started: r.get("is_started")?,
        })
    }
}

#[derive(Debug, Clone)]
pub(crate) struct PlanRow {
    /// A command touched it: its row is written.
    pub(crate) is_changed: bool,
    pub(crate) order_id: OrderId,
    pub(crate) id: FulfillmentPlanId,
    pub(crate) plan_version: i32,
    pub(crate) status: PlanStatus,
    pub(crate) remaining_step_count: u32,
    pub(crate) released_at: Option<Timestamp>,
    pub(crate) completed_at: Option<Timestamp>,
}

impl TryFrom<&Row> for PlanRow {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        let r = Reader::new("fulfillment_plan", row);
        Ok(Self {
            is_changed: false,
            order_id: OrderId::from_uuid(r.get("order_id")?),
            id: FulfillmentPlanId::from_uuid(r.get("id")?),
            plan_version: r.get("plan_version")?,
            status: r.parse("status")?,
            remaining_step_count: r.count("remaining_step_count")?,
            released_at: r.get("released_at")?,
            completed_at: r.get("completed_at")?,
        })
    }
}

/// A step with its target system's settings, so that a claim needs no further read.
#[derive(Debug, Clone)]
pub(crate) struct StepRow {
    /// A command touched it: its row is written.
    pub(crate) is_changed: bool,
    /// A command changed what its target system is told: the payload is written.
    pub(crate) has_new_payload: bool,
    pub(crate) order_id: OrderId,
    pub(crate) id: FulfillmentStepId,
    pub(crate) order_line_id: Option<OrderLineId>,
    pub(crate) step_key: String,
    pub(crate) step_type: String,
    pub(crate) target_system: String,
    pub(crate) operation: String,
    pub(crate) dependent_step_keys: Vec<String>,
    pub(crate) pending_dependency_count: u32,
    pub(crate) is_mandatory: bool,
    pub(crate) status: StepStatus,
    pub(crate) generation: i32,
    pub(crate) request_id: Option<RequestId>,
    pub(crate) request_payload: serde_json::Value,
    /// What results of steps that it waits for add to the payload, once each of them is settled.
    pub(crate) needed_results: NeededResults,
    pub(crate) response_payload: Option<serde_json::Value>,
    pub(crate) external_reference: Option<String>,
    pub(crate) failure_code: Option<String>,
    pub(crate) attempt_count: u32,
    pub(crate) check_count: u32,
    pub(crate) next_attempt_at: Option<Timestamp>,
    pub(crate) response_due_at: Option<Timestamp>,
    pub(crate) lease_epoch: i64,
    pub(crate) leased_until: Option<Timestamp>,
    pub(crate) held_by_incident_id: Option<Uuid>,
    /// Set by a change that holds it: the cause of the incident, which has its id only when it is
    /// written.
    pub(crate) held_cause: Option<String>,
    pub(crate) sends: SendFacts,
    pub(crate) deadline_at: Option<Timestamp>,
    pub(crate) deadline: Option<AgreedDeadline>,
    /// `null` where the tenant has no such system configured.
    pub(crate) target_settings: Option<serde_json::Value>,
    pub(crate) circuit_wait: Option<CircuitWait>,
    /// The circuit of its system; `None` where nothing is stored, which is closed.
    pub(crate) circuit: Option<CircuitRow>,
    /// Requests of earlier generations that the command speaks of.
    pub(crate) older_requests: Vec<(RequestId, String)>,
}

impl StepRow {
    /// Where the circuit of its system is.
    pub(crate) fn circuit_status(&self) -> CircuitStatus {
        self.circuit.as_ref().map_or(CircuitStatus::Closed, |x| x.circuit.status)
    }
}

/// Requests of earlier generations, with the system that each was made to.
fn older_requests(r: &Reader<'_>) -> Result<Vec<(RequestId, String)>, StoreError> {
    let ids = r.get::<Option<Vec<Uuid>>>("older_request_ids")?.unwrap_or_default();
    let systems = r.get::<Option<Vec<String>>>("older_request_systems")?.unwrap_or_default();
    Ok(ids.into_iter().map(RequestId::from_uuid).zip(systems).collect())
}

impl TryFrom<&Row> for StepRow {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        let r = Reader::new("fulfillment_step", row);
        Ok(Self {
            is_changed: false,
            has_new_payload: false,
            order_id: OrderId::from_uuid(r.get("order_id")?),
            id: FulfillmentStepId::from_uuid(r.get("id")?),
            order_line_id: r.get::<Option<Uuid>>("order_line_id")?.map(OrderLineId::from_uuid),
            step_key: r.get("step_key")?,
            step_type: r.get("step_type")?,
            target_system: r.get("target_system")?,
            operation: r.get("operation")?,
            dependent_step_keys: r.get("dependent_step_keys")?,
            pending_dependency_count: r.count("pending_dependency_count")?,
            is_mandatory: r.get("is_mandatory")?,
            status: r.parse("status")?,
            generation: r.get("generation")?,
            request_id: r.get::<Option<Uuid>>("request_id")?.map(RequestId::from_uuid),
            request_payload: r.get("request_payload")?,
            needed_results: r.optional_json("needed_results")?.unwrap_or_default(),
            response_payload: r.get("response_payload")?,
            external_reference: r.get("external_reference")?,
            failure_code: r.get("failure_code")?,
            attempt_count: r.count("attempt_count")?,
            check_count: r.count("check_count")?,
            next_attempt_at: r.get("next_attempt_at")?,
            response_due_at: r.get("response_due_at")?,
            lease_epoch: r.get("lease_epoch")?,
            leased_until: r.get("leased_until")?,
            held_by_incident_id: r.get("held_by_incident_id")?,
            held_cause: None,
            sends: SendFacts {
                first_sent_at: r.get("first_sent_at")?,
                first_absent_at: r.get("first_absent_at")?,
                asked_at: r.get("asked_at")?,
                is_unproved: r.get("is_unproved")?,
                was_accepted: r.get("was_accepted")?,
            },
            deadline_at: r.get("deadline_at")?,
            deadline: r.optional_json("deadline")?,
            target_settings: r.get("target_settings")?,
            circuit_wait: r.parse_optional("circuit_wait")?,
            circuit: CircuitRow::read(&r)?,
            older_requests: older_requests(&r)?,
        })
    }
}
