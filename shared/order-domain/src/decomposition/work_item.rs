//! A work item: one piece of work of one order, not yet planned.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::calendar::AgreedDeadline;
use crate::catalogue::{
    Compensation, OperationName, PointOfNoReturn, StepTemplateKey, StepType, SystemCode,
};
use crate::characteristic::Characteristics;
use crate::ids::OrderLineId;

/// Payload name → where its value will come from.
pub type NeededResults = BTreeMap<String, NeededResult>;

/// A value that another item gives when it is completed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct NeededResult {
    /// Key of that item, which is also its key in the plan.
    pub step_key: String,
    /// Name of the value in its result.
    pub field: String,
    /// The work can be done without it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_optional: bool,
}

/// One piece of work in one target system, complete without the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct WorkItem {
    /// Unique in the order and stable, e.g. `line-2.ship-router` or `line-3.provision-site#17`.
    pub item_key: String,
    /// The line; absent for work of the whole order.
    pub order_line_id: Option<OrderLineId>,
    /// The template that made it.
    pub template_key: StepTemplateKey,
    /// Kind of work.
    pub step_type: StepType,
    /// Who does it.
    pub target_system: SystemCode,
    /// What is asked for.
    pub operation: OperationName,
    /// Item keys that must be settled before, without repetition, in item order.
    pub depends_on: Vec<String>,
    /// The step's own flag.
    pub mandatory: bool,
    /// How long it usually takes.
    pub expected_minutes: u32,
    /// When an answer is late.
    pub deadline: Option<AgreedDeadline>,
    /// What the target system is told.
    pub payload: Characteristics,
    /// What it is told besides, from results of what the item waits for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub needed_results: NeededResults,
    /// How the work is undone.
    pub compensation: Option<Compensation>,
    /// What the work means for a later cancellation.
    pub point_of_no_return: PointOfNoReturn,
    /// The rule that made it, e.g. `ROUTER_RENTAL/ADD`.
    pub rule_id: String,
    /// The catalogue version that made it.
    pub catalogue_version: u32,
}
