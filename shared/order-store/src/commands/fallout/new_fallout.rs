//! A case to open: what it is about, and who has to act by when.

use jiff::Timestamp;
use order_domain::calendar::BusinessCalendar;
use order_domain::fallout::{CaseKind, EngineAnchor, FalloutReason, FalloutRouting};
use order_domain::ids::{FulfillmentStepId, OrderLineId};
use serde_json::{Value, json};

use crate::aggregate::StepRow;
use crate::commands::step_effects::step_cause;

/// A case to open.
#[derive(Debug, Clone)]
pub(crate) struct NewFallout {
    pub(crate) cause: String,
    pub(crate) origin: String,
    pub(crate) reason: FalloutReason,
    pub(crate) reasons: Value,
    pub(crate) is_blocking: bool,
    pub(crate) anchor: EngineAnchor,
    pub(crate) step_id: Option<FulfillmentStepId>,
    pub(crate) line_id: Option<OrderLineId>,
    pub(crate) signature: Option<String>,
    pub(crate) evidence: Value,
    pub(crate) routing: Routing,
}

/// Who owns a case, and by when it must have been touched.
#[derive(Debug, Clone)]
pub(crate) struct Routing {
    rules: FalloutRouting,
    calendar: Option<BusinessCalendar>,
}

impl Routing {
    /// By the settings of the step's system, in the calendar that the step was agreed in.
    pub(crate) fn of_step(step: &StepRow) -> Self {
        let settings = step.target_settings.as_ref().and_then(|x| x.get("fallout")).cloned();
        let rules = settings.and_then(|x| serde_json::from_value(x).ok()).unwrap_or_default();
        Self { rules, calendar: step.deadline.as_ref().and_then(|x| x.calendar.clone()) }
    }

    /// By the rules that hold where no target system is concerned.
    pub(crate) fn of_order() -> Self {
        Self { rules: FalloutRouting::default(), calendar: None }
    }

    /// Who owns the case with this cause.
    pub(super) fn owner_group(&self, cause: &str) -> String {
        self.rules.owner_group(CaseKind::of_cause(cause)).to_owned()
    }

    /// When somebody must have touched a case that was touched at `now`.
    pub(crate) fn touch_due_at(&self, now: Timestamp) -> Timestamp {
        self.rules.touch_due_at(now, self.calendar.as_ref())
    }
}

impl NewFallout {
    /// The case of a refused milestone; the engine hears of it by the BPMN error.
    pub(crate) fn milestone(command: &str, code: &'static str, reasons: Value) -> Self {
        Self {
            cause: format!("milestone:{command}"),
            origin: command.to_owned(),
            reason: FalloutReason::MilestoneRefused(code),
            reasons,
            is_blocking: true,
            anchor: EngineAnchor::BpmnError,
            step_id: None,
            line_id: None,
            signature: None,
            evidence: json!({}),
            routing: Routing::of_order(),
        }
    }

    /// The case of a step; the engine hears of it by message.
    pub(crate) fn step(
        step: &StepRow,
        reason: &FalloutReason,
        is_blocking: bool,
        evidence: Value,
    ) -> Self {
        Self {
            cause: step_cause(step),
            origin: step.step_type.clone(),
            reason: reason.clone(),
            reasons: json!([reason.code()]),
            is_blocking,
            anchor: EngineAnchor::Message,
            step_id: Some(step.id),
            line_id: step.order_line_id,
            signature: Some(format!("{}/{}/{}", step.target_system, step.operation, reason.code())),
            evidence,
            routing: Routing::of_step(step),
        }
    }
}
