//! Callbacks that fitted no step when they came: matched again, and given up after an hour (§40).
//!
//! A claim puts a message off, so that two runs never match it at once; what fits is recorded by the
//! very path that records every callback, and only a final verdict replaces its row.

use lambda_support::error_chain;
use order_domain::step::answer::StepAnswer;
use order_domain::step::{AnswerSource, Jitter, StepPolicy};
use order_store::StoreError;
use order_store::commands::{OutcomeVerdict, StepOutcome, StepSubject, record_each_step_outcome};
use order_store::inbox::{self, MessageKey, UnmatchedCallback};

use super::Run;
use crate::deps::Deps;
use crate::policy;
use crate::query::policy_of;
use crate::summary::{ReconciliationSummary, count};

/// Returns how many had their turn.
pub(crate) async fn sweep(
    deps: &Deps,
    run: Run<'_>,
    summary: &mut ReconciliationSummary,
) -> Result<usize, StoreError> {
    let tx = deps.store.system_tx().await?;
    let claimed = inbox::claim_unmatched(tx, deps.now(), policy::ROUND_LIMIT).await?;
    if claimed.is_empty() {
        return Ok(0);
    }
    let unmatched = match_again(deps, run, &claimed, summary).await?;
    let foreign = expose_foreign(deps, &unmatched).await?;
    give_up(deps, &claimed, (&unmatched, &foreign), summary).await?;
    Ok(claimed.len())
}

/// Records what fits a step by now. Returns the messages that still fit none.
async fn match_again(
    deps: &Deps,
    run: Run<'_>,
    claimed: &[UnmatchedCallback],
    summary: &mut ReconciliationSummary,
) -> Result<Vec<MessageKey>, StoreError> {
    let (mut keys, mut outcomes, mut unmatched) = (Vec::new(), Vec::new(), Vec::new());
    for callback in claimed {
        match outcome(callback) {
            Some(outcome) => {
                keys.push(callback.key());
                outcomes.push(outcome);
            }
            None => unmatched.push(callback.key()),
        }
    }
    let ctx = deps.context(run.request_id);
    let results = record_each_step_outcome(&deps.store, &ctx, &outcomes).await?;
    for (key, result) in keys.into_iter().zip(results) {
        match result {
            Ok(OutcomeVerdict::Unmatched) => unmatched.push(key),
            Ok(_) => summary.matched_callbacks += 1,
            // It will have another turn; when its last one fails too, it is given up like the others.
            Err(error) => {
                let error = error_chain(&error);
                tracing::error!(message.id = key.message_id, error, "a callback was not recorded");
                unmatched.push(key);
            }
        }
    }
    Ok(unmatched)
}

fn outcome(callback: &UnmatchedCallback) -> Option<StepOutcome> {
    let answer = callback.answer.clone()?;
    let policy = match answer {
        StepAnswer::Accepted { .. } => policy_of(callback.target_settings.as_ref()),
        // A definitive answer settles the step: no due time and no back-off is read.
        _ => StepPolicy::WITHOUT_SETTINGS,
    };
    Some(StepOutcome {
        tenant: callback.tenant.clone(),
        request_id: callback.request_id?,
        subject: StepSubject::Callback(Box::new(callback.receipt.clone())),
        source: AnswerSource::Callback,
        answer,
        attempts: Vec::new(),
        policy,
        jitter: Jitter::FULL,
    })
}

async fn expose_foreign(
    deps: &Deps,
    unmatched: &[MessageKey],
) -> Result<Vec<MessageKey>, StoreError> {
    if unmatched.is_empty() {
        return Ok(Vec::new());
    }
    let tx = deps.store.system_tx().await?;
    let foreign = inbox::expose_foreign(tx, unmatched, deps.now()).await?;
    for message in &foreign {
        tracing::warn!(
            security.event = "CALLBACK_NAMES_FOREIGN_REQUEST",
            tenant.id = message.tenant.as_str(),
            target_system = message.system,
            message.id = message.message_id,
            "a signed callback names a request of another tenant or system"
        );
    }
    Ok(foreign)
}

async fn give_up(
    deps: &Deps,
    claimed: &[UnmatchedCallback],
    (unmatched, foreign): (&[MessageKey], &[MessageKey]),
    summary: &mut ReconciliationSummary,
) -> Result<(), StoreError> {
    let had_last_turn = |x: &&MessageKey| {
        !foreign.contains(x) && claimed.iter().any(|c| c.is_last && c.key() == **x)
    };
    let last: Vec<MessageKey> = unmatched.iter().filter(had_last_turn).cloned().collect();
    if last.is_empty() {
        return Ok(());
    }
    let tx = deps.store.system_tx().await?;
    let orphans = inbox::give_up(tx, &last, deps.now()).await?;
    summary.orphaned_callbacks += count(orphans.len());
    for message in &orphans {
        tracing::warn!(
            tenant.id = message.tenant.as_str(),
            target_system = message.system,
            message.id = message.message_id,
            "a callback fits no step and is given up"
        );
    }
    Ok(())
}
