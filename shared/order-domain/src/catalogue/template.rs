//! Step templates: one piece of work in one target system, before an order exists.

use serde::{Deserialize, Serialize};

use super::condition::Condition;
use super::name::{OperationName, ProductCode, StepTemplateKey, StepType, SystemCode};
use super::payload::PayloadMapping;
use crate::calendar::Deadline;
use crate::money::Money;
use crate::text_enum::text_enum;

/// One piece of work that a rule asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StepTemplate {
    /// Unique inside the rule.
    pub key: StepTemplateKey,
    /// Kind of work.
    #[serde(rename = "type")]
    pub step_type: StepType,
    /// Who does it.
    pub target_system: SystemCode,
    /// What the target system is asked to do.
    pub operation: OperationName,
    /// What must be settled before.
    #[serde(default)]
    pub depends_on: Vec<Dependency>,
    /// Whether the line fails when the step does; a mandatory step never waits for an optional one.
    #[serde(default = "yes")]
    pub mandatory: bool,
    /// How long it usually takes; the critical path of a plan adds these up.
    #[serde(default)]
    pub expected_minutes: u32,
    /// When an answer is late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Deadline>,
    /// What the target system is told.
    #[serde(default)]
    pub payload: PayloadMapping,
    /// How the work is undone; absent when it cannot be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compensation: Option<Compensation>,
    /// What the step means for a cancellation that comes later.
    #[serde(default)]
    pub point_of_no_return: PointOfNoReturn,
    /// How many work items one template makes.
    #[serde(default)]
    pub scope: StepScope,
    /// The template applies only when this holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    /// One work item per counted thing, e.g. per site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<Repeat>,
}

const fn yes() -> bool {
    true
}

/// What one template is instantiated for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StepScope {
    /// Once per line.
    #[default]
    Line,
    /// Once per unit of the line's quantity.
    Unit,
    /// Once per order and product, however many lines ask for it; belongs to no line.
    Order,
}

/// How often a template is repeated inside a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Repeat {
    /// The whole-number characteristic that counts.
    pub characteristic: String,
}

/// A step that must be settled first.
///
/// Between two steps of one line that are both per unit, or repeated over the same
/// characteristic, instance n waits for instance n; in every other case each waits for all.
/// When the step a dependency names is left out by its condition, what *it* waits for counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Dependency {
    /// Key of the step.
    pub step: StepTemplateKey,
    /// The product it belongs to; absent means the same rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<ProductCode>,
    /// The lines to look at.
    #[serde(default)]
    pub scope: DependencyScope,
}

/// The lines in which a dependency looks for its step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DependencyScope {
    /// The step's own line.
    #[default]
    SameLine,
    /// Every line of the order.
    SameOrder,
    /// The line that this one is part of.
    ParentLine,
    /// The lines that are part of this one.
    ChildLines,
    /// The other lines with the same parent, so that two bundles never wait for each other.
    SiblingLines,
}

/// How a step is undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Compensation {
    /// What is asked for; the payload is that of the step.
    pub operation: OperationName,
    /// Who is asked; absent means the step's own target system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_system: Option<SystemCode>,
}

/// What a completed step means for a cancellation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PointOfNoReturn {
    /// How final the step is.
    pub kind: PointOfNoReturnKind,
    /// What a cancellation costs from here on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charge: Option<Money>,
}

text_enum! {
    /// How final a completed step is.
    PointOfNoReturnKind {
        /// Cancelling costs nothing more.
        None = "NONE",
        /// Cancelling is possible, at a charge.
        Soft = "SOFT",
        /// Cancelling is no longer possible.
        Hard = "HARD",
    }
}

impl PointOfNoReturn {
    /// A step that can be undone at no charge.
    pub const NONE: Self = Self { kind: PointOfNoReturnKind::None, charge: None };
}

impl Default for PointOfNoReturn {
    fn default() -> Self {
        Self::NONE
    }
}
