//! Acts on the cases whose turn it is, and writes down what each act came to.
//!
//! An act that is not written down is not lost: its case stays in hand until the lease is over, and
//! whoever takes it over is answered by the action's own key.

use fault_points::{CrashPoint, reach};
use futures_util::{StreamExt, stream};
use lambda_support::error_chain;
use order_domain::bulk::{BulkItemStatus, BulkStatus, reason};
use order_store::StoreError;
use order_store::bulk::{
    ActedItem, BulkItem, ClaimLimits, ClaimedItem, LiveBulkAction, claim_items, keep_acts,
};
use order_store::commands::{ActOutcome, act_on_case, recall_action};

use crate::deps::Deps;
use crate::policy;
use crate::run::Run;
use crate::summary::{BulkSummary, count};

/// Acts on the cases that may go now, as many as one turn allows. Returns whether it was as many.
pub(crate) async fn act_on_some(
    deps: &Deps,
    run: Run<'_>,
    bulk: &LiveBulkAction,
    summary: &mut BulkSummary,
) -> Result<bool, StoreError> {
    let limits = ClaimLimits { now: deps.now(), lease: policy::LEASE, limit: policy::CLAIM_LIMIT };
    let claim = claim_items(deps.begin(&bulk.tenant).await?, bulk, limits).await?;
    let claimed = claim.items;
    if claimed.is_empty() {
        return Ok(false);
    }
    reach(CrashPoint::BulkAfterClaim).await?;
    summary.taken_over += count(claimed.iter().filter(|x| x.was_in_hand).count());
    let acted = act_on_each(deps, run, (bulk, claim.status, &claimed)).await;
    summary.acted += count(acted.len());
    summary.unanswered += count(claimed.len() - acted.len());
    let is_refused = |x: &&ActedItem| x.status == BulkItemStatus::Refused;
    summary.refused += count(acted.iter().filter(is_refused).count());
    let tx = deps.begin(&bulk.tenant).await?;
    keep_acts(tx, bulk.id, (&acted, deps.now())).await?;
    Ok(claimed.len() >= policy::CLAIM_LIMIT as usize)
}

async fn act_on_each(
    deps: &Deps,
    run: Run<'_>,
    (bulk, status, claimed): (&LiveBulkAction, BulkStatus, &[ClaimedItem]),
) -> Vec<ActedItem> {
    let acts = claimed.iter().map(|x| act_on_one(deps, run, (bulk, status, &x.item)));
    // Collected first: a lazy iterator of borrowing futures is not general enough to be spawned.
    let acts: Vec<_> = acts.collect();
    let acted = stream::iter(acts).buffer_unordered(policy::PARALLEL_ACTS);
    acted.filter_map(async |x| x).collect().await
}

/// `None` where nobody knows what became of it: it stays in hand.
async fn act_on_one(
    deps: &Deps,
    run: Run<'_>,
    (bulk, status, item): (&LiveBulkAction, BulkStatus, &BulkItem),
) -> Option<ActedItem> {
    if run.deadline.has_passed() {
        return None;
    }
    let ctx = bulk.context_of(item, run.worker_id, deps.now());
    let acted = async {
        let tx = deps.begin(&bulk.tenant).await?;
        let request = bulk.request(item);
        if !status.is_at_work() {
            // Somebody stopped it: only what was done is written down.
            return recall_action(tx, &ctx, &request).await;
        }
        let outcome = act_on_case(tx, &ctx, &request).await?;
        reach(CrashPoint::BulkAfterAct).await?;
        Ok::<_, StoreError>(Some(outcome))
    };
    match acted.await {
        Ok(Some(outcome)) => acted_item(bulk, item, outcome),
        Ok(None) => Some(not_begun(status, item)),
        Err(error) => {
            let (order, error) = (item.order_id, error_chain(&error));
            tracing::error!(order.id = %order, error, "an act was not answered");
            None
        }
    }
}

/// Back to those that wait, or given up with them.
fn not_begun(status: BulkStatus, item: &BulkItem) -> ActedItem {
    let status = match status {
        BulkStatus::Aborting => BulkItemStatus::Skipped,
        _ => BulkItemStatus::Pending,
    };
    ActedItem { position: item.position, status, code: None, case_version: None }
}

fn acted_item(bulk: &LiveBulkAction, item: &BulkItem, outcome: ActOutcome) -> Option<ActedItem> {
    let refused = |code: String| (BulkItemStatus::Refused, Some(code), None);
    let (status, code, case_version) = match outcome {
        ActOutcome::Done(report) => {
            let status = match bulk.action.is_about_the_case_only() {
                true => BulkItemStatus::Done,
                false => BulkItemStatus::Running,
            };
            (status, None, report.case.map(|x| x.case_version))
        }
        ActOutcome::Refused(refusal) => refused(refusal.code),
        ActOutcome::KeyReused => refused(reason::KEY_REUSED.to_owned()),
        ActOutcome::NotFound => refused(reason::CASE_NOT_FOUND.to_owned()),
        ActOutcome::Busy => return None,
    };
    Some(ActedItem { position: item.position, status, code, case_version })
}
