//! What a decision about an action reads: who asks, and how case, step, line and order stand.

use super::action::{FalloutAction, OutcomeFinding};
use super::kind::CaseKind;
use super::status::CaseStatus;
use crate::actor::Role;
use crate::line::LineStatus;
use crate::order::OrderStatus;
use crate::step::{SendFacts, StepStatus};

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asker<'a> {
    /// Roles from the token.
    pub roles: &'a [Role],
    /// The same person asked for what waits for approval.
    pub is_requester: bool,
}

/// What the decision reads of the step that a case is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaseStep {
    /// Its status.
    pub status: StepStatus,
    /// Its line needs it.
    pub is_mandatory: bool,
    /// An incident holds it.
    pub is_held: bool,
    /// It FAILED without anybody having said no.
    pub has_exhausted_attempts: bool,
    /// What is known about its sends.
    pub sends: SendFacts,
    /// Its system answers queries.
    pub can_be_queried: bool,
    /// An open case says that its system contradicts what is recorded.
    pub is_contradicted: bool,
    /// It is optional, FAILED, and its line or plan went on to its end without it.
    pub is_passed: bool,
}

/// What the decision reads of the line to waive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaseLine {
    /// Its status.
    pub status: LineStatus,
    /// The order needs it.
    pub is_mandatory: bool,
    /// It has steps of its own, and they are released.
    pub has_released_steps: bool,
    /// One of them may have an effect that nobody has heard of.
    pub has_steps_in_flight: bool,
}

/// What the decision reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActionFacts {
    /// The order's status.
    pub order: OrderStatus,
    /// A cancellation froze the plan.
    pub is_plan_frozen: bool,
    /// Some step of the order may have an effect that nobody has heard of.
    pub has_steps_in_flight: bool,
    /// What the case is about.
    pub kind: CaseKind,
    /// The case's status.
    pub status: CaseStatus,
    /// What waits for approval.
    pub requested: Option<FalloutAction>,
    /// The step that the case is about.
    pub step: Option<CaseStep>,
    /// The line that the case is about, or that the caller names.
    pub line: Option<CaseLine>,
    /// What the caller found out; `None` while nobody says.
    pub finding: Option<OutcomeFinding>,
}
