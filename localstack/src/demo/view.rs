//! `GET /orders/{orderId}` as far as the demo shows it.
//!
//! Everything but the status may be absent: an order that has just begun has neither plan nor
//! process, and the demo must not break when the API grows.

use std::collections::BTreeSet;

use serde::Deserialize;

/// One look at an order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct OrderView {
    pub(super) status: String,
    pub(super) process_instance_id: Option<String>,
    pub(super) steps: Vec<StepView>,
    pub(super) fallout_cases: Vec<CaseView>,
    pub(super) transitions: Vec<TransitionView>,
    pub(super) events: Vec<EventView>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct StepView {
    pub(super) step_key: String,
    pub(super) target_system: String,
    pub(super) status: String,
    pub(super) attempt_count: u32,
    pub(super) external_reference: Option<String>,
    pub(super) completed_at: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct CaseView {
    pub(super) fallout_case_id: String,
    pub(super) reason_code: String,
    pub(super) status: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct TransitionView {
    pub(super) subject_type: String,
    pub(super) to_status: String,
    pub(super) occurred_at: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct EventView {
    pub(super) event_type: String,
    pub(super) occurred_at: String,
}

impl StepView {
    fn is_settled(&self) -> bool {
        matches!(self.status.as_str(), "COMPLETED" | "SKIPPED" | "FAILED" | "CANCELLED")
    }
}

impl OrderView {
    /// One line while the order runs: status, progress, and who is being waited for.
    pub(super) fn headline(&self) -> String {
        let settled = self.steps.iter().filter(|step| step.is_settled()).count();
        let waiting: BTreeSet<&str> = self
            .steps
            .iter()
            .filter(|step| matches!(step.status.as_str(), "SUBMITTING" | "SUBMITTED" | "UNKNOWN"))
            .map(|step| step.target_system.as_str())
            .collect();
        let mut line = format!("{} · {settled}/{} steps", self.status, self.steps.len());
        if !waiting.is_empty() {
            let names: Vec<&str> = waiting.into_iter().collect();
            line.push_str(&format!(" · waits for {}", names.join(", ")));
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headline_names_each_awaited_system_once() {
        let step = |system: &str, status: &str| StepView {
            target_system: system.into(),
            status: status.into(),
            ..StepView::default()
        };
        let view = OrderView {
            status: "FULFILLMENT_IN_PROGRESS".into(),
            steps: vec![
                step("INVENTORY", "COMPLETED"),
                step("BILLING", "SUBMITTED"),
                step("BILLING", "UNKNOWN"),
                step("LOGISTICS", "PENDING"),
            ],
            ..OrderView::default()
        };

        assert_eq!(view.headline(), "FULFILLMENT_IN_PROGRESS · 1/4 steps · waits for BILLING");
    }

    #[test]
    fn an_answer_with_unknown_and_missing_fields_is_read() {
        let view: OrderView = serde_json::from_str(r#"{"status":"CREATED","new":1}"#).unwrap();

        assert_eq!(view.headline(), "CREATED · 0/0 steps");
    }
}
