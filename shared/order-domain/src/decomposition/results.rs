//! Which values an item is told only when another one is completed.

use super::instance::{Instances, Slot};
use super::selection::RuledLine;
use super::work_item::NeededResult;
use crate::catalogue::PayloadSource;

/// Fills `needed_results` of every item; what a condition left out gives nothing.
pub(super) fn note_needs(lines: &[RuledLine<'_>], instances: &mut Instances) {
    for (line_index, ruled) in lines.iter().enumerate() {
        for (template_index, template) in ruled.rule.steps.iter().enumerate() {
            for (name, source) in &template.payload {
                note_need(lines, instances, (line_index, template_index), (name, source));
            }
        }
    }
}

fn note_need(
    lines: &[RuledLine<'_>],
    instances: &mut Instances,
    reader: Slot,
    (name, source): (&str, &PayloadSource),
) {
    let Some(wanted) = source.result() else { return };
    let giver = lines[reader.0].rule.find_step(&wanted.step).map(|step| (reader.0, step));
    let (Some(readers), Some(givers)) =
        (instances.of(reader), giver.and_then(|slot| instances.of(slot)))
    else {
        return;
    };
    // One for all, or one for each: the catalogue is checked for that.
    let are_paired = givers.len() == readers.len();
    for (position, index) in readers.enumerate() {
        let giver = givers.start + if are_paired { position } else { 0 };
        let needed = NeededResult {
            step_key: instances.items[giver].item_key.clone(),
            field: wanted.field.clone(),
            is_optional: matches!(source, PayloadSource::OptionalStepResult(_)),
        };
        instances.items[index].needed_results.insert(name.to_owned(), needed);
    }
}
