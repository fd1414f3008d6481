//! An order as a command sees it: loaded under the order's row lock, in the lock order of SYSTEM §3.

mod case_row;
mod load;
mod rows;
mod step_statements;

pub(crate) use case_row::{CaseNews, CaseRow};
pub(crate) use load::{OrderKey, OrderKeys, StepScope, load_orders, read_orders, statements};
pub(crate) use rows::{LineRow, OrderRow, PlanRow, StepRow};

use order_domain::line::LineFacts;
use order_domain::order::OrderFacts;

/// What a command loads of one order.
#[derive(Debug, Clone)]
pub(crate) struct OrderAggregate {
    pub(crate) order: OrderRow,
    pub(crate) lines: Vec<LineRow>,
    pub(crate) plan: Option<PlanRow>,
    pub(crate) steps: Vec<StepRow>,
    /// Open cases only.
    pub(crate) cases: Vec<CaseRow>,
}

impl OrderAggregate {
    /// The facts that order decisions test.
    pub(crate) fn facts(&self) -> OrderFacts {
        let work_lines = || self.lines.iter().filter(|x| x.step_count > 0);
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        OrderFacts {
            is_validated: self.order.validated_at.is_some(),
            is_decomposed: self.order.decomposed_at.is_some(),
            is_planned: self.order.planned_at.is_some(),
            is_released: self.order.released_at.is_some(),
            open_blocking_case_count: self.order.open_blocking_case_count,
            work_line_count: count(work_lines().count()),
            settled_work_line_count: count(work_lines().filter(|x| x.status.is_settled()).count()),
            unfulfilled_mandatory_line_count: count(
                self.lines.iter().filter(|x| x.is_mandatory && !x.status.is_settled()).count(),
            ),
            is_billing_settled: self.order.billing_settled_at.is_some(),
            is_cancellation_requested: false,
        }
    }

    /// What the derivation of line statuses reads.
    pub(crate) fn line_facts(&self) -> Vec<LineFacts> {
        self.lines
            .iter()
            .map(|x| LineFacts {
                id: x.id,
                parent: x.parent_line_id,
                status: x.status,
                step_count: x.step_count,
                remaining_step_count: x.remaining_step_count,
                failed_step_count: x.failed_step_count,
                skipped_step_count: x.skipped_step_count,
                is_started: x.is_started,
            })
            .collect()
    }
}
