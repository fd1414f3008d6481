//! Checks of what a template waits for.

use super::{Kind, Problems, RuleView};
use crate::catalogue::{Dependency, DependencyScope, ProductCode, StepTemplate};
use crate::planning::cycle::find_cycle;

/// Adds what is wrong with the dependencies of the step at `index`.
pub(super) fn check(view: RuleView<'_>, index: usize, pointer: &str, out: &mut Problems) {
    let template = &view.rule.steps[index];
    for (position, dependency) in template.depends_on.iter().enumerate() {
        let pointer = format!("{pointer}/dependsOn/{position}");
        let in_same_line = dependency.scope == DependencyScope::SameLine;
        if in_same_line == dependency.product.is_some() {
            out.add(format!("{pointer}/scope"), Kind::ScopeContradictsProduct);
        }
        match named_steps(view, dependency) {
            Err(product) => {
                let kind = Kind::UnknownProduct(product.to_string());
                out.add(format!("{pointer}/product"), kind);
            }
            Ok(steps) if steps.is_empty() => {
                let kind = Kind::UnknownStep(dependency.step.to_string());
                out.add(format!("{pointer}/step"), kind);
            }
            Ok(steps) if template.mandatory && steps.iter().any(|step| !step.mandatory) => {
                let kind = Kind::MandatoryOnOptional(dependency.step.to_string());
                out.add(pointer, kind);
            }
            Ok(_) => {}
        }
    }
}

/// The templates that a dependency may mean, over all actions of another product.
fn named_steps<'a>(
    view: RuleView<'a>,
    dependency: &'a Dependency,
) -> Result<Vec<&'a StepTemplate>, &'a ProductCode> {
    let rules = match &dependency.product {
        None => std::slice::from_ref(view.rule),
        Some(code) => &view.catalogue.find_product(code.as_str()).ok_or(code)?.rules,
    };
    let steps = rules.iter().flat_map(|rule| &rule.steps);
    Ok(steps.filter(|step| step.key == dependency.step).collect())
}

/// Adds the first cycle inside the rule, including what BILLING waits for by construction.
pub(super) fn check_cycle(view: RuleView<'_>, out: &mut Problems) {
    let rule = view.rule;
    let edges: Vec<Vec<usize>> = (0..rule.steps.len())
        .map(|index| {
            let declared = rule.steps[index].depends_on.iter();
            declared
                .filter(|dependency| dependency.scope == DependencyScope::SameLine)
                .filter_map(|dependency| rule.find_step(&dependency.step))
                .chain(rule.implied_dependencies(index))
                .collect()
        })
        .collect();
    if let Some(cycle) = find_cycle(&edges) {
        let keys = cycle.into_iter().map(|index| rule.steps[index].key.to_string()).collect();
        out.add(format!("{}/steps", view.pointer), Kind::Cycle(keys));
    }
}
