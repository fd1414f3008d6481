//! What the engine itself complains about, as incidents of the orders: exhausted tasks, failed jobs,
//! suspended instances. What it does not report any more is resolved.

use std::collections::BTreeMap;

use camunda_client::{
    BusinessKey, EngineClient, EngineError, ExternalTask, ExternalTaskQuery, InstanceQuery, Page,
    RetriesFilter, SuspensionFilter,
};
use lambda_support::error_chain;
use order_store::StoreError;
use order_store::engine_report::{self, EngineReport, EngineReportKind};
use workflow_delivery::PROCESS_KEY;

use super::{Run, engine_cases};
use crate::deps::Deps;
use crate::policy;
use crate::summary::{ReconciliationSummary, count};

/// The engine's messages quote what workers said; more than this tells nothing more.
const LONGEST_MESSAGE: usize = 300;
/// Reported with its topic and business key by the list of exhausted tasks.
const EXHAUSTED_TASK: &str = "failedExternalTask";

/// Everything that one look found.
struct Look {
    reports: Vec<EngineReport>,
    /// Nothing was cut off, so that what is missing here is over.
    is_complete: bool,
}

/// Looks once a minute. Returns 0: there is never more of it in a next round.
pub(crate) async fn sweep(
    deps: &Deps,
    run: Run<'_>,
    summary: &mut ReconciliationSummary,
) -> Result<usize, StoreError> {
    let Some(engine) = &deps.engine else { return Ok(0) };
    if run.deadline.remaining() <= policy::ENGINE_LOOK || !is_due(deps) {
        return Ok(0);
    }
    // Taken before the engine is asked: what is recorded of this look is not older than it.
    let now = deps.now();
    let look = match look(engine).await {
        Ok(look) => look,
        Err(error) => {
            summary.engine_silent += 1;
            tracing::warn!(error = error_chain(&error), "the engine's incidents were not read");
            return Ok(0);
        }
    };
    if !look.reports.is_empty() {
        let tx = deps.store.system_tx().await?;
        summary.engine_reports += count(engine_report::record(tx, now, &look.reports).await?);
    }
    if look.is_complete {
        let kinds = [EngineReportKind::Incident, EngineReportKind::InstanceSuspended];
        let tx = deps.store.system_tx().await?;
        let _resolved = engine_report::resolve_unseen(tx, now, &kinds).await?;
    }
    engine_cases::follow(deps, run, summary).await?;
    Ok(0)
}

fn is_due(deps: &Deps) -> bool {
    let now = deps.now();
    let Ok(mut last) = deps.engine_look.lock() else { return true };
    let is_due = last.is_none_or(|x| now.duration_since(x) >= policy::ENGINE_REPORTS_EVERY);
    if is_due {
        *last = Some(now);
    }
    is_due
}

async fn look(engine: &EngineClient) -> Result<Look, EngineError> {
    let page = Page::first(policy::ENGINE_ROWS);
    let exhausted = ExternalTaskQuery {
        retries: Some(RetriesFilter::Exhausted),
        ..ExternalTaskQuery::default()
    };
    let tasks = engine.list_external_tasks(&exhausted, page).await?;
    let suspended = InstanceQuery {
        suspension: Some(SuspensionFilter::Suspended),
        ..InstanceQuery::of_process(PROCESS_KEY)
    };
    let suspended = engine.list_instances(&suspended, page).await?;
    let (others, other_count) = other_incidents(engine, page).await?;
    let limit = policy::ENGINE_ROWS as usize;
    let is_complete = tasks.len() < limit && suspended.len() < limit && other_count < limit;
    let mut reports: Vec<EngineReport> = tasks.iter().filter_map(of_task).collect();
    reports.extend(suspended.iter().filter_map(|x| {
        let key = x.business_key.as_deref()?.parse().ok()?;
        let detail = format!("process instance {} is suspended: nothing of it moves", x.id);
        let cause = format!("instance:{}", x.id);
        Some(report(&key, EngineReportKind::InstanceSuspended, (cause, detail)))
    }));
    reports.extend(others);
    Ok(Look { reports, is_complete })
}

fn of_task(task: &ExternalTask) -> Option<EngineReport> {
    let key = task.business_key.as_deref()?.parse().ok()?;
    let cause = format!("task:{}:{}", task.process_instance_id, task.activity_id);
    let message = shortened(task.error_message.as_deref());
    let detail = format!("{} gave up at {}: {message}", task.topic_name, task.activity_id);
    Some(report(&key, EngineReportKind::Incident, (cause, detail)))
}

/// Failed jobs and what plug-ins add; they name no order, so that their instances are asked.
async fn other_incidents(
    engine: &EngineClient,
    page: Page,
) -> Result<(Vec<EngineReport>, usize), EngineError> {
    let (mut incidents, total) = engine.list_root_incidents(page).await?;
    incidents.retain(|x| x.incident_type != EXHAUSTED_TASK);
    let ids: Vec<&str> =
        incidents.iter().filter_map(|x| x.process_instance_id.as_deref()).collect();
    let instances = engine.list_instances_by_id(&ids).await?;
    let keys: BTreeMap<&str, BusinessKey> = instances
        .iter()
        .filter_map(|x| Some((x.id.as_str(), x.business_key.as_deref()?.parse().ok()?)))
        .collect();
    let reports = incidents.iter().filter_map(|x| {
        let instance = x.process_instance_id.as_deref()?;
        let activity = x.activity_id.as_deref().unwrap_or("unknown");
        let cause = format!("{}:{instance}:{activity}", x.incident_type);
        let message = shortened(x.message.as_deref());
        let detail = format!("{} at {activity}: {message}", x.incident_type);
        Some(report(keys.get(instance)?, EngineReportKind::Incident, (cause, detail)))
    });
    Ok((reports.collect(), total))
}

fn report(
    key: &BusinessKey,
    kind: EngineReportKind,
    (cause, detail): (String, String),
) -> EngineReport {
    EngineReport { tenant: key.tenant().clone(), order_id: key.order_id(), kind, cause, detail }
}

fn shortened(message: Option<&str>) -> String {
    message.unwrap_or("no message").chars().take(LONGEST_MESSAGE).collect()
}
