//! What the domain's decision reads, from what is loaded.

use order_domain::fallout::{
    ActionFacts, CaseKind, CaseLine, CaseStatus, CaseStep, FalloutAction, OutcomeFinding,
};
use order_domain::ids::{FalloutCaseId, FulfillmentStepId, OrderLineId};
use order_domain::plan::PlanStatus;
use order_domain::step::StepStatus;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::input::ActionInput;
use crate::aggregate::{LineRow, OrderAggregate, StepRow};
use crate::commands::step_effects::RETRIES_EXHAUSTED;

/// What waits for a second person, as it is kept with the case.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PendingRequest {
    pub(crate) action_id: Uuid,
    pub(crate) action: FalloutAction,
    pub(crate) input: ActionInput,
    pub(crate) requested_by: String,
    pub(crate) reason_code: String,
    pub(crate) note: Option<String>,
}

impl PendingRequest {
    pub(crate) fn of(stored: Option<&Value>) -> Option<Self> {
        serde_json::from_value(stored?.clone()).ok()
    }
}

/// The case that an action is about, in whatever status.
#[derive(Debug, Clone)]
pub(crate) struct CaseSubject {
    /// Absent where the order itself is acted on.
    pub(crate) id: Option<FalloutCaseId>,
    pub(crate) kind: CaseKind,
    pub(crate) status: CaseStatus,
    pub(crate) version: i64,
    pub(crate) step_id: Option<FulfillmentStepId>,
    pub(crate) line_id: Option<OrderLineId>,
    pub(crate) pending: Option<PendingRequest>,
}

impl CaseSubject {
    /// What is asked for about the order as a whole is decided as if a case of the order were open.
    pub(crate) const fn of_order(version: i64) -> Self {
        Self {
            id: None,
            kind: CaseKind::Order,
            status: CaseStatus::Open,
            version,
            step_id: None,
            line_id: None,
            pending: None,
        }
    }
}

/// The facts of an order and one of its cases; `line` is the one that the caller names.
pub(crate) fn facts_of(
    aggregate: &OrderAggregate,
    case: &CaseSubject,
    (line, finding): (Option<OrderLineId>, Option<OutcomeFinding>),
) -> ActionFacts {
    let step = aggregate.steps.iter().find(|x| Some(x.id) == case.step_id);
    let line = line_of(case, line);
    let line = aggregate.lines.iter().find(|x| Some(x.id) == line);
    ActionFacts {
        order: aggregate.order.status,
        is_plan_frozen: plan_is(aggregate, &[PlanStatus::Frozen, PlanStatus::Cancelled]),
        has_steps_in_flight: aggregate.steps.iter().any(may_have_an_effect),
        kind: case.kind,
        status: case.status,
        requested: case.pending.as_ref().map(|x| x.action),
        step: step.map(|x| step_facts(aggregate, x)),
        line: line.map(|x| line_facts(aggregate, x)),
        finding,
    }
}

/// The line that a case is about. A step's case is about the step's line, and about no other where
/// the step serves the order as a whole.
pub(super) fn line_of(case: &CaseSubject, named: Option<OrderLineId>) -> Option<OrderLineId> {
    match case.kind {
        CaseKind::Step | CaseKind::Contradiction => case.line_id,
        _ => case.line_id.or(named),
    }
}

/// A system says that it did what it is recorded not to have done, or the other way round.
fn is_contradicted(aggregate: &OrderAggregate, step: &StepRow) -> bool {
    let mut cases = aggregate.cases.iter();
    cases.any(|x| x.step_id == Some(step.id) && x.kind() == CaseKind::Contradiction)
}

/// A call is under way, or an earlier one may have had an effect that nobody has heard of.
pub(super) fn may_have_an_effect(step: &StepRow) -> bool {
    step.status.is_in_flight() || (step.status == StepStatus::Ready && step.sends.is_in_doubt())
}

fn plan_is(aggregate: &OrderAggregate, statuses: &[PlanStatus]) -> bool {
    aggregate.plan.as_ref().is_some_and(|x| statuses.contains(&x.status))
}

fn step_facts(aggregate: &OrderAggregate, step: &StepRow) -> CaseStep {
    let line = aggregate.lines.iter().find(|x| Some(x.id) == step.order_line_id);
    let went_on = plan_is(aggregate, &[PlanStatus::Completed])
        || line.is_some_and(|x| !x.status.is_derived());
    let can_be_queried = step
        .target_settings
        .as_ref()
        .and_then(|x| x.pointer("/capabilities/canBeQueried"))
        .and_then(Value::as_bool);
    CaseStep {
        status: step.status,
        is_mandatory: step.is_mandatory,
        is_held: step.held_by_incident_id.is_some(),
        has_exhausted_attempts: step.failure_code.as_deref() == Some(RETRIES_EXHAUSTED),
        sends: step.sends,
        // Asking a system whose settings are missing does no harm.
        can_be_queried: can_be_queried.unwrap_or(true),
        is_contradicted: is_contradicted(aggregate, step),
        is_passed: step.status == StepStatus::Failed && !step.is_mandatory && went_on,
    }
}

fn line_facts(aggregate: &OrderAggregate, line: &LineRow) -> CaseLine {
    let own = || aggregate.steps.iter().filter(|x| x.order_line_id == Some(line.id));
    CaseLine {
        status: line.status,
        is_mandatory: line.is_mandatory,
        has_released_steps: line.step_count > 0 && aggregate.order.released_at.is_some(),
        has_steps_in_flight: own().any(|x| may_have_an_effect(x) || is_contradicted(aggregate, x)),
    }
}
