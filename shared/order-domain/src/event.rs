//! Business facts (§28). No event is named after a BPMN element.

use crate::text_enum::text_enum;

text_enum! {
    /// The kinds of domain events. Recording one raises the order's version by one.
    DomainEventType {
        /// An accepted quote became an order.
        OrderCreated = "OrderCreated",
        /// All readiness checks hold.
        OrderValidated = "OrderValidated",
        /// The lines were turned into work items.
        OrderDecomposed = "OrderDecomposed",
        /// The work items were turned into a plan.
        FulfillmentPlanCreated = "FulfillmentPlanCreated",
        /// The plan was released.
        FulfillmentStarted = "FulfillmentStarted",
        /// A line with work is fulfilled.
        OrderLineFulfilled = "OrderLineFulfilled",
        /// A line is satisfied by authority.
        OrderLineWaived = "OrderLineWaived",
        /// A business exception needs a person.
        OrderFalloutOpened = "OrderFalloutOpened",
        /// A business exception was closed.
        OrderFalloutResolved = "OrderFalloutResolved",
        /// Every billable line is active, changed or ceased.
        BillingActivated = "BillingActivated",
        /// Billing was deferred by policy or authority.
        BillingDeferred = "BillingDeferred",
        /// The order is completed.
        OrderCompleted = "OrderCompleted",
        /// The order was given up by a person's decision.
        OrderFailed = "OrderFailed",
    }
}
