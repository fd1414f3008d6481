//! Finds out what an overdue plan waits for (§17 §18): asks at once, or asks a person.
//!
//! A waiting step whose deadline has passed, or that has none, is due for a query now; a step whose
//! agreed deadline has passed gets a case, one per step and generation, which closes when the step
//! is settled. Reviewing again adds nothing to an open case.

use jiff::Timestamp;
use order_domain::fallout::FalloutReason;
use order_domain::ids::OrderId;
use order_domain::plan::PlanStatus;
use order_domain::step::StepStatus;
use serde_json::json;

use super::CommandOutcome;
use super::fallout::{NewFallout, open_fallout};
use super::milestone::{self, Target, Verdict};
use super::step_effects::{is_blocking, step_cause};
use crate::aggregate::{StepRow, StepScope};
use crate::change::OrderChange;
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::tx::{TenantTx, Tx};

/// Reviews the steps of the order's plan. Never refuses.
///
/// # Errors
/// Technical failures of the store only.
pub async fn review_overdue_plan(
    tx: TenantTx,
    order_id: OrderId,
    ctx: &CommandContext,
) -> Result<CommandOutcome, StoreError> {
    let target = Target { order_id, command: "review_overdue_plan", steps: StepScope::All };
    let nothing = async |_: &Tx| Ok(());
    milestone::run(tx, target, ctx, nothing, |change, ()| Ok(review(change))).await
}

fn review(change: &mut OrderChange<'_>) -> Verdict {
    let plan = change.aggregate.plan.as_ref().map(|x| x.status);
    if plan != Some(PlanStatus::Released) || change.aggregate.order.status.is_terminal() {
        return Verdict::AlreadyApplied;
    }
    let asked = ask_at_once(change);
    let opened = open_overdue_cases(change);
    if asked || opened { Verdict::Applied } else { Verdict::AlreadyApplied }
}

/// Lets reconciliation ask about every overdue step in its next round.
fn ask_at_once(change: &mut OrderChange<'_>) -> bool {
    let now = change.now();
    let mut is_any = false;
    for step in &mut change.aggregate.steps {
        let is_waiting = matches!(step.status, StepStatus::Submitted | StepStatus::Unknown);
        let is_overdue = step.deadline_at.is_none_or(|due| due <= now);
        if is_waiting && is_overdue && step.response_due_at.is_none_or(|due| due > now) {
            step.response_due_at = Some(now);
            step.is_changed = true;
            is_any = true;
        }
    }
    is_any
}

fn open_overdue_cases(change: &mut OrderChange<'_>) -> bool {
    let now = change.now();
    let overdue: Vec<StepRow> =
        change.aggregate.steps.iter().filter(|x| is_overdue(x, now)).cloned().collect();
    let mut is_any = false;
    for step in overdue {
        if change.open_case_of(&step_cause(&step)).is_some() {
            continue;
        }
        let evidence = json!({ "stepKey": step.step_key, "targetSystem": step.target_system,
            "operation": step.operation, "stepStatus": step.status.as_str(),
            "requestId": step.request_id, "externalReference": step.external_reference,
            "deadlineAt": step.deadline_at, "attemptCount": step.attempt_count });
        let is_blocking = is_blocking(change, &step);
        let case = NewFallout::step(&step, &FalloutReason::StepOverdue, is_blocking, evidence);
        open_fallout(change, case);
        is_any = true;
    }
    is_any
}

/// Begun, not settled, and later than agreed. A failed step has a case of its own.
fn is_overdue(step: &StepRow, now: Timestamp) -> bool {
    let is_begun = match step.status {
        StepStatus::Ready
        | StepStatus::Submitting
        | StepStatus::Submitted
        | StepStatus::Unknown => true,
        StepStatus::Pending
        | StepStatus::Completed
        | StepStatus::Failed
        | StepStatus::Skipped
        | StepStatus::Cancelled => false,
    };
    is_begun && step.deadline_at.is_some_and(|due| due <= now)
}
