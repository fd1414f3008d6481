//! The start of an order's process: once, also when an answer is lost (ENGINE §6).

use camunda_client::{BusinessKey, StartProcess, Variables};
use jiff::Timestamp;
use order_domain::ids::{CorrelationId, WorkflowRunId};
use order_store::correlation::{self, StartClaim};

use crate::delivery::{Claim, WorkflowDelivery};
use crate::instances::{PROCESS_KEY, is_alive};
use crate::outcome::{DeliveryOutcome, QUIET, Trouble};

impl WorkflowDelivery<'_> {
    /// Starts the order's process, once: whoever finds an unrecorded start asks before starting.
    pub(crate) async fn start(
        &self,
        claim: Claim<'_>,
        key: BusinessKey,
        (order_version, correlation_id): (i64, CorrelationId),
    ) -> Result<DeliveryOutcome, Trouble> {
        let (subject, now) = ((&claim.message.tenant, claim.message.order_id), self.now());
        let names = (PROCESS_KEY, key.to_string());
        let tx = self.store.system_tx().await?;
        let run_id = match correlation::claim_start(tx, subject, (names.0, &names.1), now).await? {
            StartClaim::Known { .. } => return Ok(DeliveryOutcome::Moot),
            StartClaim::New { workflow_run_id } => workflow_run_id,
            StartClaim::Unrecorded { workflow_run_id, started_at } => {
                if let Some(outcome) = self.doubt(claim, &key, started_at, now).await? {
                    return Ok(outcome);
                }
                workflow_run_id
            }
        };
        if self.is_too_late(claim) {
            return Ok(DeliveryOutcome::too_late());
        }
        let pointers = variables(&key, order_version, (correlation_id, run_id));
        let request = StartProcess::new(PROCESS_KEY, key).with_variables(pointers);
        let started = self.engine.start_process(&request).await?;
        tracing::info!(process.instance_id = started.id, "process started");
        self.record(claim, &started.id).await?;
        Ok(DeliveryOutcome::Delivered)
    }

    /// An earlier start is unrecorded: waits until it is quiet, then asks. `None`: it never arrived.
    async fn doubt(
        &self,
        claim: Claim<'_>,
        key: &BusinessKey,
        started_at: Timestamp,
        now: Timestamp,
    ) -> Result<Option<DeliveryOutcome>, Trouble> {
        let quiet = now.duration_since(started_at);
        if quiet < QUIET {
            let reason = "an earlier start may still be committing".to_owned();
            return Ok(Some(DeliveryOutcome::PutOff { least: QUIET - quiet, reason }));
        }
        let Some(id) = self.adopt(key).await? else { return Ok(None) };
        self.record(claim, &id).await?;
        Ok(Some(DeliveryOutcome::Moot))
    }

    /// The instance that an earlier start made: the oldest, and no other stays.
    async fn adopt(&self, key: &BusinessKey) -> Result<Option<String>, Trouble> {
        let mut found = self.instances(key).await?.into_iter();
        let Some(oldest) = found.next() else { return Ok(None) };
        for other in found.filter(is_alive) {
            let (id, kept) = (&other.id, &oldest.id);
            tracing::error!(process.instance_id = id, kept, "a second instance is deleted");
            self.engine.delete_instance(id).await?;
        }
        tracing::info!(process.instance_id = oldest.id, "earlier start adopted");
        Ok(Some(oldest.id))
    }

    async fn record(&self, claim: Claim<'_>, instance_id: &str) -> Result<(), Trouble> {
        let subject = (&claim.message.tenant, claim.message.order_id);
        let tx = self.store.system_tx().await?;
        Ok(correlation::mark_running(tx, subject, PROCESS_KEY, instance_id).await?)
    }
}

/// The five pointers; the version as Integer, as long as it fits.
fn variables(
    key: &BusinessKey,
    order_version: i64,
    (correlation_id, run_id): (CorrelationId, WorkflowRunId),
) -> Variables {
    let pointers = Variables::none()
        .with("tenantId", key.tenant().as_str())
        .with("orderId", key.order_id().to_string())
        .with("correlationId", correlation_id.to_string())
        .with("workflowRunId", run_id.to_string());
    match i32::try_from(order_version) {
        Ok(version) => pointers.with("orderVersion", version),
        Err(_) => pointers.with("orderVersion", order_version),
    }
}
