//! Writes what a look came to: alive ones together, the few others one by one.

use camunda_client::EngineClient;
use lambda_support::error_chain;
use order_store::commands::{MissingProcess, ProcessFinding, RestartOutcome, restart_process};
use order_store::correlation::{self, CHECK_RUNNING_AFTER, CheckedProcess, ProcessCheck};
use order_store::engine_report::{self, EngineReport, EngineReportKind};
use order_store::{StoreError, outbox};

use super::look::Seen;
use super::verdict::{Verdict, verdict};
use crate::deps::Deps;
use crate::summary::{ReconciliationSummary, count};
use crate::sweeps::Run;

/// Settles every check. Returns the processes that run as they should, for a closer look.
pub(crate) async fn settle<'a>(
    deps: &Deps,
    run: Run<'_>,
    (checks, seen): (&'a [ProcessCheck], &Seen),
    summary: &mut ReconciliationSummary,
) -> Result<Vec<&'a ProcessCheck>, StoreError> {
    let (mut alive, mut finished, mut duplicates) = (Vec::new(), Vec::new(), Vec::new());
    for check in checks {
        let is_running = check.process_instance_id.as_deref().is_some_and(|x| seen.is_running(x));
        match verdict(check, seen.of(check), is_running) {
            Verdict::Leave => {}
            Verdict::Finished => finished.push(check.checked()),
            Verdict::Alive { duplicates: others } => {
                alive.push(check);
                duplicates.extend(others.into_iter().map(|x| (check, x.to_owned())));
            }
            Verdict::Adopt { instance, duplicates: others } => {
                let tx = deps.store.system_tx().await?;
                let (run_of, now) = (check.checked(), deps.now());
                let is_current = correlation::adopt(tx, run_of, instance, now).await?;
                summary.processes_adopted += u32::from(is_current);
                if is_current {
                    duplicates.extend(others.into_iter().map(|x| (check, x.to_owned())));
                }
            }
            Verdict::Missing(finding) => put_back(deps, run, (check, finding), summary).await,
        }
    }
    write_alive(deps, &alive).await?;
    write_finished(deps, &finished, summary).await?;
    if let Some(engine) = &deps.engine {
        delete_duplicates(deps, engine, &duplicates, summary).await?;
    }
    Ok(alive)
}

/// One order that cannot be read or written must not hold up the others: it is due again soon.
async fn put_back(
    deps: &Deps,
    run: Run<'_>,
    (check, finding): (&ProcessCheck, ProcessFinding),
    summary: &mut ReconciliationSummary,
) {
    tracing::error!(
        tenant.id = check.tenant.as_str(),
        order.id = %check.order_id,
        process.instance_id = check.process_instance_id,
        ?finding,
        "a process is missing"
    );
    let (order_id, workflow_run_id) = (check.order_id, check.workflow_run_id);
    let missing = MissingProcess { order_id, workflow_run_id, finding };
    let context = deps.context(run.request_id);
    let outcome = async {
        let tx = deps.store.tenant_tx(&check.tenant).await?;
        restart_process(tx, &context, &missing).await
    };
    match outcome.await {
        Ok(RestartOutcome::Restarted(milestone)) => {
            tracing::info!(order.id = %order_id, %milestone, "a process is put back");
            summary.processes_put_back += 1;
        }
        Ok(RestartOutcome::Delayed(_)) => summary.processes_delayed += 1,
        Ok(RestartOutcome::NothingLeft) => summary.processes_ended += 1,
        Ok(RestartOutcome::Superseded) => {}
        Err(error) => tracing::error!(
            order.id = %order_id,
            error = error_chain(&error),
            "a process cannot be put back"
        ),
    }
}

async fn write_alive(deps: &Deps, alive: &[&ProcessCheck]) -> Result<(), StoreError> {
    if alive.is_empty() {
        return Ok(());
    }
    let checked: Vec<CheckedProcess<'_>> = alive.iter().map(|x| x.checked()).collect();
    let now = deps.now();
    let next = now.checked_add(CHECK_RUNNING_AFTER).unwrap_or(now);
    let tx = deps.store.system_tx().await?;
    let _put_off = correlation::put_off(tx, &checked, (next, now)).await?;
    // An engine that was restored may have forgotten a completion that it had taken.
    let open = alive.iter().filter(|x| !x.order_status.is_terminal());
    let orders: Vec<_> = open.map(|x| (&x.tenant, x.order_id)).collect();
    if !orders.is_empty() {
        let tx = deps.store.system_tx().await?;
        let _owed = outbox::repeat_plan_messages(tx, &orders, now).await?;
    }
    Ok(())
}

async fn write_finished(
    deps: &Deps,
    finished: &[CheckedProcess<'_>],
    summary: &mut ReconciliationSummary,
) -> Result<(), StoreError> {
    if !finished.is_empty() {
        let tx = deps.store.system_tx().await?;
        let ended = correlation::mark_ended(tx, finished, deps.now()).await?;
        summary.processes_ended += count(ended);
    }
    Ok(())
}

/// Reported before it is deleted: what is gone cannot be reported any more.
async fn delete_duplicates(
    deps: &Deps,
    engine: &EngineClient,
    duplicates: &[(&ProcessCheck, String)],
    summary: &mut ReconciliationSummary,
) -> Result<(), StoreError> {
    if duplicates.is_empty() {
        return Ok(());
    }
    let report = |(check, id): &(&ProcessCheck, String)| EngineReport {
        tenant: check.tenant.clone(),
        order_id: check.order_id,
        kind: EngineReportKind::DuplicateInstance,
        cause: format!("instance:{id}"),
        detail: format!("second process instance {id} deleted by reconciliation"),
    };
    let reports: Vec<EngineReport> = duplicates.iter().map(report).collect();
    let tx = deps.store.system_tx().await?;
    summary.engine_reports += count(engine_report::record(tx, deps.now(), &reports).await?);
    for (check, id) in duplicates {
        match engine.delete_instance(id).await {
            Ok(()) => summary.duplicates_deleted += 1,
            Err(error) => tracing::error!(
                order.id = %check.order_id,
                process.instance_id = id,
                error = error_chain(&error),
                "a second instance was not deleted"
            ),
        }
    }
    Ok(())
}
