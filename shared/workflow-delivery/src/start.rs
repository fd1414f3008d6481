//! The start of an order's process: once, also when an answer is lost (ENGINE §6).

use camunda_client::{BusinessKey, HistoricInstance, StartProcess, Variables};
use fault_points::{CrashPoint, SeededBug, reach};
use jiff::Timestamp;
use order_domain::ids::{CorrelationId, WorkflowRunId};
use order_domain::order::ResumePoint;
use order_store::correlation::{self, RunningOutcome, StartClaim};
use order_store::engine_report::{self, EngineReport, EngineReportKind};

use crate::delivery::{Claim, WorkflowDelivery};
use crate::instances::{PROCESS_KEY, is_alive};
use crate::outcome::{DeliveryOutcome, QUIET, Trouble};
use crate::resume::{activity_of, variables_of};

/// What a start is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) order_version: i64,
    pub(crate) correlation_id: CorrelationId,
    /// A lost process is put back here.
    pub(crate) resume_at: Option<ResumePoint>,
}

impl WorkflowDelivery<'_> {
    /// Starts the order's process, once: whoever finds an unrecorded start asks before starting.
    pub(crate) async fn start(
        &self,
        claim: Claim<'_>,
        key: BusinessKey,
        wanted: Wanted,
    ) -> Result<DeliveryOutcome, Trouble> {
        let (subject, now) = ((&claim.message.tenant, claim.message.order_id), self.now());
        let names = (PROCESS_KEY, key.to_string());
        let tx = self.store.system_tx().await?;
        let run_id = match correlation::claim_start(tx, subject, (names.0, &names.1), now).await? {
            StartClaim::Known { .. } => return Ok(DeliveryOutcome::Moot),
            StartClaim::New { workflow_run_id } => workflow_run_id,
            StartClaim::Unrecorded { workflow_run_id, .. }
                if SeededBug::StartWithoutAsking.is_present() =>
            {
                workflow_run_id
            }
            StartClaim::Unrecorded { workflow_run_id, started_at } => {
                if let Some(outcome) = self.doubt((claim, wanted), &key, started_at, now).await? {
                    return Ok(outcome);
                }
                workflow_run_id
            }
        };
        if self.is_too_late(claim) {
            return Ok(DeliveryOutcome::too_late());
        }
        let mut pointers = variables(&key, wanted, run_id);
        let mut request = StartProcess::new(PROCESS_KEY, key.clone());
        if let Some(point) = &wanted.resume_at {
            pointers = variables_of(point, pointers);
            request = request.with_instruction(activity_of(point));
        }
        let request = request.with_variables(pointers);
        reach(CrashPoint::RelayBeforeStart).await?;
        let started = self.engine.start_process(&request).await?;
        tracing::info!(process.instance_id = started.id, "process started");
        reach(CrashPoint::RelayAfterStart).await?;
        if self.record(claim, &started.id).await? == RunningOutcome::Superseded {
            // We stood still for so long that somebody asked, found nothing and started it too.
            self.delete_duplicate(&key, &started.id, "the recorded one").await?;
            return Ok(DeliveryOutcome::Moot);
        }
        reach(CrashPoint::RelayAfterCorrelation).await?;
        Ok(DeliveryOutcome::Delivered)
    }

    /// An earlier start is unrecorded: waits until it is quiet, then asks. `None`: it never arrived.
    async fn doubt(
        &self,
        (claim, wanted): (Claim<'_>, Wanted),
        key: &BusinessKey,
        started_at: Timestamp,
        now: Timestamp,
    ) -> Result<Option<DeliveryOutcome>, Trouble> {
        let quiet = now.duration_since(started_at);
        if quiet < QUIET {
            let reason = "an earlier start may still be committing".to_owned();
            return Ok(Some(DeliveryOutcome::PutOff { least: QUIET - quiet, reason }));
        }
        let Some(id) = self.adopt(key, wanted).await? else { return Ok(None) };
        // Whatever is recorded by now, nothing was started here.
        let _known: RunningOutcome = self.record(claim, &id).await?;
        Ok(Some(DeliveryOutcome::Moot))
    }

    /// The instance that an earlier start made: the oldest, and no other stays. An instance that
    /// ended is the one that a process is put back for, and not a start of it.
    async fn adopt(&self, key: &BusinessKey, wanted: Wanted) -> Result<Option<String>, Trouble> {
        let counts = |x: &HistoricInstance| wanted.resume_at.is_none() || is_alive(x);
        let mut found = self.instances(key).await?.into_iter().filter(counts);
        let Some(oldest) = found.next() else { return Ok(None) };
        for other in found.filter(is_alive) {
            self.delete_duplicate(key, &other.id, &oldest.id).await?;
        }
        tracing::info!(process.instance_id = oldest.id, "earlier start adopted");
        Ok(Some(oldest.id))
    }

    /// One order has one process: another instance goes, and engineering hears of it.
    async fn delete_duplicate(
        &self,
        key: &BusinessKey,
        id: &str,
        kept: &str,
    ) -> Result<(), Trouble> {
        tracing::error!(process.instance_id = id, kept, "a second instance is deleted");
        let report = EngineReport {
            tenant: key.tenant().clone(),
            order_id: key.order_id(),
            kind: EngineReportKind::DuplicateInstance,
            cause: format!("instance:{id}"),
            detail: format!("second process instance {id} deleted, {kept} kept"),
        };
        // Before the deletion: what is gone cannot be reported any more.
        let _recorded =
            engine_report::record(self.store.system_tx().await?, self.now(), &[report]).await?;
        Ok(self.engine.delete_instance(id).await?)
    }

    async fn record(&self, claim: Claim<'_>, instance_id: &str) -> Result<RunningOutcome, Trouble> {
        let subject = (&claim.message.tenant, claim.message.order_id);
        let tx = self.store.system_tx().await?;
        let (names, now) = ((PROCESS_KEY, instance_id), self.now());
        Ok(correlation::mark_running(tx, subject, names, now).await?)
    }
}

/// The five pointers; the version as Integer, as long as it fits.
fn variables(key: &BusinessKey, wanted: Wanted, run_id: WorkflowRunId) -> Variables {
    let pointers = Variables::none()
        .with("tenantId", key.tenant().as_str())
        .with("orderId", key.order_id().to_string())
        .with("correlationId", wanted.correlation_id.to_string())
        .with("workflowRunId", run_id.to_string());
    match i32::try_from(wanted.order_version) {
        Ok(version) => pointers.with("orderVersion", version),
        Err(_) => pointers.with("orderVersion", wanted.order_version),
    }
}
