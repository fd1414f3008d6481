//! What an explanation reads of an order.

use jiff::Timestamp;

use crate::circuit::CircuitStatus;
use crate::fallout::{CaseKind, CaseStatus, FalloutAction, Severity};
use crate::ids::{FalloutCaseId, FulfillmentStepId, IncidentId, OrderId};
use crate::order::{OrderFacts, OrderStatus};
use crate::plan::PlanStatus;
use crate::step::StepStatus;

/// An order as one snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedOrder {
    /// The order.
    pub order_id: OrderId,
    /// The number that people use.
    pub order_number: String,
    /// Its status.
    pub status: OrderStatus,
    /// Its version.
    pub version: i64,
    /// When anything in it changed last.
    pub updated_at: Timestamp,
    /// The facts that its commands test.
    pub facts: OrderFacts,
    /// Its plan.
    pub plan: Option<PlanStatus>,
    /// Its process.
    pub process: Process,
    /// What is owed to others.
    pub deliveries: Vec<OwedDelivery>,
    /// What engineering has to mend about it.
    pub incidents: Vec<OpenIncident>,
    /// Its steps that are not settled.
    pub steps: Vec<ExplainedStep>,
    /// Its open cases.
    pub cases: Vec<ExplainedCase>,
    /// Numbers of mandatory lines that are neither fulfilled nor waived.
    pub unfulfilled_mandatory_lines: Vec<i32>,
    /// The customer was not told yet, and since when that is owed.
    pub communication_owed_since: Option<Timestamp>,
}

/// The order's process at the engine, as recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Process {
    /// Nobody has begun to start it.
    NotStarted,
    /// Its start is under way or its answer was lost.
    Starting {
        /// Since when.
        since: Timestamp,
    },
    /// It runs.
    Running {
        /// When reconciliation compares it with the order.
        next_check_at: Option<Timestamp>,
    },
    /// It is gone although the order needs it; it is put back.
    Lost,
    /// It has ended.
    Ended,
}

/// A delivery that is owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwedDelivery {
    /// The stored kind, for example `WORKFLOW_START`.
    pub kind: String,
    /// When it is tried.
    pub available_at: Timestamp,
    /// Tries so far.
    pub attempt_count: u32,
    /// Given up: an incident says so.
    pub is_dead: bool,
}

/// An incident of engineering's that names the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenIncident {
    /// The incident.
    pub id: IncidentId,
    /// What kind.
    pub kind: String,
    /// Since when.
    pub since: Timestamp,
}

/// A step that is not settled, or that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedStep {
    /// The step.
    pub id: FulfillmentStepId,
    /// Its key in the plan.
    pub step_key: String,
    /// Who does it.
    pub target_system: String,
    /// What that system is asked to do.
    pub operation: String,
    /// Its status.
    pub status: StepStatus,
    /// Its line needs it.
    pub is_mandatory: bool,
    /// Sends so far.
    pub attempt_count: u32,
    /// Sends that its system's policy allows; 0 where nothing is configured.
    pub max_attempts: u32,
    /// When a READY step may be sent.
    pub next_attempt_at: Option<Timestamp>,
    /// When the system is asked, if it says nothing before.
    pub next_check_at: Option<Timestamp>,
    /// When the claim of a call ends.
    pub leased_until: Option<Timestamp>,
    /// When it is late.
    pub deadline_at: Option<Timestamp>,
    /// Since when it is in this status.
    pub since: Timestamp,
    /// The incident that holds it.
    pub held_by: Option<IncidentId>,
    /// The circuit of its system, unless that is closed.
    pub circuit: Option<ExplainedCircuit>,
}

/// A circuit that is not closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedCircuit {
    /// Where it is.
    pub status: CircuitStatus,
    /// Since when steps wait.
    pub since: Timestamp,
    /// The person who holds the system; `None`: its failures opened it.
    pub operator: Option<String>,
    /// When it moves by itself.
    pub next_move_at: Option<Timestamp>,
    /// Steps let go in a minute, when it drains.
    pub drain_rate_per_minute: u32,
    /// The step, if it is READY, waits for its turn.
    pub holds_step: bool,
}

/// An open case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedCase {
    /// The case.
    pub id: FalloutCaseId,
    /// What it is about.
    pub kind: CaseKind,
    /// Its status.
    pub status: CaseStatus,
    /// How urgent it is.
    pub severity: Severity,
    /// Why it is open.
    pub reason_code: String,
    /// It keeps the order from completing.
    pub is_blocking: bool,
    /// Who owns it.
    pub owner_group: String,
    /// Who works on it.
    pub owner_user: Option<String>,
    /// Since when.
    pub opened_at: Timestamp,
    /// When somebody must have touched it.
    pub due_at: Option<Timestamp>,
    /// The step that it is about.
    pub step_id: Option<FulfillmentStepId>,
    /// What waits for a second person, and who asked.
    pub requested: Option<(FalloutAction, String)>,
    /// What has to be handed in.
    pub requested_information: Vec<String>,
}
