//! The product catalogue: which work a line of a product means, as versioned data (§9).
//!
//! A product has at most one rule per line action, and a rule is a list of step templates.
//! Everything that may differ between products is data here, so a new product changes neither
//! the process model nor code. What a document cannot express on its own (references, cycles,
//! mandatory on optional) is checked by [`Catalogue::validate`], which reports every problem with
//! a JSON pointer.
//!
//! Invariant: a BILLING step depends on every other step of its line by construction, so billing
//! can never start for work that is not done. A mandatory BILLING step leaves optional steps out,
//! because an optional step may fail without stopping anything mandatory.
//!
//! Cycles are refused inside a rule. A cycle that runs through several products exists only for
//! certain orders; planning finds it and names it (`PLAN_HAS_CYCLE`).

mod action;
mod condition;
mod difference;
mod name;
mod payload;
mod problem;
mod rejection;
mod succession;
mod template;
mod validation;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::calendar::{AgreedDeadline, BusinessCalendar, Deadline};

pub use action::LineAction;
pub use condition::{Condition, ConditionFacts, EqualsOperands, GreaterThanOperands};
pub use difference::{CatalogueDifference, ChangeKind, PlaceDifference, ProductDifference};
pub use name::{InvalidName, OperationName, ProductCode, StepTemplateKey, StepType, SystemCode};
pub use payload::{LineField, OrderField, PayloadMapping, PayloadSource, ResultField};
pub(crate) use problem::circle;
pub use problem::{CatalogueProblem, CatalogueProblemKind};
pub use rejection::CatalogueRejection;
pub use succession::{
    CatalogueEdition, SeenCatalogue, Succession, SuccessionFacts, decide_succession,
};
pub use template::{
    Compensation, Dependency, DependencyScope, PointOfNoReturn, PointOfNoReturnKind, Repeat,
    StepScope, StepTemplate,
};

/// One version of a tenant's catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Catalogue {
    /// 1 or more, rises with every change; every work item names the version that made it.
    pub version: u32,
    /// Calendars by name, for deadlines in business days.
    #[serde(default)]
    pub calendars: BTreeMap<String, BusinessCalendar>,
    /// The products.
    pub products: Vec<Product>,
}

/// One product that can stand on an order line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Product {
    /// The code that quotes use.
    pub code: ProductCode,
    /// What people call it.
    pub name: String,
    /// A bundle only groups other lines: it has no rules and its line has no work of its own.
    #[serde(default)]
    pub bundle: bool,
    /// At most one rule per action; an action without a rule is not offered.
    #[serde(default)]
    pub rules: Vec<ProductRule>,
}

/// What has to be done for one product and one action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ProductRule {
    /// The action this rule answers; never `NO_CHANGE`, which means no work.
    pub action: LineAction,
    /// Characteristics without which the line cannot be decomposed.
    #[serde(default)]
    pub requires: Vec<String>,
    /// The work, in the order in which people read it.
    pub steps: Vec<StepTemplate>,
}

impl Catalogue {
    /// The product with this code, if the catalogue has it.
    #[must_use]
    pub fn find_product(&self, code: &str) -> Option<&Product> {
        self.products.iter().find(|product| product.code.as_str() == code)
    }

    /// Every problem that a schema cannot see, in document order.
    ///
    /// # Errors
    /// All [`CatalogueProblem`]s at once, each with the JSON pointer of what is wrong.
    pub fn validate(&self) -> Result<(), Vec<CatalogueProblem>> {
        validation::validate(self)
    }

    /// The deadline together with the calendar it is counted in.
    #[must_use]
    pub fn agree_on(&self, deadline: &Deadline) -> AgreedDeadline {
        let calendar = match deadline {
            Deadline::BusinessDays { calendar, .. } => self.calendars.get(calendar).cloned(),
            Deadline::Minutes(_) | Deadline::Hours(_) => None,
        };
        AgreedDeadline { deadline: deadline.clone(), calendar }
    }
}

impl Product {
    /// The rule for this action, if the product offers it.
    #[must_use]
    pub fn find_rule(&self, action: LineAction) -> Option<&ProductRule> {
        self.rules.iter().find(|rule| rule.action == action)
    }

    /// The name under which work items record the rule that made them, e.g. `ROUTER_RENTAL/ADD`.
    #[must_use]
    pub fn rule_id(&self, action: LineAction) -> String {
        format!("{}/{action}", self.code)
    }
}

impl ProductRule {
    /// Position of the template with this key.
    #[must_use]
    pub fn find_step(&self, key: &StepTemplateKey) -> Option<usize> {
        self.steps.iter().position(|step| step.key == *key)
    }

    /// What a BILLING step waits for beside its declared dependencies: the rest of its line.
    pub(crate) fn implied_dependencies(&self, step: usize) -> impl Iterator<Item = usize> {
        let waits_for = move |other: usize| {
            let (billing, candidate) = (&self.steps[step], &self.steps[other]);
            billing.step_type.is_billing()
                && other != step
                && !candidate.step_type.is_billing()
                && candidate.scope != StepScope::Order
                && (candidate.mandatory || !billing.mandatory)
        };
        (0..self.steps.len()).filter(move |other| waits_for(*other))
    }
}
