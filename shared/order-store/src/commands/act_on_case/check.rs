//! Whether the input of an action fits: before anything is changed, and again before an approved
//! request is carried out.

use order_domain::characteristic::Characteristics;
use order_domain::fallout::{ActionEffect, ActionRefusal, CaseKind, FalloutAction};
use order_domain::ids::OrderLineId;
use serde_json::Value;

use super::facts::CaseSubject;
use super::input::ActionInput;
use super::outputs::check_outputs;
use crate::aggregate::{OrderAggregate, StepRow};

const MAX_NAMES: usize = 50;
pub(super) const MAX_NAME: usize = 128;
pub(super) const MAX_TEXT: usize = 1_024;

/// As long as a target system's own answer may name it.
const MAX_REFERENCE: usize = 255;

/// The refusal, and the places in the input that are to blame.
pub(super) type Misfit = (ActionRefusal, Vec<(String, String)>);

/// The settings of the system that `replace-target` names; `None` where the tenant has no such system.
pub(super) type NewTarget = Option<Value>;

/// Checks the input of what is going to be done.
pub(super) fn check_input(
    aggregate: &OrderAggregate,
    case: &CaseSubject,
    (action, effect): (FalloutAction, ActionEffect),
    (input, target): (&ActionInput, &NewTarget),
) -> Result<(), Misfit> {
    let foreign = input.foreign_to(action);
    if !foreign.is_empty() {
        let detail = "the action does not read this";
        let problems = foreign.into_iter().map(|pointer| problem(pointer, detail)).collect();
        return Err((ActionRefusal::InformationInvalid, problems));
    }
    let step = aggregate.steps.iter().find(|x| Some(x.id) == case.step_id);
    match effect {
        _ if action == FalloutAction::ProvideInfo => {
            check_information(aggregate, case, (step, input))
        }
        ActionEffect::Replace => check_target(step, input, target),
        ActionEffect::AwaitInformation => check_names(&input.requested_information),
        ActionEffect::Assign if input.assigned_group.is_none() && input.assigned_user.is_none() => {
            let problem = problem("/assignedGroup", "a group, a user or both");
            Err((ActionRefusal::InformationInvalid, vec![problem]))
        }
        ActionEffect::Complete | ActionEffect::Confirm => check_finding(input),
        ActionEffect::SendAgain if action == FalloutAction::SettleOutcome => check_finding(input),
        _ => Ok(()),
    }?;
    match (effect, step) {
        (ActionEffect::Skip | ActionEffect::Complete, Some(step)) => {
            check_outputs(aggregate, step, (effect, input))
        }
        _ => Ok(()),
    }
}

fn problem(pointer: &str, detail: &str) -> (String, String) {
    (pointer.to_owned(), detail.to_owned())
}

fn check_target(
    step: Option<&StepRow>,
    input: &ActionInput,
    target: &NewTarget,
) -> Result<(), Misfit> {
    let pointer = "/targetSystem";
    let Some(settings) = target else {
        let problem = problem(pointer, "the tenant has no such target system");
        return Err((ActionRefusal::TargetSystemUnknown, vec![problem]));
    };
    let offered = settings.get("operations").and_then(Value::as_array);
    let operation = step.map(|x| x.operation.as_str()).unwrap_or_default();
    let is_same = step.is_some_and(|x| Some(&x.target_system) == input.target_system.as_ref());
    let is_offered = offered.is_none_or(|x| x.iter().any(|name| name == operation));
    if is_same || !is_offered {
        let detail = if is_same { "does the step already" } else { "does not offer the operation" };
        let problem = problem(pointer, detail);
        return Err((ActionRefusal::TargetSystemIncapable, vec![problem]));
    }
    Ok(())
}

fn check_names(names: &[String]) -> Result<(), Misfit> {
    let is_name = |x: &String| !x.trim().is_empty() && x.chars().count() <= MAX_NAME;
    if names.is_empty() || names.len() > MAX_NAMES || !names.iter().all(is_name) {
        let problem = problem("/requestedInformation", "1 to 50 names of at most 128 characters");
        return Err((ActionRefusal::InformationInvalid, vec![problem]));
    }
    Ok(())
}

/// A finding without evidence is an opinion; EXECUTED without the system's reference too.
fn check_finding(input: &ActionInput) -> Result<(), Misfit> {
    use order_domain::fallout::OutcomeFinding::Executed;
    let is_text =
        |x: &String| !x.trim().is_empty() && x.chars().count() <= MAX_TEXT && !x.contains('\0');
    let mut problems = Vec::new();
    if input.finding.is_none() {
        problems.push(problem("/finding", "EXECUTED, NOT_EXECUTED or DONE_OUTSIDE"));
    }
    if !input.evidence.as_ref().is_some_and(is_text) {
        problems.push(problem("/evidence", "how that is known, at most 1024 characters"));
    }
    let needs_reference = input.finding == Some(Executed) || input.external_reference.is_some();
    let is_reference = |x: &String| is_text(x) && x.chars().count() <= MAX_REFERENCE;
    if needs_reference && !input.external_reference.as_ref().is_some_and(is_reference) {
        let detail = "the target system's id of the work, at most 255 characters";
        problems.push(problem("/externalReference", detail));
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err((ActionRefusal::InformationInvalid, problems)),
    }
}

/// Everything that was asked for, and nothing that nobody would read.
fn check_information(
    aggregate: &OrderAggregate,
    case: &CaseSubject,
    (step, input): (Option<&StepRow>, &ActionInput),
) -> Result<(), Misfit> {
    let nothing = Characteristics::new();
    let information = input.information.as_ref().unwrap_or(&nothing);
    let this = aggregate.cases.iter().find(|x| Some(x.id) == case.id);
    let asked: Vec<&String> = this.into_iter().flat_map(|x| &x.requested_information).collect();
    let mut problems = Vec::new();
    if information.is_empty() || information.len() > MAX_NAMES {
        problems.push(problem("/information", "1 to 50 values"));
    }
    for name in asked.iter().filter(|name| !information.contains_key(**name)) {
        problems.push((format!("/information/{name}"), "was asked for".to_owned()));
    }
    if let (CaseKind::Step, Some(step)) = (case.kind, step) {
        let known = |name: &String| {
            asked.contains(&name)
                || step.request_payload.get(name.as_str()).is_some()
                || step.needed_results.contains_key(name)
        };
        for name in information.keys().filter(|name| !known(name)) {
            let detail = "neither asked for nor part of what the step is told".to_owned();
            problems.push((format!("/information/{name}"), detail));
        }
    }
    if case.kind == CaseKind::Decomposition && line_for_information(aggregate, input).is_none() {
        problems.push(problem("/orderLineId", "the line that the values belong to"));
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err((ActionRefusal::InformationInvalid, problems)),
    }
}

/// The line that information about an order is for: the one that is named, or the only one.
pub(super) fn line_for_information(
    aggregate: &OrderAggregate,
    input: &ActionInput,
) -> Option<OrderLineId> {
    let lines = &aggregate.lines;
    match input.order_line_id {
        Some(id) => lines.iter().find(|x| x.id == id).map(|x| x.id),
        None => lines.first().filter(|_| lines.len() == 1).map(|x| x.id),
    }
}
