//! One order with everything that explains where it is.

use jiff::Timestamp;
use order_domain::catalogue::LineAction;
use order_domain::characteristic::Characteristics;
use order_domain::fallout::{CaseStatus, Severity};
use order_domain::ids::{
    CorrelationId, FalloutCaseId, FulfillmentPlanId, FulfillmentStepId, IncidentId, OrderId,
    OrderLineId, RequestId, WorkflowRunId,
};
use order_domain::line::LineStatus;
use order_domain::money::Money;
use order_domain::order::OrderStatus;
use order_domain::plan::PlanStatus;
use order_domain::step::StepStatus;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::journal_view::{EventView, OrderActionView, TransitionView};

/// Columns come in as they are named; the API's spelling goes out.
macro_rules! views {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all(serialize = "camelCase"))]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type),+
        }
    )+};
}

pub(super) use views;

views! {
    /// An order as one snapshot.
    OrderView {
        /// The order.
        order_id: OrderId,
        /// The number that people use.
        order_number: String,
        /// Where the order is.
        status: OrderStatus,
        /// Rises with every business fact.
        version: i64,
        /// The quote it came from.
        quote_id: String,
        /// The quote's revision.
        quote_revision: i32,
        /// The customer's key in the customer system.
        customer_id: String,
        /// The account that is billed.
        billing_account_id: String,
        /// The catalogue that made the work; absent until decomposition.
        catalogue_version: Option<i32>,
        /// Follows the order across systems.
        correlation_id: CorrelationId,
        /// How many open cases stand in its way.
        open_blocking_case_count: u32,
        /// Milestone: the quote became an order.
        created_at: Timestamp,
        /// Milestone: ready.
        validated_at: Option<Timestamp>,
        /// Milestone: lines became work items.
        decomposed_at: Option<Timestamp>,
        /// Milestone: work items became a plan.
        planned_at: Option<Timestamp>,
        /// Milestone: the plan was released.
        released_at: Option<Timestamp>,
        /// Milestone: billing is settled.
        billing_settled_at: Option<Timestamp>,
        /// Milestone: completed.
        completed_at: Option<Timestamp>,
        /// When the order's row changed last.
        updated_at: Timestamp,
        /// The engine's name for the order; absent until the relay starts the process.
        business_key: Option<String>,
        /// The engine's instance; absent until the start is recorded.
        process_instance_id: Option<String>,
        /// The run of the process.
        workflow_run_id: Option<WorkflowRunId>,
        /// STARTING, RUNNING, ENDED or LOST.
        process_status: Option<String>,
        /// The lines, parents before children.
        lines: Vec<LineView>,
        /// The plan that fulfils the order; absent until planning.
        plan: Option<PlanView>,
        /// The steps in the order of planning.
        steps: Vec<StepView>,
        /// The cases, open and closed, oldest first.
        fallout_cases: Vec<CaseView>,
        /// Every status change of order, lines and plan, oldest first.
        transitions: Vec<TransitionView>,
        /// The business facts by order version.
        events: Vec<EventView>,
        /// What people asked for, refused attempts too, oldest first.
        actions: Vec<OrderActionView>,
    }

    /// One line.
    LineView {
        /// The line.
        order_line_id: OrderLineId,
        /// Position, from 1.
        line_number: i32,
        /// The quote's item.
        quote_item_id: String,
        /// The bundle line above it.
        parent_line_id: Option<OrderLineId>,
        /// The product.
        product_code: String,
        /// What happens to it.
        action: LineAction,
        /// How many units.
        quantity: u32,
        /// Price per month.
        recurring_price: Option<Money>,
        /// Price once.
        one_time_price: Option<Money>,
        /// The configuration asked for.
        characteristics: Characteristics,
        /// Today's configuration.
        previous_characteristics: Characteristics,
        /// The existing product.
        product_instance_id: Option<String>,
        /// Whether the order can complete without it.
        is_mandatory: bool,
        /// Where the line is.
        status: LineStatus,
        /// Why it is settled, where that needs saying.
        settled_reason: Option<String>,
        /// By whose authority it is waived.
        waived_by: Option<String>,
        /// How many steps it has.
        step_count: u32,
        /// How many of them are not settled.
        remaining_step_count: u32,
        /// How many of them failed.
        failed_step_count: u32,
        /// State of its billing; absent before the billing milestone.
        billing_status: Option<String>,
    }

    /// The plan.
    PlanView {
        /// The plan.
        fulfillment_plan_id: FulfillmentPlanId,
        /// Its version within the order.
        plan_version: i32,
        /// Where the plan is.
        status: PlanStatus,
        /// How many steps it has.
        step_count: u32,
        /// How many of them are not settled.
        remaining_step_count: u32,
        /// Steps on the longest path.
        critical_path_length: u32,
        /// When it was made.
        created_at: Timestamp,
        /// When it was released.
        released_at: Option<Timestamp>,
        /// When its last step was settled.
        completed_at: Option<Timestamp>,
    }

    /// One step.
    StepView {
        /// The step.
        fulfillment_step_id: FulfillmentStepId,
        /// Its plan.
        fulfillment_plan_id: FulfillmentPlanId,
        /// Its line; absent for steps of the whole order.
        order_line_id: Option<OrderLineId>,
        /// Its key in the plan.
        step_key: String,
        /// Its type.
        step_type: String,
        /// Who does it.
        target_system: String,
        /// What that system is asked to do.
        operation: String,
        /// Where the step is.
        status: StepStatus,
        /// Whether its line needs it.
        is_mandatory: bool,
        /// What it waits for inside the plan.
        depends_on_step_keys: Vec<String>,
        /// How many of those are not settled.
        pending_dependency_count: u32,
        /// Rises when an operator has the work done anew.
        generation: i32,
        /// How often it was sent.
        attempt_count: u32,
        /// How often its outcome was asked for.
        check_count: u32,
        /// Our key at the target system.
        request_id: Option<RequestId>,
        /// The target system's key.
        external_reference: Option<String>,
        /// Why it failed.
        failure_code: Option<String>,
        /// The incident that holds it.
        held_by_incident_id: Option<IncidentId>,
        /// When it is late.
        deadline_at: Option<Timestamp>,
        /// Since when it waits for its system: READY since then, or first sent then.
        waiting_since: Option<Timestamp>,
        /// When a READY step is sent.
        next_attempt_at: Option<Timestamp>,
        /// When the system is asked, if it says nothing before.
        next_check_at: Option<Timestamp>,
        /// When it was done.
        completed_at: Option<Timestamp>,
        /// When the system's answer was recorded last.
        request_updated_at: Option<Timestamp>,
    }

    /// One business exception.
    CaseView {
        /// The case.
        fallout_case_id: FalloutCaseId,
        /// The line it is about.
        order_line_id: Option<OrderLineId>,
        /// The step it is about.
        fulfillment_step_id: Option<FulfillmentStepId>,
        /// Where the case is.
        status: CaseStatus,
        /// How urgent it is.
        severity: Severity,
        /// Why it was opened.
        reason_code: String,
        /// All reasons, for example every failed readiness check.
        reasons: Value,
        /// The command or type of step that it came from.
        origin: String,
        /// Whether it stands in the order's way.
        is_blocking: bool,
        /// How often the same cause was seen.
        occurrence_count: u32,
        /// Whose it is.
        assigned_group: String,
        /// Who works on it.
        assigned_user: Option<String>,
        /// The case's own version.
        version: i64,
        /// When it was opened.
        opened_at: Timestamp,
        /// When it is late.
        due_at: Option<Timestamp>,
        /// When it was resolved.
        resolved_at: Option<Timestamp>,
        /// What the process did next.
        resolution: Option<String>,
        /// Why it was resolved that way.
        resolution_code: Option<String>,
    }
}
