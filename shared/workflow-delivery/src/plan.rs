//! The completed plan: correlated by business key; "no match" is *not yet* until history proves
//! otherwise (ENGINE §6).

use camunda_client::{BusinessKey, EngineError, MessageCorrelation, Variables};
use fault_points::{CrashPoint, SeededBug, reach};
use lambda_support::external_task_loop::repeated;
use order_domain::ids::FulfillmentPlanId;

use crate::delivery::{Claim, WorkflowDelivery};
use crate::outcome::{DeliveryOutcome, Trouble};

const AWAIT_PLAN: &str = "AwaitFulfillmentPlan";

impl WorkflowDelivery<'_> {
    /// Its wait takes it once, so that repeating it is safe.
    pub(crate) async fn plan_completed(
        &self,
        claim: Claim<'_>,
        key: BusinessKey,
        plan: FulfillmentPlanId,
    ) -> Result<DeliveryOutcome, Trouble> {
        let local = Variables::none().with("fulfillmentPlanId", plan.to_string());
        let message = MessageCorrelation::to_order("FulfillmentPlanCompleted", key.clone())
            .with_local_variables(local);
        reach(CrashPoint::RelayBeforeMessage).await?;
        match repeated(|| self.engine.correlate_message(&message)).await {
            Ok(_taken) => {
                reach(CrashPoint::RelayAfterMessage).await?;
                Ok(DeliveryOutcome::Delivered)
            }
            Err(EngineError::NoMatch { .. }) if SeededBug::NoMatchIsDelivered.is_present() => {
                Ok(DeliveryOutcome::Delivered)
            }
            Err(EngineError::NoMatch { .. }) => self.unmatched(claim, &key, Some(AWAIT_PLAN)).await,
            Err(error) => Err(error.into()),
        }
    }
}
