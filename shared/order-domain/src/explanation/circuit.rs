//! A step whose system is held or out of service: why it waits, and when that changes.

use super::facts::{ExplainedCircuit, ExplainedStep};
use super::text::moment;
use crate::circuit::CircuitStatus;
use crate::step::StepStatus;

/// The circuit that the step waits for; an incident that holds it comes first.
pub(super) fn that_holds(step: &ExplainedStep) -> Option<&ExplainedCircuit> {
    let is_ready = step.status == StepStatus::Ready && step.held_by.is_none();
    step.circuit.as_ref().filter(|x| is_ready && x.holds_step)
}

pub(super) fn sentence(step: &ExplainedStep, circuit: &ExplainedCircuit) -> String {
    let (system, since) = (&step.target_system, moment(circuit.since));
    let why = match &circuit.operator {
        Some(operator) => format!("{system} is held by {operator} since {since}"),
        None => format!("{system} is out of service since {since}"),
    };
    let why = match (circuit.status, circuit.next_move_at) {
        (CircuitStatus::Draining, _) => format!(
            "{system} is back, and what waited since {since} goes, {} a minute",
            circuit.drain_rate_per_minute
        ),
        (CircuitStatus::Probing, _) => format!("{why}; one step is trying it"),
        (CircuitStatus::Open | CircuitStatus::Closed, Some(at)) => {
            format!("{why}; it is tried at {}", moment(at))
        }
        (CircuitStatus::Open | CircuitStatus::Closed, None) => why,
    };
    format!("Step {} ({system} {}) waits: {why}.", step.step_key, step.operation)
}

/// What happens next by itself, in a sentence.
pub(super) fn next(step: &ExplainedStep, circuit: &ExplainedCircuit) -> String {
    let system = &step.target_system;
    match circuit.status {
        CircuitStatus::Open | CircuitStatus::Closed => {
            format!("{system} is tried with one step; when it answers, those that wait are sent.")
        }
        CircuitStatus::Probing => format!("{system} is tried again, unless it answers before."),
        CircuitStatus::Draining => format!(
            "The next steps that wait for {system} are sent, {} a minute.",
            circuit.drain_rate_per_minute
        ),
    }
}
