//! Acts on the cases whose turn it is, and writes down what each act came to.
//!
//! An act that is not written down is not lost: its case stays in hand until the lease is over, and
//! whoever takes it over is answered by the action's own key.

use fault_points::{CrashPoint, reach};
use futures_util::{StreamExt, stream};
use lambda_support::error_chain;
use order_domain::bulk::{BulkItemStatus, reason};
use order_store::StoreError;
use order_store::bulk::{
    ActedItem, BulkItem, ClaimLimits, ClaimedItem, LiveBulkAction, claim_items, keep_acts,
};
use order_store::commands::{ActOutcome, act_on_case};

use crate::deps::Deps;
use crate::handler::Run;
use crate::policy;
use crate::summary::{BulkSummary, count};

/// Takes cases in hand as long as the pace lets some go.
pub(crate) async fn act_on_all_that_may_go(
    deps: &Deps,
    run: Run<'_>,
    bulk: &LiveBulkAction,
    summary: &mut BulkSummary,
) -> Result<(), StoreError> {
    while !run.deadline.has_passed() {
        let limits =
            ClaimLimits { now: deps.now(), lease: policy::LEASE, limit: policy::CLAIM_LIMIT };
        let claimed = claim_items(deps.begin(&bulk.tenant).await?, bulk, limits).await?;
        if claimed.is_empty() {
            break;
        }
        reach(CrashPoint::BulkAfterClaim).await?;
        summary.taken_over += count(claimed.iter().filter(|x| x.was_in_hand).count());
        let acted = act_on_each(deps, run, (bulk, &claimed)).await;
        summary.acted += count(acted.len());
        summary.unanswered += count(claimed.len() - acted.len());
        let is_refused = |x: &&ActedItem| x.status == BulkItemStatus::Refused;
        summary.refused += count(acted.iter().filter(is_refused).count());
        let tx = deps.begin(&bulk.tenant).await?;
        keep_acts(tx, bulk.id, (&acted, deps.now())).await?;
    }
    Ok(())
}

async fn act_on_each(
    deps: &Deps,
    run: Run<'_>,
    (bulk, claimed): (&LiveBulkAction, &[ClaimedItem]),
) -> Vec<ActedItem> {
    let acts = claimed.iter().map(|x| act_on_one(deps, run, (bulk, &x.item)));
    // Collected first: a lazy iterator of borrowing futures is not general enough to be spawned.
    let acts: Vec<_> = acts.collect();
    let acted = stream::iter(acts).buffer_unordered(policy::PARALLEL_ACTS);
    acted.filter_map(async |x| x).collect().await
}

/// `None` where nobody knows what became of it: it stays in hand.
async fn act_on_one(
    deps: &Deps,
    run: Run<'_>,
    (bulk, item): (&LiveBulkAction, &BulkItem),
) -> Option<ActedItem> {
    let ctx = bulk.context_of(item, run.worker_id, deps.now());
    let acted = async {
        let tx = deps.begin(&bulk.tenant).await?;
        let outcome = act_on_case(tx, &ctx, &bulk.request(item)).await?;
        reach(CrashPoint::BulkAfterAct).await?;
        Ok::<_, StoreError>(outcome)
    };
    match acted.await {
        Ok(outcome) => acted_item(bulk, item, outcome),
        Err(error) => {
            let (order, error) = (item.order_id, error_chain(&error));
            tracing::error!(order.id = %order, error, "an act was not answered");
            None
        }
    }
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
