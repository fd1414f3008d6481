//! Escalates cases that nobody touched in time (§18 §20).
//!
//! The deadline is `due_at` of the case, which every action moves; whoever looks, a timer of the
//! engine or reconciliation, only asks whether it has passed. Looking again changes nothing before
//! the next deadline, because escalating moves it too: once per business day, however many look.
//! Nobody touched the case by it, so that `touched_at` stays, and who had it is still named.
//!
//! No domain event: the order's facts are what they were, as after a person's `escalate`. The
//! journal of the case says what happened, under the name of the function.

use order_domain::fallout::FalloutAction;
use order_domain::ids::{FalloutCaseId, OrderId};
use order_domain::tenant::TenantId;

use super::CommandOutcome;
use super::act_on_case::{ActOnCase, ActionInput, journal_escalation};
use super::fallout::{expect_touch, raise_case};
use super::milestone::{self, Target, Verdict};
use crate::aggregate::{OrderAggregate, OrderKeys, StepScope, load_orders};
use crate::audit::AuditOutcome;
use crate::change::OrderChange;
use crate::change_set::ChangeSet;
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::tx::{SystemTx, TenantTx, Tx};

const COMMAND: &str = "escalate_overdue_case";
/// Why the clock escalates, in the journal of the case.
const TOUCH_OVERDUE: &str = "TOUCH_OVERDUE";

/// Escalates the case if it is open and overdue, under the order's lock. Never refuses.
///
/// A case that is not overdue, closed or not the order's is left alone: `AlreadyApplied`.
///
/// # Errors
/// Technical failures of the store only.
pub async fn escalate_overdue_case(
    tx: TenantTx,
    order_id: OrderId,
    case_id: FalloutCaseId,
    ctx: &CommandContext,
) -> Result<CommandOutcome, StoreError> {
    let target = Target { order_id, command: COMMAND, steps: StepScope::All };
    let nothing = async |_: &Tx| Ok(());
    let work = |change: &mut OrderChange<'_>, ()| {
        let is_overdue = overdue_cases(&change.aggregate, ctx).contains(&case_id);
        if !is_overdue {
            return Ok(Verdict::AlreadyApplied);
        }
        escalate(change, case_id);
        Ok(Verdict::Applied)
    };
    milestone::run(tx, target, ctx, nothing, work).await
}

/// Escalates every overdue case of these orders, in two round trips. Returns how many.
///
/// An order without one, because somebody was faster, is not written.
///
/// # Errors
/// Technical failures of the store; nothing is changed then.
pub async fn escalate_overdue_cases(
    mut system_tx: SystemTx,
    ctx: &CommandContext,
    orders: &[(TenantId, OrderId)],
) -> Result<usize, StoreError> {
    let keys = OrderKeys::of_orders(orders.iter().cloned());
    let loaded =
        system_tx.tx.open(None, async |tx| load_orders(tx, &keys, StepScope::All).await).await?;
    let mut set = ChangeSet::default();
    let mut escalated = 0;
    for aggregate in loaded.into_values() {
        let overdue = overdue_cases(&aggregate, ctx);
        if overdue.is_empty() {
            continue;
        }
        let mut change = OrderChange::begin(aggregate, COMMAND, ctx, &mut set);
        escalated += overdue.len();
        overdue.into_iter().for_each(|id| escalate(&mut change, id));
        change.finish(&AuditOutcome::Applied);
    }
    set.write(system_tx.tx, COMMAND).await?;
    Ok(escalated)
}

/// Loaded cases are open ones.
fn overdue_cases(order: &OrderAggregate, ctx: &CommandContext) -> Vec<FalloutCaseId> {
    let is_overdue = |due| due <= ctx.now;
    let overdue = order.cases.iter().filter(|x| x.due_at.is_some_and(is_overdue));
    overdue.map(|x| x.id).collect()
}

fn escalate(change: &mut OrderChange<'_>, id: FalloutCaseId) {
    let Some(case) = change.aggregate.cases.iter_mut().find(|x| x.id == id) else { return };
    raise_case(case, None);
    let severity = case.severity;
    expect_touch(change, id);
    let request = ActOnCase {
        order_id: change.aggregate.order.id,
        case_id: Some(id),
        action: FalloutAction::Escalate,
        expected_version: None,
        reason_code: TOUCH_OVERDUE.to_owned(),
        note: None,
        input: ActionInput { severity: Some(severity), ..ActionInput::default() },
        fingerprint: String::new(),
        is_preview: false,
        bulk_action_id: None,
    };
    journal_escalation(change, &request);
}
