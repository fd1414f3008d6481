//! Which work item waits for which.

use std::collections::{BTreeSet, HashSet};

use super::MAX_DEPENDENCIES;
use super::instance::{FanOut, Instances, Slot};
use super::rejection::DecompositionRejection;
use super::selection::RuledLine;
use crate::catalogue::{Dependency, DependencyScope, StepTemplate};

/// Fills `depends_on` of every item.
pub(super) fn link(
    lines: &[RuledLine<'_>],
    instances: &mut Instances,
) -> Result<(), DecompositionRejection> {
    let mut waits_for = vec![BTreeSet::new(); instances.items.len()];
    let mut left = MAX_DEPENDENCIES;
    for (line_index, ruled) in lines.iter().enumerate() {
        for template_index in 0..ruled.rule.steps.len() {
            let slot = (line_index, template_index);
            for target in existing_targets(lines, instances, slot) {
                add_edges(lines, instances, (slot, target), &mut waits_for, &mut left)?;
            }
        }
    }
    let keys: Vec<String> = instances.items.iter().map(|item| item.item_key.clone()).collect();
    for (item, waits_for) in instances.items.iter_mut().zip(waits_for) {
        item.depends_on = waits_for.into_iter().map(|index: usize| keys[index].clone()).collect();
    }
    Ok(())
}

/// The slots with items that `slot` waits for, looking through slots that a condition left out.
///
/// A list of work instead of recursion, so that no document can exhaust the stack.
fn existing_targets(lines: &[RuledLine<'_>], instances: &Instances, slot: Slot) -> Vec<Slot> {
    if instances.of(slot).is_none() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let mut open = direct_targets(lines, slot);
    while let Some(target) = open.pop() {
        if !seen.insert(target) {
            continue;
        }
        if instances.of(target).is_some() {
            found.push(target);
        } else {
            open.extend(direct_targets(lines, target));
        }
    }
    found
}

/// The slots that the dependencies of `slot` name, whether or not they have items.
fn direct_targets(lines: &[RuledLine<'_>], slot: Slot) -> Vec<Slot> {
    let (line_index, template_index) = slot;
    let rule = lines[line_index].rule;
    let implied = rule.implied_dependencies(template_index).map(|step| (line_index, step));
    let mut targets: Vec<Slot> = implied.collect();
    for dependency in &rule.steps[template_index].depends_on {
        for (index, candidate) in lines.iter().enumerate() {
            let is_meant = is_in_scope(lines, line_index, index, dependency.scope)
                && is_of_product(candidate, dependency);
            if is_meant && let Some(step) = candidate.rule.find_step(&dependency.step) {
                targets.push((index, step));
            }
        }
    }
    targets
}

fn is_of_product(candidate: &RuledLine<'_>, dependency: &Dependency) -> bool {
    dependency.product.as_ref().is_none_or(|code| candidate.product.code == *code)
}

fn is_in_scope(lines: &[RuledLine<'_>], own: usize, other: usize, scope: DependencyScope) -> bool {
    let (own_line, other_line) = (lines[own].line, lines[other].line);
    match scope {
        DependencyScope::SameLine => own == other,
        DependencyScope::SameOrder => true,
        DependencyScope::ParentLine => own_line.parent_line_id == Some(other_line.id),
        DependencyScope::ChildLines => other_line.parent_line_id == Some(own_line.id),
        DependencyScope::SiblingLines => {
            own != other && own_line.parent_line_id == other_line.parent_line_id
        }
    }
}

fn add_edges(
    lines: &[RuledLine<'_>],
    instances: &Instances,
    (from, to): (Slot, Slot),
    waits_for: &mut [BTreeSet<usize>],
    left: &mut usize,
) -> Result<(), DecompositionRejection> {
    let (Some(sources), Some(targets)) = (instances.of(from), instances.of(to)) else {
        return Ok(());
    };
    let are_paired = from.0 == to.0
        && FanOut::of(template(lines, from)) != FanOut::None
        && FanOut::of(template(lines, from)) == FanOut::of(template(lines, to));
    let edges = if are_paired { sources.len() } else { sources.len() * targets.len() };
    *left = left.checked_sub(edges).ok_or(DecompositionRejection::OrderTooLarge)?;
    for (position, source) in sources.enumerate() {
        if are_paired {
            waits_for[source].insert(targets.start + position);
        } else {
            waits_for[source].extend(targets.clone());
        }
    }
    Ok(())
}

fn template<'a>(lines: &[RuledLine<'a>], (line, step): Slot) -> &'a StepTemplate {
    &lines[line].rule.steps[step]
}
