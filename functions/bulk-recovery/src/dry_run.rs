//! The dry run: what the action would come to for each case, by the decision that does it.

use order_domain::bulk::{BulkForecast, reason};
use order_store::StoreError;
use order_store::bulk::{BulkItem, ItemForecast, LiveBulkAction, keep_forecasts, list_selected};
use order_store::commands::{ActOnCase, ActionForecast, foresee_actions};

use crate::deps::Deps;
use crate::handler::Run;
use crate::policy;
use crate::summary::{BulkSummary, count};

/// Looks at every case that nobody has looked at, batch by batch, and writes down what it finds.
pub(crate) async fn look_ahead(
    deps: &Deps,
    run: Run<'_>,
    bulk: &LiveBulkAction,
    summary: &mut BulkSummary,
) -> Result<(), StoreError> {
    while !run.deadline.has_passed() {
        let tx = deps.begin(&bulk.tenant).await?;
        let items = list_selected(tx, bulk.id, policy::DRY_RUN_BATCH).await?;
        if items.is_empty() {
            break;
        }
        let requests: Vec<ActOnCase> = items.iter().map(|x| bulk.request(x)).collect();
        let ctx = bulk.context(run.worker_id, deps.now());
        let foreseen = foresee_actions(deps.begin(&bulk.tenant).await?, &ctx, &requests).await?;
        let found: Vec<ItemForecast> =
            items.iter().zip(foreseen).map(|(item, x)| forecast(item, x)).collect();
        keep_forecasts(deps.begin(&bulk.tenant).await?, bulk.id, &found).await?;
        summary.foreseen += count(found.len());
    }
    Ok(())
}

const fn forecast(item: &BulkItem, foreseen: ActionForecast) -> ItemForecast {
    let (excluded_because, forecast) = match foreseen {
        ActionForecast::Possible(effect) => (None, Some(BulkForecast::of_effect(effect))),
        ActionForecast::Refused(refusal) => {
            (Some(refusal.code()), BulkForecast::of_refusal(refusal))
        }
        ActionForecast::NeedsApproval => (Some(reason::NEEDS_APPROVAL), None),
        ActionForecast::NotFound => (Some(reason::CASE_NOT_FOUND), None),
    };
    ItemForecast { position: item.position, excluded_because, forecast }
}
