//! The end of a process whose order was given up: whatever still runs for it is deleted.

use camunda_client::BusinessKey;
use order_store::correlation;

use crate::delivery::WorkflowDelivery;
use crate::instances::is_alive;
use crate::outcome::{DeliveryOutcome, Trouble};

impl WorkflowDelivery<'_> {
    /// Deletes every instance of the order. Safe to repeat: what is gone is not found again.
    ///
    /// The reason is for our log; the engine's history says that a call deleted it.
    ///
    /// The row stands behind the start in its lane, so no start is on its way any more.
    pub(crate) async fn process_delete(
        &self,
        key: BusinessKey,
        reason_code: &str,
    ) -> Result<DeliveryOutcome, Trouble> {
        let mut outcome = DeliveryOutcome::Moot;
        for instance in self.instances(&key).await?.iter().filter(|x| is_alive(x)) {
            tracing::info!(process.instance_id = instance.id, reason_code, "process deleted");
            self.engine.delete_instance(&instance.id).await?;
            outcome = DeliveryOutcome::Delivered;
        }
        // The customer is still owed a word, by a process that is put back for it.
        let subject = (key.tenant(), key.order_id());
        correlation::check_now(self.store.system_tx().await?, subject, self.now()).await?;
        Ok(outcome)
    }
}
