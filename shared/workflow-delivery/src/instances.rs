//! What history knows about the instances of an order.

use camunda_client::{
    BusinessKey, EngineError, HistoricInstance, HistoricInstanceQuery, HistoricState, Page,
};

use crate::delivery::WorkflowDelivery;

/// The process that serves orders.
pub const PROCESS_KEY: &str = "order-fulfillment";
/// More instances or tasks than one order can rightly have.
pub(crate) const FEW: Page = Page::first(20);

impl WorkflowDelivery<'_> {
    /// The oldest first.
    pub(crate) async fn instances(
        &self,
        key: &BusinessKey,
    ) -> Result<Vec<HistoricInstance>, EngineError> {
        let query = HistoricInstanceQuery::of_order(PROCESS_KEY, key.clone());
        self.engine.list_historic_instances(&query, FEW).await
    }
}

pub(crate) const fn is_alive(instance: &HistoricInstance) -> bool {
    matches!(instance.state, HistoricState::Active | HistoricState::Suspended)
}
