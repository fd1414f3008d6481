//! How the lines of an order change: derived from their steps, or set by authority.

use order_domain::event::DomainEventType;
use order_domain::ids::OrderLineId;
use order_domain::line::{LineStatus, derive_line_statuses};
use serde_json::json;

use super::OrderChange;

impl OrderChange<'_> {
    /// Derives the lines' statuses; a line with work that settles is announced.
    pub(crate) fn refresh_lines(&mut self) {
        for (id, next) in derive_line_statuses(&self.aggregate.line_facts()) {
            let Some(index) = self.aggregate.lines.iter().position(|x| x.id == id) else {
                continue;
            };
            let line = &self.aggregate.lines[index];
            let before = line.status;
            let has_work = line.step_count > 0 || self.has_working_child(id);
            let reason = (next == LineStatus::Fulfilled && !has_work).then(|| "NO_WORK".to_owned());
            let authority = line.skip_approved_by.clone().filter(|_| next == LineStatus::Waived);
            self.announce_line(index, next, (has_work, authority.as_deref()));
            self.transition(
                ("LINE", id.as_uuid()),
                (Some(before.as_str()), next.as_str()),
                reason.clone(),
            );
            let line = &mut self.aggregate.lines[index];
            line.status = next;
            line.settled_reason = reason;
            line.waived_by = authority;
            line.is_changed = true;
        }
    }

    /// A line that is settled is a business fact, unless there was nothing to do for it.
    fn announce_line(
        &mut self,
        index: usize,
        next: LineStatus,
        (has_work, waived_by): (bool, Option<&str>),
    ) {
        let line = &self.aggregate.lines[index];
        let data = json!({ "orderLineId": line.id, "lineNumber": line.line_number,
            "productCode": line.product_code, "waivedBy": waived_by });
        match next {
            LineStatus::Fulfilled if has_work => {
                self.record_event(DomainEventType::OrderLineFulfilled, &data);
            }
            LineStatus::Waived => self.record_event(DomainEventType::OrderLineWaived, &data),
            LineStatus::Fulfilled
            | LineStatus::NotStarted
            | LineStatus::InProgress
            | LineStatus::Failed
            | LineStatus::Cancelled => {}
        }
    }

    /// Sets a line's status by decision and not by derivation: WAIVED names its authority.
    pub(crate) fn set_line_status(
        &mut self,
        index: usize,
        next: LineStatus,
        (reason, waived_by): (&str, Option<&str>),
    ) {
        let line = &self.aggregate.lines[index];
        let (id, before) = (line.id, line.status);
        self.announce_line(index, next, (true, waived_by));
        let change = (Some(before.as_str()), next.as_str());
        self.transition(("LINE", id.as_uuid()), change, Some(reason.to_owned()));
        let line = &mut self.aggregate.lines[index];
        line.status = next;
        line.settled_reason = Some(reason.to_owned());
        line.waived_by = waived_by.map(str::to_owned);
        line.is_changed = true;
    }

    fn has_working_child(&self, parent: OrderLineId) -> bool {
        self.aggregate
            .lines
            .iter()
            .filter(|x| x.parent_line_id == Some(parent))
            .any(|x| x.step_count > 0 || self.has_working_child(x.id))
    }
}
