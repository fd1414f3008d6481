//! The completion invariant (§23), condition by condition.

use serde::Serialize;

use super::facts::ExplainedOrder;
use crate::text_enum::text_enum;

text_enum! {
    /// A condition of completion, by the code that completing is refused with.
    ConditionCode {
        /// A blocking case is open.
        OpenBlockingFallout = "ORDER_HAS_OPEN_BLOCKING_FALLOUT",
        /// A mandatory line is neither fulfilled nor waived.
        LineNotFulfilled = "MANDATORY_LINE_NOT_FULFILLED",
        /// Billing is neither activated nor deferred.
        BillingNotActivated = "BILLING_NOT_ACTIVATED",
    }
}

/// A condition that does not hold yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct UnmetCondition {
    /// Which.
    pub code: ConditionCode,
    /// The same in a sentence.
    pub sentence: String,
}

/// What completion still needs; nothing of an order that is closed.
#[must_use]
pub fn unmet_conditions(order: &ExplainedOrder) -> Vec<UnmetCondition> {
    let mut unmet = Vec::new();
    let mut add = |code, sentence| unmet.push(UnmetCondition { code, sentence });
    if order.status.is_terminal() {
        return unmet;
    }
    match order.facts.open_blocking_case_count {
        0 => {}
        1 => add(ConditionCode::OpenBlockingFallout, "One blocking case is open.".to_owned()),
        n => add(ConditionCode::OpenBlockingFallout, format!("{n} blocking cases are open.")),
    }
    let lines = &order.unfulfilled_mandatory_lines;
    if !lines.is_empty() {
        let numbers: Vec<String> = lines.iter().map(ToString::to_string).collect();
        let sentence =
            format!("Mandatory lines are neither fulfilled nor waived: {}.", numbers.join(", "));
        add(ConditionCode::LineNotFulfilled, sentence);
    }
    if !order.facts.is_billing_settled {
        let sentence = "Billing is neither activated nor deferred.".to_owned();
        add(ConditionCode::BillingNotActivated, sentence);
    }
    unmet
}
