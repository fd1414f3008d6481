//! `fail-order`: the order is given up, by a person's decision and never by a technical error.

use order_domain::event::DomainEventType;
use order_domain::order::OrderStatus;
use serde_json::json;
use uuid::Uuid;

use super::act::Act;
use super::step_actions::cancel_open_steps;
use crate::aggregate::CaseRow;
use crate::change::OrderChange;
use crate::change_set::{NewNotification, Part};
use crate::commands::fallout::cancel_case;
use crate::outbox::Delivery;
use order_domain::line::LineStatus;

/// Ends the order: steps that never began, open lines and cases with it; the process is deleted, and
/// the customer's word is scheduled.
pub(super) fn fail_order(change: &mut OrderChange<'_>, act: &Act<'_>) {
    let data = json!({ "reasonCode": act.reason_code, "decidedBy": act.authority });
    change.record_event(DomainEventType::OrderFailed, &data);
    cancel_open_steps(change);
    for index in 0..change.aggregate.lines.len() {
        if change.aggregate.lines[index].status.is_derived() {
            change.set_line_status(index, LineStatus::Cancelled, (act.reason_code, None));
        }
    }
    let cases: Vec<CaseRow> = change.aggregate.cases.clone();
    for case in cases {
        cancel_case(change, &case, act.reason_code);
    }
    change.aggregate.order.failed_at = Some(change.now());
    change.refresh_status(Some(OrderStatus::Failed));
    let row = NewNotification {
        tenant_id: change.tenant(),
        id: Uuid::now_v7(),
        order_id: change.aggregate.order.id.as_uuid(),
        kind: "ORDER_FAILED",
        order_version: change.aggregate.order.version,
        status: "SCHEDULED",
        created_at: change.now(),
        updated_at: change.now(),
    };
    change.set.push(Part::NewNotification, &row);
    let delivery = Delivery::ProcessDelete { reason_code: act.reason_code.to_owned() };
    change.owe(&delivery, change.now());
}
