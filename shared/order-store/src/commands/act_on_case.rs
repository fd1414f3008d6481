//! Semantic actions on a fallout case (§20 §21): decided by the domain, carried out in one transaction.
//!
//! An action costs two round trips, like every command. Doing, previewing and approving take the same
//! way: what a preview tells is what doing it does. Every attempt is kept with who asked and what it
//! came to; refused ones too, and a repeat with the same key hears the same.

mod act;
mod check;
mod facts;
mod give_up;
mod input;
mod journal;
mod load;
mod many;
mod outputs;
mod perform;
mod report;
mod step_actions;

pub(crate) use facts::{CaseSubject, PendingRequest, facts_of};
pub use input::{
    ActOnCase, ActOutcome, ActionInput, ActionReport, ActionVerdict, CaseAfter, ChargeChange,
    ChargeEffect, EffectReport, LineChange, RefusedAction, StepChange,
};
pub(crate) use journal::journal_escalation;
pub(crate) use load::{FIND_TARGET, LOAD_SUBJECTS};
pub use many::{ActionForecast, foresee_actions, recall_action};

use order_domain::fallout::{
    ActionDecision, ActionEffect, ActionRefusal, Asker, CaseStatus, FalloutAction, decide_action,
};
use uuid::Uuid;

use self::act::Act;
use self::check::{Misfit, NewTarget, check_input};
use self::load::{Loaded, Stored, load};
use self::perform::{perform, touch, with_case};
use crate::aggregate::OrderAggregate;
use crate::audit::AuditOutcome;
use crate::change::OrderChange;
use crate::change_set::ChangeSet;
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::idempotency::{KeptAnswer, Written, write_once};
use crate::tx::TenantTx;

/// What was decided, with the words of who asked for it.
struct Plan<'a> {
    effect: ActionEffect,
    needs_approval: bool,
    /// The request that is approved; `None` where the action is its own.
    approved: Option<&'a PendingRequest>,
}

/// Does what somebody asks for, keeps it for approval, tells what it would do, or refuses.
///
/// The key of `ctx` makes a repeat answer the same.
///
/// # Errors
/// Technical failures of the store; nothing is changed then.
pub async fn act_on_case(
    mut tenant_tx: TenantTx,
    ctx: &CommandContext,
    request: &ActOnCase,
) -> Result<ActOutcome, StoreError> {
    let tenant = tenant_tx.tenant.clone();
    let loaded = tenant_tx
        .tx
        .open(Some(&tenant), async |tx| load(tx, &tenant, (ctx, request)).await)
        .await?;
    if let Some(stored) = loaded.stored {
        tenant_tx.tx.roll_back().await?;
        return Ok(replay(stored));
    }
    let Loaded { aggregate: Some(aggregate), case: Some(case), target, .. } = loaded else {
        tenant_tx.tx.roll_back().await?;
        return Ok(ActOutcome::NotFound);
    };
    let decided = decide(ctx, request, (&aggregate, &case, &target));
    if request.is_preview {
        tenant_tx.tx.roll_back().await?;
        return Ok(match decided {
            Err((refusal, problems)) => ActOutcome::Refused(RefusedAction::new(refusal, problems)),
            Ok(plan) => {
                let report = foresee(&aggregate, ctx, (request, &case, &target), &plan);
                ActOutcome::Done(Box::new(report))
            }
        });
    }
    let mut set = ChangeSet::default();
    let outcome = match decided {
        Err((refusal, problems)) => {
            let refused = RefusedAction::new(refusal, problems);
            let mut change = OrderChange::begin(aggregate, request.action.as_str(), ctx, &mut set);
            journal::refused(&mut change, request, refusal);
            journal::keep(&mut change, request, &Stored::Refused(refused.clone()))?;
            change.finish(&AuditOutcome::Refused(refusal.code().to_owned()));
            ActOutcome::Refused(refused)
        }
        Ok(plan) => {
            let given = (request, &case, &target);
            let report = carry_out(aggregate, (ctx, &mut set), given, &plan)?;
            ActOutcome::Done(Box::new(report))
        }
    };
    Ok(match write_once(set, tenant_tx.tx, "act_on_case").await? {
        Written::Now => outcome,
        Written::SomebodyWasFaster => ActOutcome::Busy,
    })
}

fn replay(stored: KeptAnswer<Stored>) -> ActOutcome {
    match stored {
        KeptAnswer::OtherRequest => ActOutcome::KeyReused,
        KeptAnswer::Same(Stored::Done(report)) => ActOutcome::Done(report),
        KeptAnswer::Same(Stored::Refused(refused)) => ActOutcome::Refused(refused),
    }
}

type Given<'a> = (&'a ActOnCase, &'a CaseSubject, &'a NewTarget);

fn decide<'a>(
    ctx: &CommandContext,
    request: &ActOnCase,
    (aggregate, case, target): (&OrderAggregate, &'a CaseSubject, &NewTarget),
) -> Result<Plan<'a>, Misfit> {
    let plain = |refusal| (refusal, Vec::new());
    let roles = ctx.actor.known_roles();
    if !request.action.roles().iter().any(|role| roles.contains(role)) {
        return Err(plain(ActionRefusal::RoleNotAllowed));
    }
    if request.reason_code.trim().is_empty() {
        return Err(plain(ActionRefusal::ReasonRequired));
    }
    if request.expected_version.is_some_and(|expected| expected != case.version) {
        return Err(plain(ActionRefusal::VersionConflict));
    }
    if request.case_id.is_none() && !request.action.is_about_the_order() {
        return Err(plain(ActionRefusal::ActionNotApplicable));
    }
    let is_approval = request.action == FalloutAction::Approve;
    let approved = case.pending.as_ref().filter(|_| is_approval);
    let input = approved.map_or(&request.input, |x| &x.input);
    let facts = facts_of(aggregate, case, (input.order_line_id, input.finding));
    let pending = case.pending.as_ref();
    let asker = Asker {
        roles: &roles,
        is_requester: pending.is_some_and(|x| x.requested_by == ctx.actor.name),
    };
    let (effect, needs_approval) = match decide_action(request.action, asker, &facts) {
        Ok(ActionDecision::Perform(effect)) => (effect, false),
        Ok(ActionDecision::AwaitApproval(effect)) => (effect, true),
        Err(refusal) => return Err(plain(refusal)),
    };
    let action = approved.map_or(request.action, |x| x.action);
    check_input(aggregate, case, (action, effect), (input, target))?;
    Ok(Plan { effect, needs_approval, approved })
}

/// What is carried out: an approved request is its first author's, in the words of who approves.
fn act_of<'a>(
    ctx: &'a CommandContext,
    (request, case, target): Given<'a>,
    plan: &Plan<'a>,
) -> Act<'a> {
    Act {
        case_id: request.case_id,
        case,
        action: plan.approved.map_or(request.action, |x| x.action),
        input: plan.approved.map_or(&request.input, |x| &x.input),
        target,
        authority: &ctx.actor.name,
        reason_code: plan.approved.map_or(&request.reason_code, |x| &x.reason_code),
        note: plan.approved.map_or(request.note.as_deref(), |x| x.note.as_deref()),
    }
}

/// Does it on a copy, and tells.
fn foresee(
    aggregate: &OrderAggregate,
    ctx: &CommandContext,
    given: Given<'_>,
    plan: &Plan<'_>,
) -> ActionReport {
    let mut set = ChangeSet::default();
    let mut change = OrderChange::begin(aggregate.clone(), "preview", ctx, &mut set);
    let act = act_of(ctx, given, plan);
    perform(&mut change, plan.effect, &act);
    let effect = report::report(aggregate, &change, (plan.effect, &act));
    report_of(&change, given, plan, (ActionVerdict::Preview, effect))
}

fn report_of(
    change: &OrderChange<'_>,
    (request, subject, _): Given<'_>,
    plan: &Plan<'_>,
    (verdict, effect): (ActionVerdict, EffectReport),
) -> ActionReport {
    ActionReport {
        action: request.action,
        verdict,
        needs_approval: plan.needs_approval,
        case: journal::case_after(change, request.case_id, (subject, plan.effect)),
        order_status: change.aggregate.order.status,
        order_version: change.aggregate.order.version,
        effect,
    }
}

fn carry_out(
    aggregate: OrderAggregate,
    (ctx, set): (&CommandContext, &mut ChangeSet),
    given: Given<'_>,
    plan: &Plan<'_>,
) -> Result<ActionReport, StoreError> {
    let (request, subject, _) = given;
    let foreseen = plan.needs_approval.then(|| foresee(&aggregate, ctx, given, plan));
    let before = aggregate.clone();
    let mut change = OrderChange::begin(aggregate, request.action.as_str(), ctx, set);
    let act = act_of(ctx, given, plan);
    let action_id = Uuid::now_v7();
    let told = if let Some(foreseen) = foreseen {
        keep_for_approval(&mut change, (request, &act), action_id)?;
        (ActionVerdict::AwaitingApproval, foreseen.effect)
    } else {
        perform(&mut change, plan.effect, &act);
        (ActionVerdict::Applied, report::report(&before, &change, (plan.effect, &act)))
    };
    let report = report_of(&change, given, plan, told);
    journal::applied(&mut change, (request, action_id), (&report, subject.pending.as_ref()))?;
    journal::keep(&mut change, request, &Stored::Done(Box::new(report.clone())))?;
    change.finish(&AuditOutcome::Applied);
    Ok(report)
}

fn keep_for_approval(
    change: &mut OrderChange<'_>,
    (request, act): (&ActOnCase, &Act<'_>),
    action_id: Uuid,
) -> Result<(), StoreError> {
    let pending = PendingRequest {
        action_id,
        action: request.action,
        input: request.input.clone(),
        requested_by: change.ctx.actor.name.clone(),
        reason_code: request.reason_code.clone(),
        note: request.note.clone(),
    };
    let pending = serde_json::to_value(&pending)
        .map_err(|source| StoreError::Encode { operation: "act_on_case", source })?;
    with_case(change, request.case_id, |case| {
        case.status = CaseStatus::AwaitingApproval;
        case.pending_request = Some(pending);
    });
    touch(change, act);
    Ok(())
}
