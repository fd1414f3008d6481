//! What happens to an order by itself, and when.

use jiff::Timestamp;
use serde::Serialize;

use super::blocker::attempts;
use super::circuit;
use super::facts::{ExplainedOrder, ExplainedStep, Process};
use super::text::moment;
use crate::step::StepStatus;
use crate::text_enum::text_enum;

text_enum! {
    /// What kind of event comes.
    NextCode {
        /// A step is sent.
        StepSent = "STEP_SENT",
        /// A system that is held or out of service is tried, or lets the next steps go.
        SystemTried = "SYSTEM_TRIED",
        /// A target system is asked about a step.
        StepChecked = "STEP_CHECKED",
        /// Whoever sends a step is given up, and the step is asked about.
        CallGivenUp = "CALL_GIVEN_UP",
        /// A step becomes late: a case is opened.
        StepBecomesLate = "STEP_BECOMES_LATE",
        /// A case that nobody touches is escalated.
        CaseEscalated = "CASE_ESCALATED",
        /// A delivery is tried.
        DeliveryTried = "DELIVERY_TRIED",
        /// The process is compared with the order.
        ProcessChecked = "PROCESS_CHECKED",
    }
}

/// One event to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct NextEvent {
    /// When; in the past: it is due.
    pub at: Timestamp,
    /// What.
    pub code: NextCode,
    /// The same in a sentence.
    pub sentence: String,
    /// The step, by its key in the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_key: Option<String>,
}

/// Everything that comes by itself, soonest first.
#[must_use]
pub fn next_events(order: &ExplainedOrder, now: Timestamp) -> Vec<NextEvent> {
    let mut events: Vec<NextEvent> = Vec::new();
    if !order.status.is_terminal() {
        events.extend(order.steps.iter().flat_map(|x| of_step(x, now)));
    }
    for case in &order.cases {
        if let Some(at) = case.due_at {
            let sentence = format!("Case {} is escalated unless somebody acts.", case.reason_code);
            let code = NextCode::CaseEscalated;
            events.push(NextEvent { at, code, sentence, step_key: None });
        }
    }
    for delivery in order.deliveries.iter().filter(|x| !x.is_dead && is_for_process(&x.kind)) {
        let sentence = match delivery.attempt_count {
            0 => format!("The engine is told: {}.", delivery.kind),
            tries => format!("The engine is told again after {tries} tries: {}.", delivery.kind),
        };
        let (at, code) = (delivery.available_at, NextCode::DeliveryTried);
        events.push(NextEvent { at, code, sentence, step_key: None });
    }
    if let Process::Running { next_check_at: Some(at) } = order.process
        && !order.status.is_terminal()
    {
        let sentence = "The process is compared with the order.".to_owned();
        events.push(NextEvent { at, code: NextCode::ProcessChecked, sentence, step_key: None });
    }
    events.sort_by(|a, b| (a.at, a.code, &a.step_key).cmp(&(b.at, b.code, &b.step_key)));
    events
}

/// Facts that are published and steps that are handed over concern nobody who asks why.
fn is_for_process(kind: &str) -> bool {
    matches!(kind, "WORKFLOW_START" | "WORKFLOW_MESSAGE" | "USER_TASK_COMPLETE" | "PROCESS_DELETE")
}

fn of_step(step: &ExplainedStep, now: Timestamp) -> Vec<NextEvent> {
    let step_key = Some(step.step_key.clone());
    let name = format!("step {} ({})", step.step_key, step.target_system);
    let event = |at: Option<Timestamp>, code, sentence| {
        at.map(|at| NextEvent { at, code, sentence, step_key: step_key.clone() })
    };
    // A system that is out is asked when it is tried, and not before.
    let out = step.circuit.as_ref().filter(|x| x.status.is_out());
    let tried_at = out.and_then(|x| x.next_move_at);
    let check_at = step.next_check_at.map(|at| tried_at.map_or(at, |tried| tried.max(at)));
    let held = circuit::that_holds(step);
    let own = match step.status {
        StepStatus::Ready if step.held_by.is_some() => None,
        StepStatus::Ready if let Some(x) = held => {
            event(x.next_move_at, NextCode::SystemTried, circuit::next(step, x))
        }
        StepStatus::Ready => {
            let again = if step.attempt_count > 0 { attempts(step) } else { String::new() };
            event(step.next_attempt_at, NextCode::StepSent, format!("Sends {name}{again}."))
        }
        StepStatus::Submitting => {
            let sentence = format!("Whoever sends {name} is given up; the system is asked.");
            event(step.leased_until, NextCode::CallGivenUp, sentence)
        }
        StepStatus::Submitted => {
            let sentence = format!("Asks {} about {name} if no answer came.", step.target_system);
            event(check_at, NextCode::StepChecked, sentence)
        }
        StepStatus::Unknown => {
            let sentence = format!("Asks {} what became of {name}.", step.target_system);
            event(check_at, NextCode::StepChecked, sentence)
        }
        StepStatus::Pending
        | StepStatus::Completed
        | StepStatus::Failed
        | StepStatus::Skipped
        | StepStatus::Cancelled => None,
    };
    let is_begun = matches!(
        step.status,
        StepStatus::Ready | StepStatus::Submitting | StepStatus::Submitted | StepStatus::Unknown
    );
    let deadline = step.deadline_at.filter(|at| is_begun && *at > now);
    let late = deadline.map(|at| NextEvent {
        at,
        code: NextCode::StepBecomesLate,
        sentence: format!("A case is opened if {name} is not done by {}.", moment(at)),
        step_key: step_key.clone(),
    });
    own.into_iter().chain(late).collect()
}
