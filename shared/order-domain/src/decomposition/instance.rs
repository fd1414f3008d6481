//! From templates to work items, not yet linked.

use std::collections::HashMap;
use std::ops::Range;

use super::MAX_WORK_ITEMS;
use super::order::OrderForDecomposition;
use super::payload::{PayloadFacts, build_payload};
use super::rejection::DecompositionRejection;
use super::selection::RuledLine;
use super::work_item::{NeededResults, WorkItem};
use crate::catalogue::{Catalogue, ConditionFacts, StepScope, StepTemplate};
use crate::characteristic::CharacteristicValue;

/// A template on a line: indexes of the ruled line and of the template in its rule.
pub(super) type Slot = (usize, usize);

/// The work items of an order, and which slot made which of them.
#[derive(Debug, Default)]
pub(super) struct Instances {
    pub(super) items: Vec<WorkItem>,
    /// Absent: a condition left the template out.
    items_of: HashMap<Slot, Range<usize>>,
}

/// What a template is multiplied by; the same for two templates means instance n belongs to n.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FanOut<'a> {
    /// One instance.
    None,
    /// One instance per unit of the quantity.
    Unit,
    /// One instance per thing that the characteristic counts.
    Repeat(&'a str),
}

impl<'a> FanOut<'a> {
    /// What multiplies `template`.
    pub(super) fn of(template: &'a StepTemplate) -> Self {
        match (&template.repeat, template.scope) {
            (Some(repeat), _) => Self::Repeat(&repeat.characteristic),
            (None, StepScope::Unit) => Self::Unit,
            (None, StepScope::Line | StepScope::Order) => Self::None,
        }
    }
}

impl Instances {
    /// Indexes of the items that the slot made, if its condition held.
    pub(super) fn of(&self, slot: Slot) -> Option<Range<usize>> {
        self.items_of.get(&slot).cloned()
    }

    /// The finished items.
    pub(super) fn into_items(self) -> Vec<WorkItem> {
        self.items
    }
}

/// Instantiates every template whose condition holds, in line order and template order.
pub(super) fn instantiate(
    catalogue: &Catalogue,
    order: &OrderForDecomposition,
    lines: &[RuledLine<'_>],
) -> Result<Instances, DecompositionRejection> {
    let mut instances = Instances::default();
    let mut order_items: HashMap<String, usize> = HashMap::new();
    for (line_index, ruled) in lines.iter().enumerate() {
        let facts = ConditionFacts {
            new: &ruled.line.characteristics,
            old: &ruled.line.previous_characteristics,
        };
        for (template_index, template) in ruled.rule.steps.iter().enumerate() {
            if !template.when.as_ref().is_none_or(|condition| condition.holds(facts)) {
                continue;
            }
            let slot = (line_index, template_index);
            if template.scope == StepScope::Order {
                let key = order_key(ruled, template);
                // A second line with the product shares the item of the first.
                if let Some(index) = order_items.get(&key) {
                    instances.items_of.insert(slot, *index..index + 1);
                    continue;
                }
                order_items.insert(key, instances.items.len());
            }
            let count = instance_count(ruled, template)?;
            let first = instances.items.len();
            if count > MAX_WORK_ITEMS - first {
                return Err(DecompositionRejection::OrderTooLarge);
            }
            for number in 1..=count {
                let facts = PayloadFacts { order, ruled, instance_number: number };
                instances.items.push(work_item(catalogue, template, facts)?);
            }
            instances.items_of.insert(slot, first..first + count);
        }
    }
    Ok(instances)
}

fn instance_count(
    ruled: &RuledLine<'_>,
    template: &StepTemplate,
) -> Result<usize, DecompositionRejection> {
    let name = match FanOut::of(template) {
        FanOut::None => return Ok(1),
        FanOut::Unit => return Ok(usize::try_from(ruled.line.quantity).unwrap_or(usize::MAX)),
        FanOut::Repeat(name) => name,
    };
    ruled.require(name)?;
    match ruled.line.characteristics.get(name) {
        // A count that the machine cannot hold is too large, not malformed.
        Some(CharacteristicValue::Integer(count @ 1..)) => {
            Ok(usize::try_from(*count).unwrap_or(usize::MAX))
        }
        _ => Err(DecompositionRejection::CharacteristicNotACount {
            line_number: ruled.line_number,
            product_code: ruled.line.product_code.clone(),
            characteristic: name.to_owned(),
        }),
    }
}

fn work_item(
    catalogue: &Catalogue,
    template: &StepTemplate,
    facts: PayloadFacts<'_>,
) -> Result<WorkItem, DecompositionRejection> {
    let ruled = facts.ruled;
    let is_of_the_order = template.scope == StepScope::Order;
    let item_key = match FanOut::of(template) {
        FanOut::None if is_of_the_order => order_key(ruled, template),
        FanOut::None => format!("line-{}.{}", ruled.line_number, template.key),
        FanOut::Unit | FanOut::Repeat(_) => {
            format!("line-{}.{}#{}", ruled.line_number, template.key, facts.instance_number)
        }
    };
    Ok(WorkItem {
        item_key,
        order_line_id: (!is_of_the_order).then_some(ruled.line.id),
        template_key: template.key.clone(),
        step_type: template.step_type.clone(),
        target_system: template.target_system.clone(),
        operation: template.operation.clone(),
        depends_on: Vec::new(),
        mandatory: template.mandatory,
        expected_minutes: template.expected_minutes,
        deadline: template.deadline.as_ref().map(|deadline| catalogue.agree_on(deadline)),
        payload: build_payload(&template.payload, facts)?,
        needed_results: NeededResults::new(),
        compensation: template.compensation.clone(),
        point_of_no_return: template.point_of_no_return,
        rule_id: ruled.product.rule_id(ruled.line.action),
        catalogue_version: catalogue.version,
    })
}

/// Products and keys use different alphabets and cannot run into each other.
fn order_key(ruled: &RuledLine<'_>, template: &StepTemplate) -> String {
    format!("order.{}.{}", ruled.product.code, template.key)
}
