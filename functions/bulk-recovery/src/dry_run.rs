//! The dry run: what the action would come to for each case, by the decision that does it.

use lambda_support::error_chain;
use order_domain::bulk::{BulkForecast, reason};
use order_store::StoreError;
use order_store::bulk::{BulkItem, ItemForecast, LiveBulkAction, keep_forecasts, list_selected};
use order_store::commands::{ActOnCase, ActionForecast, foresee_actions};

use crate::deps::Deps;
use crate::policy;
use crate::run::Run;
use crate::summary::{BulkSummary, count};

/// Looks at the next cases that nobody has looked at, and writes down what it finds. Returns whether
/// there may be more.
pub(crate) async fn look_ahead(
    deps: &Deps,
    run: Run<'_>,
    bulk: &LiveBulkAction,
    summary: &mut BulkSummary,
) -> Result<bool, StoreError> {
    let tx = deps.begin(&bulk.tenant).await?;
    let items = list_selected(tx, bulk.id, policy::DRY_RUN_BATCH).await?;
    let found = match foresee(deps, run, (bulk, &items)).await {
        Err(error) if !error.is_retryable() && items.len() > 1 => {
            tracing::error!(error = error_chain(&error), "cases are looked at one by one");
            let mut found = Vec::new();
            for item in &items {
                found.extend(foresee_alone(deps, run, (bulk, item)).await?);
            }
            found
        }
        found => found?,
    };
    if !found.is_empty() {
        keep_forecasts(deps.begin(&bulk.tenant).await?, bulk.id, &found).await?;
    }
    summary.foreseen += count(found.len());
    Ok(items.len() >= policy::DRY_RUN_BATCH as usize)
}

async fn foresee(
    deps: &Deps,
    run: Run<'_>,
    (bulk, items): (&LiveBulkAction, &[BulkItem]),
) -> Result<Vec<ItemForecast>, StoreError> {
    let requests: Vec<ActOnCase> = items.iter().map(|x| bulk.request(x)).collect();
    let ctx = bulk.context(run.worker_id, deps.now());
    let foreseen = foresee_actions(deps.begin(&bulk.tenant).await?, &ctx, &requests).await?;
    Ok(items.iter().zip(foreseen).map(|(item, x)| forecast(item, x)).collect())
}

/// An order that cannot be read is left out, so that the others come to an end.
async fn foresee_alone(
    deps: &Deps,
    run: Run<'_>,
    (bulk, item): (&LiveBulkAction, &BulkItem),
) -> Result<Vec<ItemForecast>, StoreError> {
    match foresee(deps, run, (bulk, std::slice::from_ref(item))).await {
        Err(error) if !error.is_retryable() => {
            let (order, error) = (item.order_id, error_chain(&error));
            tracing::error!(order.id = %order, error, "a case cannot be looked at");
            let excluded_because = Some(reason::NOT_ANSWERED);
            Ok(vec![ItemForecast { position: item.position, excluded_because, forecast: None }])
        }
        found => found,
    }
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
