//! Cases compared with their user tasks: only the domain closes a case (§19 §20).
//!
//! The domain is read first: a task that is missing afterwards was not on its way when its case was
//! read. What looks wrong is read once more before it is called wrong.

use std::collections::BTreeSet;

use camunda_client::{BusinessKey, CaseTask, EngineClient, EngineError, Page, Variables};
use lambda_support::error_chain;
use order_domain::fallout::FalloutResolution;
use order_domain::ids::{FalloutCaseId, OrderId};
use order_domain::tenant::TenantId;
use order_store::StoreError;
use order_store::correlation::ProcessCheck;
use order_store::engine_report::{self, AnchoredCase, EngineReport, EngineReportKind};

use crate::deps::Deps;
use crate::policy;
use crate::summary::{ReconciliationSummary, count};

type OrderRef<'a> = (&'a TenantId, OrderId);

/// Compares the cases of processes that run as they should.
pub(crate) async fn compare(
    deps: &Deps,
    engine: &EngineClient,
    alive: &[&ProcessCheck],
    summary: &mut ReconciliationSummary,
) -> Result<(), StoreError> {
    let live = alive.iter().filter(|x| !x.order_status.is_terminal());
    let orders: Vec<OrderRef<'_>> = live.map(|x| (&x.tenant, x.order_id)).collect();
    let cases = read(deps, &orders).await?;
    if cases.is_empty() {
        return Ok(());
    }
    let keys: BTreeSet<BusinessKey> =
        cases.iter().map(|x| BusinessKey::of_order(x.tenant.clone(), x.order_id)).collect();
    let keys: Vec<BusinessKey> = keys.into_iter().collect();
    let tasks = match engine.list_case_tasks(&keys, Page::first(policy::ENGINE_ROWS)).await {
        // More tasks than were read: which are missing cannot be said.
        Ok(tasks) if tasks.len() >= policy::ENGINE_ROWS as usize => return Ok(()),
        Ok(tasks) => tasks,
        Err(error) => {
            summary.engine_silent += 1;
            tracing::warn!(error = error_chain(&error), "user tasks were not compared");
            return Ok(());
        }
    };
    complete_ghosts(engine, (&cases, &tasks), summary).await;
    report_missing(deps, (&cases, &tasks), summary).await
}

async fn read(deps: &Deps, orders: &[OrderRef<'_>]) -> Result<Vec<AnchoredCase>, StoreError> {
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    engine_report::list_cases_of_orders(deps.store.system_tx().await?, orders).await
}

/// A task whose case is closed, with nothing owed about it, waits for nobody.
async fn complete_ghosts(
    engine: &EngineClient,
    (cases, tasks): (&[AnchoredCase], &[CaseTask]),
    summary: &mut ReconciliationSummary,
) {
    for case in cases.iter().filter(|x| !x.is_open() && !x.owes_engine) {
        let resolution = case.resolution.unwrap_or(FalloutResolution::Retry);
        let told = Variables::none().with("falloutResolution", resolution.as_str());
        for ghost in tasks.iter().filter(|x| x.fallout_case_id == Some(case.id)) {
            match engine.complete_user_task(&ghost.task.id, &told).await {
                Ok(()) => summary.ghost_tasks_completed += 1,
                Err(EngineError::Gone { .. }) => {}
                Err(error) => tracing::warn!(
                    order.id = %case.order_id,
                    error = error_chain(&error),
                    "the user task of a closed case was not completed"
                ),
            }
        }
    }
}

async fn report_missing(
    deps: &Deps,
    (cases, tasks): (&[AnchoredCase], &[CaseTask]),
    summary: &mut ReconciliationSummary,
) -> Result<(), StoreError> {
    let now = deps.now();
    let present: BTreeSet<FalloutCaseId> = tasks.iter().filter_map(|x| x.fallout_case_id).collect();
    let is_missing = |x: &AnchoredCase| {
        let is_settled_in = now.duration_since(x.opened_at) >= policy::USER_TASK_GRACE;
        x.is_open() && !x.owes_engine && is_settled_in && !present.contains(&x.id)
    };
    let suspects: Vec<OrderRef<'_>> =
        cases.iter().filter(|x| is_missing(x)).map(|x| (&x.tenant, x.order_id)).collect();
    let again = read(deps, &suspects).await?;
    let reports: Vec<EngineReport> =
        again.iter().filter(|x| is_missing(x)).map(completed_by_hand).collect();
    if !reports.is_empty() {
        let tx = deps.store.system_tx().await?;
        summary.engine_reports += count(engine_report::record(tx, now, &reports).await?);
    }
    let compared: Vec<OrderRef<'_>> = cases.iter().map(|x| (&x.tenant, x.order_id)).collect();
    let tx = deps.store.system_tx().await?;
    let kind = EngineReportKind::TaskCompletedByHand;
    let _resolved = engine_report::resolve_of_orders(tx, now, kind, &compared).await?;
    Ok(())
}

fn completed_by_hand(case: &AnchoredCase) -> EngineReport {
    EngineReport {
        tenant: case.tenant.clone(),
        order_id: case.order_id,
        kind: EngineReportKind::TaskCompletedByHand,
        cause: format!("case:{}", case.id),
        detail: format!("case {} is open, and the engine has no user task for it", case.id),
    }
}
