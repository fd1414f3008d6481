//! Values in place of a result: what depends on a step that a person settles, and is told of it.
//!
//! Only steps of the same line are told a result (the catalogue is checked for it), so a line that is
//! waived leaves nobody outside it without one.

use std::collections::BTreeMap;

use order_domain::characteristic::{CharacteristicValue, Characteristics};
use order_domain::fallout::{ActionEffect, ActionRefusal};
use order_domain::step::StepStatus;

use super::act::Act;
use super::check::{MAX_NAME, MAX_TEXT, Misfit};
use super::input::ActionInput;
use crate::aggregate::{OrderAggregate, StepRow};
use crate::commands::settle_billing::BILLING;
use crate::commands::step_effects::DEPENDENCY_FAILED;
use crate::commands::step_results::needs_of;

/// The limits of a target system's result (ADR 0007).
const MAX_OUTPUTS: usize = 64;

/// Whether everybody who needs a result of `step` gets one.
pub(super) fn check_outputs(
    aggregate: &OrderAggregate,
    step: &StepRow,
    (effect, input): (ActionEffect, &ActionInput),
) -> Result<(), Misfit> {
    if input.outputs.as_ref().is_some_and(|x| !are_like_a_result(x)) {
        let detail = format!(
            "at most {MAX_OUTPUTS} values, names of {MAX_NAME} characters, texts of {MAX_TEXT}"
        );
        return Err((ActionRefusal::InformationInvalid, vec![("/outputs".to_owned(), detail)]));
    }
    let mut missing: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let goes_along = |x: &StepRow| effect == ActionEffect::Skip && is_billed_no_more(x, step);
    for reader in open_dependents(aggregate, step).filter(|x| !goes_along(x)) {
        let needs = needs_of(reader, step).filter(|(_, needed)| !needed.is_optional);
        for (_, needed) in needs.filter(|(_, x)| !is_given(&x.field, step, (effect, input))) {
            let readers = missing.entry(&needed.field).or_default();
            if !readers.contains(&reader.step_key.as_str()) {
                readers.push(&reader.step_key);
            }
        }
    }
    let tell = |(field, readers): (&str, Vec<&str>)| {
        (format!("/outputs/{field}"), format!("needed by {}", readers.join(", ")))
    };
    match missing.is_empty() {
        true => Ok(()),
        false => {
            Err((ActionRefusal::DependentNeedsOutput, missing.into_iter().map(tell).collect()))
        }
    }
}

/// Whether `reader` is told everything that it takes from the step that is left out.
pub(super) fn is_told(aggregate: &OrderAggregate, reader: &StepRow, act: &Act<'_>) -> bool {
    let step = aggregate.steps.iter().find(|x| Some(x.id) == act.case.step_id);
    let mut fields = step.into_iter().flat_map(|x| needs_of(reader, x)).map(|(_, x)| &x.field);
    let given = |field: &String| act.input.outputs.as_ref().is_some_and(|x| x.contains_key(field));
    fields.next().is_some_and(given) && fields.all(given)
}

fn open_dependents<'a>(
    aggregate: &'a OrderAggregate,
    step: &'a StepRow,
) -> impl Iterator<Item = &'a StepRow> {
    let keys = step.dependent_step_keys.iter();
    let found = keys.filter_map(|key| aggregate.steps.iter().find(|x| x.step_key == *key));
    // Who was left out with another step may come back, and is told then.
    let may_run = |x: &&StepRow| {
        x.status == StepStatus::Pending || x.failure_code.as_deref() == Some(DEPENDENCY_FAILED)
    };
    found.filter(may_run)
}

/// A line is not billed that is left out a mandatory step of: nobody has to be told anything.
fn is_billed_no_more(reader: &StepRow, skipped: &StepRow) -> bool {
    reader.step_type == BILLING
        && skipped.is_mandatory
        && skipped.order_line_id.is_some()
        && skipped.order_line_id == reader.order_line_id
}

/// A step that counts as done keeps what its system said, unless somebody says otherwise.
fn is_given(field: &str, step: &StepRow, (effect, input): (ActionEffect, &ActionInput)) -> bool {
    match &input.outputs {
        Some(outputs) => outputs.contains_key(field),
        None => {
            let said = step.response_payload.as_ref().and_then(|x| x.get(field));
            effect == ActionEffect::Complete && said.is_some()
        }
    }
}

fn are_like_a_result(outputs: &Characteristics) -> bool {
    let is_text = |x: &str, most| x.chars().count() <= most;
    let is_value = |x: &CharacteristicValue| match x {
        CharacteristicValue::Text(text) => is_text(text, MAX_TEXT),
        CharacteristicValue::Boolean(_) | CharacteristicValue::Integer(_) => true,
    };
    outputs.len() <= MAX_OUTPUTS
        && outputs.iter().all(|(name, value)| is_text(name, MAX_NAME) && is_value(value))
}
