//! Checks of payloads that carry another step's result: it must exist, and be one.

use super::{Kind, Problems, RuleView};
use crate::catalogue::{DependencyScope, PayloadSource, StepScope, StepTemplate};

/// Adds what is wrong with the results that the step at `index` is told.
pub(super) fn check(view: RuleView<'_>, index: usize, pointer: &str, out: &mut Problems) {
    let template = &view.rule.steps[index];
    for (name, source) in &template.payload {
        let Some(wanted) = source.result() else { continue };
        let key = wanted.step.to_string();
        let problem = match awaited_step(view, index, source) {
            None => Kind::ResultNotAwaited(key),
            Some(giver) if !is_one_for(giver, template) => Kind::ResultAmbiguous(key),
            Some(giver) if may_be_missing(giver, template, source) => Kind::ResultMayBeMissing(key),
            Some(_) => continue,
        };
        let name = name.replace('~', "~0").replace('/', "~1");
        out.add(format!("{pointer}/payload/{name}"), problem);
    }
}

/// The step whose result is meant, if the step at `index` waits for it in its own line.
fn awaited_step<'a>(
    view: RuleView<'a>,
    index: usize,
    source: &PayloadSource,
) -> Option<&'a StepTemplate> {
    let wanted = source.result()?;
    let giver = view.rule.find_step(&wanted.step)?;
    let is_declared = view.rule.steps[index].depends_on.iter().any(|dependency| {
        dependency.scope == DependencyScope::SameLine && dependency.step == wanted.step
    });
    let is_awaited = is_declared || view.rule.implied_dependencies(index).any(|step| step == giver);
    is_awaited.then(|| &view.rule.steps[giver])
}

/// Whether each instance of `reader` has exactly one instance of `giver` to read from.
fn is_one_for(giver: &StepTemplate, reader: &StepTemplate) -> bool {
    match giver.scope {
        StepScope::Order => true,
        // A step of the whole order would have one giver per line.
        StepScope::Line if giver.repeat.is_none() => reader.scope != StepScope::Order,
        StepScope::Line | StepScope::Unit => {
            giver.scope == reader.scope && giver.repeat == reader.repeat
        }
    }
}

fn may_be_missing(giver: &StepTemplate, reader: &StepTemplate, source: &PayloadSource) -> bool {
    matches!(source, PayloadSource::StepResult(_))
        && giver.when.is_some()
        && giver.when != reader.when
}
