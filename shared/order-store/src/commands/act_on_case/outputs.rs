//! Values in place of a result: what depends on a step that a person settles, and is told of it.
//!
//! Only steps of the same line are told a result (the catalogue is checked for it), so a line that is
//! waived leaves nobody outside it without one.

use std::collections::BTreeMap;

use order_domain::characteristic::{CharacteristicValue, Characteristics};
use order_domain::fallout::{ActionEffect, ActionRefusal};
use order_domain::step::StepStatus;

use super::check::{MAX_NAME, MAX_TEXT, Misfit};
use super::input::ActionInput;
use crate::aggregate::{OrderAggregate, StepRow};
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
    for reader in open_dependents(aggregate, step) {
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

/// What waits for `step` and is told no value in place of its result.
pub(super) fn without_result(
    aggregate: &OrderAggregate,
    step: &StepRow,
    input: &ActionInput,
) -> Vec<String> {
    let is_told = |reader: &StepRow| {
        let mut fields = needs_of(reader, step).map(|(_, needed)| &needed.field).peekable();
        let given = |field: &String| is_given(field, step, (ActionEffect::Skip, input));
        fields.peek().is_some() && fields.all(given)
    };
    let readers = open_dependents(aggregate, step).filter(|reader| !is_told(reader));
    readers.map(|reader| reader.step_key.clone()).collect()
}

fn open_dependents<'a>(
    aggregate: &'a OrderAggregate,
    step: &'a StepRow,
) -> impl Iterator<Item = &'a StepRow> {
    let keys = step.dependent_step_keys.iter();
    let found = keys.filter_map(|key| aggregate.steps.iter().find(|x| x.step_key == *key));
    found.filter(|x| x.status == StepStatus::Pending)
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
