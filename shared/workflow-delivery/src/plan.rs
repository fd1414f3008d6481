//! The completed plan: correlated by business key; "no match" is *not yet* until history proves
//! otherwise (ENGINE §6).

use camunda_client::{ActivityQuery, BusinessKey, EngineError, MessageCorrelation, Variables};
use lambda_support::external_task_loop::repeated;
use order_domain::ids::FulfillmentPlanId;

use crate::delivery::WorkflowDelivery;
use crate::instances::{FEW, is_alive, unless_ended};
use crate::outcome::{DeliveryOutcome, Trouble};

const AWAIT_PLAN: &str = "AwaitFulfillmentPlan";

impl WorkflowDelivery<'_> {
    /// Its wait takes it once, so that repeating it is safe.
    pub(crate) async fn plan_completed(
        &self,
        key: BusinessKey,
        plan: FulfillmentPlanId,
    ) -> Result<DeliveryOutcome, Trouble> {
        let local = Variables::none().with("fulfillmentPlanId", plan.to_string());
        let message = MessageCorrelation::to_order("FulfillmentPlanCompleted", key.clone())
            .with_local_variables(local);
        match repeated(|| self.engine.correlate_message(&message)).await {
            Ok(_taken) => Ok(DeliveryOutcome::Delivered),
            Err(EngineError::NoMatch { .. }) => self.nobody_waits(&key).await,
            Err(error) => Err(error.into()),
        }
    }

    /// Consumed before, or ended: moot; otherwise the process has not come to its wait.
    async fn nobody_waits(&self, key: &BusinessKey) -> Result<DeliveryOutcome, Trouble> {
        let instances = self.instances(key).await?;
        for instance in instances.iter().filter(|x| is_alive(x)) {
            let query = ActivityQuery::of_process_instance(&instance.id).at_activity(AWAIT_PLAN);
            let waits = self.engine.list_activity_instances(&query, FEW).await?;
            if waits.iter().any(|x| x.end_time.is_some() && !x.canceled) {
                return Ok(DeliveryOutcome::Moot);
            }
        }
        Ok(unless_ended(&instances))
    }
}
