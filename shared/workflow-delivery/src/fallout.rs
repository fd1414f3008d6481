//! Fallout cases: opened by a message, resolved by completing the case's user tasks (ENGINE §6).

use camunda_client::{BusinessKey, EngineError, MessageCorrelation, UserTaskQuery, Variables};
use lambda_support::external_task_loop::repeated;
use order_domain::fallout::{EngineAnchor, FalloutResolution};
use order_domain::ids::FalloutCaseId;

use crate::delivery::{Claim, WorkflowDelivery};
use crate::instances::FEW;
use crate::outcome::{DeliveryOutcome, Trouble};

impl WorkflowDelivery<'_> {
    /// Its subscription stays after it is taken, so a repeat asks for the case's task first.
    pub(crate) async fn fallout_opened(
        &self,
        claim: Claim<'_>,
        key: BusinessKey,
        case: FalloutCaseId,
    ) -> Result<DeliveryOutcome, Trouble> {
        let query = UserTaskQuery::of_case(key.clone(), case);
        let is_repeat = claim.message.attempt_count > 1;
        if is_repeat && !self.engine.list_user_tasks(&query, FEW).await?.is_empty() {
            return Ok(DeliveryOutcome::Moot);
        }
        if self.is_too_late(claim) {
            return Ok(DeliveryOutcome::too_late());
        }
        let scope = Variables::none().with("falloutCaseId", case.to_string());
        let message = MessageCorrelation::to_order("OrderFalloutOpened", key.clone())
            .with_triggered_scope_variables(scope);
        match self.engine.correlate_message(&message).await {
            Ok(_taken) => Ok(DeliveryOutcome::Delivered),
            Err(EngineError::NoMatch { .. }) => self.unmatched(claim, &key, None).await,
            Err(error) => Err(error.into()),
        }
    }

    /// Completes every task of the case; one that is gone was completed before.
    pub(crate) async fn user_task_complete(
        &self,
        claim: Claim<'_>,
        key: BusinessKey,
        (case, (resolution, anchor)): (FalloutCaseId, (FalloutResolution, EngineAnchor)),
    ) -> Result<DeliveryOutcome, Trouble> {
        let query = UserTaskQuery::of_case(key.clone(), case);
        let tasks = self.engine.list_user_tasks(&query, FEW).await?;
        if tasks.is_empty() {
            return match anchor {
                // The opening went before in the same lane: no task means gone.
                EngineAnchor::Message | EngineAnchor::None => Ok(DeliveryOutcome::Moot),
                // The milestone's BPMN error may not have arrived yet.
                EngineAnchor::BpmnError => self.unmatched(claim, &key, None).await,
            };
        }
        let told = Variables::none().with("falloutResolution", resolution.as_str());
        for task in tasks {
            match repeated(|| self.engine.complete_user_task(&task.id, &told)).await {
                Ok(()) | Err(EngineError::Gone { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(DeliveryOutcome::Delivered)
    }
}
