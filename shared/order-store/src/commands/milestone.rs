//! The one shape of every milestone command: load, replay or decide, write.

use fault_points::{CrashPoint, reach};
use futures_util::future::try_join3;
use order_domain::ids::OrderId;
use order_domain::order::{Decision, OrderCommand, OrderRejection, decide};
use serde_json::Value;

use super::CommandOutcome;
use super::fallout::{NewFallout, anchor_at_error, open_fallout};
use crate::aggregate::{OrderKeys, StepScope, load_orders};
use crate::audit::AuditOutcome;
use crate::change::OrderChange;
use crate::change_set::{ChangeSet, NewIdempotency, Part};
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::idempotency::{self, WORKER_SCOPE};
use crate::tx::{TenantTx, Tx};

/// Which order, and which of its rows.
pub(super) struct Target {
    pub(super) order_id: OrderId,
    pub(super) command: &'static str,
    pub(super) steps: StepScope,
}

/// What a milestone's own decision came to.
pub(super) enum Verdict {
    Applied,
    AlreadyApplied,
    Refused { code: &'static str, message: String, case: Option<Box<NewFallout>> },
}

/// Runs one milestone command: `extra` loads in the same flush, `work` decides and pushes rows.
pub(super) async fn run<X>(
    mut tenant_tx: TenantTx,
    target: Target,
    ctx: &CommandContext,
    extra: impl AsyncFnOnce(&Tx) -> Result<X, StoreError>,
    work: impl FnOnce(&mut OrderChange<'_>, X) -> Result<Verdict, StoreError>,
) -> Result<CommandOutcome, StoreError> {
    let tenant = tenant_tx.tenant.clone();
    let keys = OrderKeys::of_orders([(tenant.clone(), target.order_id)]);
    let (mut orders, stored, extra) = tenant_tx
        .tx
        .open(Some(&tenant), async |tx| {
            try_join3(
                load_orders(tx, &keys, target.steps),
                idempotency::find_result(tx, &tenant, ctx.idempotency_key.as_deref()),
                extra(tx),
            )
            .await
        })
        .await?;
    if let Some(result) = stored {
        tenant_tx.tx.roll_back().await?;
        return serde_json::from_value(result)
            .map_err(|source| StoreError::Encode { operation: "replay_command", source });
    }
    let aggregate = orders
        .remove(&(tenant, target.order_id))
        .ok_or(StoreError::NotFound { what: "the order" })?;
    let mut set = ChangeSet::default();
    let mut change = OrderChange::begin(aggregate, target.command, ctx, &mut set);
    let verdict = work(&mut change, extra)?;
    let (outcome, audit) = conclude(&mut change, verdict);
    store_result(&mut change, ctx, &outcome)?;
    change.finish(&audit);
    reach(CrashPoint::TopicBeforeCommit).await?;
    set.write(tenant_tx.tx, target.command).await?;
    Ok(outcome)
}

/// Decides by the order's table; a refusal that opens a case gets one anchored at the BPMN error.
pub(super) fn decide_order(
    change: &OrderChange<'_>,
    command: OrderCommand,
) -> Result<Decision, Verdict> {
    let facts = change.aggregate.facts();
    decide(change.aggregate.order.status, &command, &facts)
        .map_err(|rejection| refused(command, rejection))
}

fn refused(command: OrderCommand, rejection: OrderRejection) -> Verdict {
    let case = rejection.opens_case().then(|| {
        Box::new(NewFallout::milestone(command.name(), rejection.code(), Value::Array(Vec::new())))
    });
    Verdict::Refused { code: rejection.code(), message: rejection.to_string(), case }
}

fn conclude(change: &mut OrderChange<'_>, verdict: Verdict) -> (CommandOutcome, AuditOutcome) {
    match verdict {
        Verdict::Applied => (
            CommandOutcome::Applied { order_version: change.aggregate.order.version },
            AuditOutcome::Applied,
        ),
        Verdict::AlreadyApplied => (
            CommandOutcome::AlreadyApplied { order_version: change.aggregate.order.version },
            AuditOutcome::AlreadyApplied,
        ),
        Verdict::Refused { code, message, case } => {
            let fallout_case_id = match case {
                Some(case) => Some(open_fallout(change, *case)),
                None if code == OrderRejection::OrderHasOpenBlockingFallout.code() => {
                    let open = change.aggregate.cases.iter().find(|x| x.is_blocking).map(|x| x.id);
                    if let Some(id) = open {
                        anchor_at_error(change, id);
                    }
                    open
                }
                None => None,
            };
            let outcome = CommandOutcome::Refused {
                code: code.to_owned(),
                message,
                fallout_case_id,
                order_version: change.aggregate.order.version,
            };
            (outcome, AuditOutcome::Refused(code.to_owned()))
        }
    }
}

/// Keeps the result under the command's key. A refusal without a case of its own is not kept: the
/// process only asked too early, and the same activity asks again. Replaying the name of a case
/// that was resolved meanwhile would open a user task that nobody ever completes.
fn store_result(
    change: &mut OrderChange<'_>,
    ctx: &CommandContext,
    outcome: &CommandOutcome,
) -> Result<(), StoreError> {
    let Some(key) = &ctx.idempotency_key else { return Ok(()) };
    if let CommandOutcome::Refused { code, fallout_case_id, .. } = outcome
        && (fallout_case_id.is_none() || code == OrderRejection::OrderHasOpenBlockingFallout.code())
    {
        return Ok(());
    }
    let result = serde_json::to_value(outcome)
        .map_err(|source| StoreError::Encode { operation: "store_result", source })?;
    let row = NewIdempotency {
        tenant_id: change.tenant(),
        scope: WORKER_SCOPE,
        key: key.clone(),
        fingerprint: String::new(),
        status: "DONE",
        result_status: None,
        result,
        created_at: change.now(),
    };
    change.set.push(Part::NewIdempotency, &row);
    Ok(())
}
