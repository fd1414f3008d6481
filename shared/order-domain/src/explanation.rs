//! Why an order is where it is, what happens next by itself, and who must act (§30).
//!
//! Deterministic: the same facts and the same moment give the same explanation, sentence by sentence.
//! The first blocker is the cause; what follows stands behind it.

mod blocker;
mod circuit;
mod condition;
mod facts;
mod next;
mod text;

pub use blocker::{Blocker, BlockerCode, blockers};
pub use condition::{ConditionCode, UnmetCondition, unmet_conditions};
pub use facts::{
    ExplainedCase, ExplainedCircuit, ExplainedOrder, ExplainedStep, OpenIncident, OwedDelivery,
    Process,
};
pub use next::{NextCode, NextEvent, next_events};
pub use text::to_text;

use jiff::Timestamp;
use serde::Serialize;

use crate::fallout::FalloutAction;
use crate::ids::{FalloutCaseId, OrderId};
use crate::order::OrderStatus;

/// The answer to "where is my order stuck, and what can I do".
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The order.
    pub order_id: OrderId,
    /// The number that people use.
    pub order_number: String,
    /// Where it is.
    pub status: OrderStatus,
    /// The version that was explained.
    pub version: i64,
    /// When it was looked at.
    pub explained_at: Timestamp,
    /// The cause in one sentence.
    pub summary: String,
    /// What stands in its way, the cause first.
    pub blockers: Vec<Blocker>,
    /// What happens by itself, soonest first.
    pub next: Vec<NextEvent>,
    /// What completion still needs (§23).
    pub unmet_conditions: Vec<UnmetCondition>,
    /// Every action on every open case and on the order itself, allowed or refused for the one who asks.
    pub actions: Vec<ExplainedAction>,
}

/// What would come of one action, asked for now by the one who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ExplainedAction {
    /// The case; absent for what is about the order as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallout_case_id: Option<FalloutCaseId>,
    /// The action.
    pub action: FalloutAction,
    /// Whether it would be accepted, given the input that it needs.
    pub is_allowed: bool,
    /// A second person would have to agree.
    pub needs_approval: bool,
    /// The code of the refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused_because: Option<&'static str>,
    /// The refusal in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sentence: Option<String>,
}

/// Explains an order; `actions` are decided by the caller, who knows who asks.
#[must_use]
pub fn explain(
    order: &ExplainedOrder,
    actions: Vec<ExplainedAction>,
    now: Timestamp,
) -> Explanation {
    let blockers = blockers(order, now);
    let cause = blockers.first().map(|x| x.sentence.clone());
    let summary = cause.unwrap_or_else(|| "Nothing stands in the order's way.".to_owned());
    Explanation {
        order_id: order.order_id,
        order_number: order.order_number.clone(),
        status: order.status,
        version: order.version,
        explained_at: now,
        summary,
        blockers,
        next: next_events(order, now),
        unmet_conditions: unmet_conditions(order),
        actions,
    }
}

#[cfg(test)]
mod tests;
