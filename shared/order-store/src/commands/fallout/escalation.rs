//! A case that becomes more urgent, whoever says so: a person, or the clock (§18 §20).

use order_domain::fallout::Severity;
use order_domain::ids::FalloutCaseId;

use super::{Routing, push_case};
use crate::aggregate::CaseRow;
use crate::change::OrderChange;

/// Who takes over a case that was escalated.
const SUPERVISORS: &str = "order-supervisors";

/// One level up: as urgent as was asked for and never less than before, or one step more, and the supervisors' from now on.
pub(crate) fn raise_case(case: &mut CaseRow, asked: Option<Severity>) {
    case.severity = asked.map_or(case.severity.raised(), |x| x.max(case.severity));
    SUPERVISORS.clone_into(&mut case.assigned_group);
    case.escalation_level += 1;
}

/// The next touch is due from now, in the calendar of the case's step; writes the case.
///
/// Whether anybody touched it is not said here: the clock expects a touch and makes none.
pub(crate) fn expect_touch(change: &mut OrderChange<'_>, id: FalloutCaseId) {
    let now = change.now();
    let aggregate = &mut change.aggregate;
    let Some(case) = aggregate.cases.iter_mut().find(|x| x.id == id) else { return };
    let step = aggregate.steps.iter().find(|x| Some(x.id) == case.step_id);
    let routing = step.map_or_else(Routing::of_order, Routing::of_step);
    case.due_at = Some(routing.touch_due_at(now));
    case.version += 1;
    push_case(change, id);
}
