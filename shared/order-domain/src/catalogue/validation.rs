//! The checks that need the whole catalogue: references, cycles, mandatory on optional.

mod dependencies;
mod results;
mod step;

use std::collections::BTreeSet;

use super::action::LineAction;
use super::problem::{CatalogueProblem, CatalogueProblemKind as Kind};
use super::{Catalogue, Product, ProductRule, StepScope};

/// All problems of `catalogue`, in document order.
pub(super) fn validate(catalogue: &Catalogue) -> Result<(), Vec<CatalogueProblem>> {
    let mut problems = Problems::default();
    if catalogue.version == 0 || i32::try_from(catalogue.version).is_err() {
        problems.add("/version", Kind::VersionOutOfRange);
    }
    let mut codes = BTreeSet::new();
    for (index, product) in catalogue.products.iter().enumerate() {
        let pointer = format!("/products/{index}");
        if !codes.insert(&product.code) {
            let kind = Kind::DuplicateProduct(product.code.to_string());
            problems.add(format!("{pointer}/code"), kind);
        }
        check_product(catalogue, product, &pointer, &mut problems);
    }
    if problems.0.is_empty() { Ok(()) } else { Err(problems.0) }
}

/// Problems found so far.
#[derive(Default)]
struct Problems(Vec<CatalogueProblem>);

impl Problems {
    fn add(&mut self, pointer: impl Into<String>, kind: Kind) {
        self.0.push(CatalogueProblem { pointer: pointer.into(), kind });
    }
}

/// One rule with everything that its checks need to see.
#[derive(Clone, Copy)]
struct RuleView<'a> {
    catalogue: &'a Catalogue,
    rule: &'a ProductRule,
    pointer: &'a str,
}

fn check_product(catalogue: &Catalogue, product: &Product, pointer: &str, out: &mut Problems) {
    if product.bundle && !product.rules.is_empty() {
        out.add(format!("{pointer}/rules"), Kind::BundleWithRules);
    }
    let mut actions = BTreeSet::new();
    for (index, rule) in product.rules.iter().enumerate() {
        let pointer = format!("{pointer}/rules/{index}");
        if rule.action == LineAction::NoChange {
            out.add(format!("{pointer}/action"), Kind::RuleForNoChange);
        }
        if !actions.insert(rule.action) {
            out.add(format!("{pointer}/action"), Kind::DuplicateRule(rule.action));
        }
        check_rule(RuleView { catalogue, rule, pointer: &pointer }, out);
    }
    check_order_steps_agree(product, pointer, out);
}

fn check_rule(view: RuleView<'_>, out: &mut Problems) {
    let mut keys = BTreeSet::new();
    let mut has_billing = false;
    for (index, template) in view.rule.steps.iter().enumerate() {
        let pointer = format!("{}/steps/{index}", view.pointer);
        if !keys.insert(&template.key) {
            out.add(format!("{pointer}/key"), Kind::DuplicateStep(template.key.to_string()));
        }
        if template.step_type.is_billing() && std::mem::replace(&mut has_billing, true) {
            out.add(format!("{pointer}/type"), Kind::SecondBillingStep);
        }
        step::check(view.catalogue, template, &pointer, out);
        dependencies::check(view, index, &pointer, out);
        results::check(view, index, &pointer, out);
    }
    dependencies::check_cycle(view, out);
}

/// An ORDER step is made once for its product, whichever rule asks: so all rules must ask the same.
fn check_order_steps_agree(product: &Product, pointer: &str, out: &mut Problems) {
    let all = product.rules.iter().enumerate().flat_map(|(rule_index, rule)| {
        let of_order = |(_, step): &(usize, &super::StepTemplate)| step.scope == StepScope::Order;
        let steps = rule.steps.iter().enumerate().filter(of_order);
        steps.map(move |(index, step)| (rule_index, index, step))
    });
    let all: Vec<_> = all.collect();
    for (position, (rule_index, index, step)) in all.iter().enumerate() {
        if all[..position].iter().any(|(_, _, first)| first.key == step.key && first != step) {
            let pointer = format!("{pointer}/rules/{rule_index}/steps/{index}");
            out.add(pointer, Kind::OrderScopeDiffers(step.key.to_string()));
        }
    }
}

#[cfg(test)]
mod tests;
