//! One accepted quote: key, CPQ, decision, order.
//!
//! Trigger: `POST /orders/from-quote` of the REST API, repeated by callers whenever they did not
//! hear our answer. Repeating is safe: the caller's key is claimed first and is finished by the
//! very statement that writes the order, so there is one answer per key and one live order per
//! quote revision, whoever races. A function that dies in between leaves a key with a lease.
//!
//! Invariant: whatever is not stored under the key has changed nothing, and gives the key back.

use external_systems::source::SourceAnswer;
use fault_points::{CrashPoint, reach};
use jiff::Timestamp;
use lambda_support::caller::Caller;
use lambda_support::idempotency_key::IdempotencyKey;
use lambda_support::problem::{Problem, ProblemCode};
use lambda_support::{correlation::TraceParent, error_chain};
use order_domain::actor::Actor;
use order_domain::ids::CorrelationId;
use order_domain::intake::check_quote;
use order_store::commands::{
    CreateOutcome, KeyClaim, claim_intake_key, create_order_from_quote, refuse_order,
    release_intake_key,
};
use order_store::{CommandContext, StoreError, TenantTx};

use crate::answer::Answer;
use crate::deps::Deps;
use crate::draft::{facts, order_draft};
use crate::policy::KEY_LEASE;
use crate::problem::{Refusal, cpq_unavailable, running, store_failed};
use crate::requests::FromQuote;

/// A well-formed request of somebody who may place orders.
#[derive(Debug)]
pub(crate) struct Intake {
    pub(crate) caller: Caller,
    pub(crate) key: IdempotencyKey,
    pub(crate) quote: FromQuote,
    pub(crate) correlation_id: CorrelationId,
    pub(crate) trace_parent: Option<TraceParent>,
    pub(crate) path: String,
}

/// Answers a request for good, or says what is in the way now.
pub(crate) async fn place_order(deps: &Deps, intake: &Intake) -> Result<Answer, Problem> {
    let ctx = context(intake, (deps.clock)());
    let fingerprint = intake.quote.fingerprint();
    let tx = begin(deps, intake).await?;
    let claim = claim_intake_key(tx, &ctx, &fingerprint, KEY_LEASE).await;
    let lease_epoch = match claim.map_err(|error| store_failed(&error))? {
        KeyClaim::Claimed { lease_epoch } => lease_epoch,
        KeyClaim::Replay { status, body } => return Answer::replayed(status, body),
        KeyClaim::Reused => return Err(ProblemCode::IdempotencyKeyReused.into()),
        KeyClaim::Running => return Err(running()),
    };
    let answer = decide(deps, intake, &ctx, lease_epoch).await;
    if answer.is_err() {
        give_back(deps, intake, &ctx, lease_epoch).await;
    }
    answer
}

fn context(intake: &Intake, now: Timestamp) -> CommandContext {
    let roles = intake.caller.roles.iter().map(|role| role.as_str().to_owned()).collect();
    let trace_parent = intake.trace_parent.as_ref().map(ToString::to_string);
    CommandContext::new(Actor::caller(&intake.caller.subject, roles), now)
        .with_idempotency_key(intake.key.as_str())
        .with_traceparent(trace_parent)
}

async fn begin(deps: &Deps, intake: &Intake) -> Result<TenantTx, Problem> {
    deps.store.tenant_tx(&intake.caller.tenant).await.map_err(|error| store_failed(&error))
}

/// Asks the CPQ, decides, and writes order or refusal.
async fn decide(
    deps: &Deps,
    intake: &Intake,
    ctx: &CommandContext,
    lease_epoch: i64,
) -> Result<Answer, Problem> {
    let (quote_id, revision) = (intake.quote.quote_id.as_str(), intake.quote.revision);
    let quote = match deps.sources.quote(quote_id, revision.as_u32()).await {
        SourceAnswer::Found(quote) => quote,
        SourceAnswer::NotFound => {
            return refuse(deps, intake, (ctx, lease_epoch), Refusal::quote_not_found()).await;
        }
        SourceAnswer::Unavailable { retry_after_ms, reason } => {
            tracing::warn!(reason, "the CPQ is unavailable");
            return Err(cpq_unavailable(retry_after_ms));
        }
    };
    let checked = check_quote(&facts(&quote.document)).map_err(Refusal::rejected);
    let drafted = checked.and_then(|()| {
        order_draft(quote, intake.correlation_id).map_err(|all| Refusal::quote_invalid(&all))
    });
    let draft = match drafted {
        Ok(draft) => draft,
        Err(refusal) => return refuse(deps, intake, (ctx, lease_epoch), refusal).await,
    };
    let answer = Answer::created(&draft);
    let created = async {
        reach(CrashPoint::IntakeBeforeTransaction).await?;
        let tx = deps.store.tenant_tx(&intake.caller.tenant).await?;
        let body = &answer.body;
        let created = create_order_from_quote(tx, ctx, &draft, (lease_epoch, body)).await?;
        reach(CrashPoint::IntakeAfterCommit).await?;
        Ok(created)
    };
    match created.await.map_err(|error: StoreError| store_failed(&error))? {
        CreateOutcome::Created => Ok(answer),
        CreateOutcome::OrderExists(order_id) => {
            refuse(deps, intake, (ctx, lease_epoch), Refusal::order_exists(order_id)).await
        }
        CreateOutcome::KeyLost => Err(running()),
    }
}

/// Keeps a business "no" under the key, audited.
async fn refuse(
    deps: &Deps,
    intake: &Intake,
    (ctx, lease_epoch): (&CommandContext, i64),
    refusal: Refusal,
) -> Result<Answer, Problem> {
    let code = refusal.problem.code();
    let answer = Answer::refused(refusal, &intake.path, intake.correlation_id);
    let tx = begin(deps, intake).await?;
    let result = (code, answer.status.as_u16(), &answer.body);
    refuse_order(tx, ctx, lease_epoch, result).await.map_err(|error| store_failed(&error))?;
    tracing::info!(code, "order refused");
    Ok(answer)
}

/// The caller may ask again at once; when even this fails, the lease runs out by itself.
async fn give_back(deps: &Deps, intake: &Intake, ctx: &CommandContext, lease_epoch: i64) {
    let released: Result<(), StoreError> = async {
        let tx = deps.store.tenant_tx(&intake.caller.tenant).await?;
        release_intake_key(tx, ctx, lease_epoch).await
    }
    .await;
    if let Err(error) = released {
        tracing::warn!(error = error_chain(&error), "the key stays claimed until its lease ends");
    }
}

#[cfg(test)]
mod tests;
