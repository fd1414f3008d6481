//! What a step is told from the result of one that it waits for.

use order_domain::decomposition::NeededResult;
use serde_json::Value;

use crate::aggregate::StepRow;

/// The values of `reader`'s payload that come from the result of `giver`: payload name and source.
pub(super) fn needs_of<'a>(
    reader: &'a StepRow,
    giver: &'a StepRow,
) -> impl Iterator<Item = (&'a String, &'a NeededResult)> {
    reader.needed_results.iter().filter(|(_, needed)| needed.step_key == giver.step_key)
}

/// Puts what the result of `giver` has for `reader` into its payload, before it is ever sent.
///
/// What the result lacks is left out: the target system says what it cannot do without.
pub(super) fn hand_over(steps: &mut [StepRow], giver: usize, reader: usize) {
    let result = steps[giver].response_payload.as_ref();
    let value_of = |needed: &NeededResult| result?.get(&needed.field).cloned();
    let values: Vec<(String, Value)> = needs_of(&steps[reader], &steps[giver])
        .filter_map(|(name, needed)| Some((name.clone(), value_of(needed)?)))
        .collect();
    let step = &mut steps[reader];
    if let (Value::Object(payload), false) = (&mut step.request_payload, values.is_empty()) {
        payload.extend(values);
        step.has_new_payload = true;
    }
}
