//! Business refusals of order commands, each with its stable code (docs/ERROR-CODES.md).

/// Why a command on an order was refused. `Display` is the sentence an operator reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OrderRejection {
    /// The order is COMPLETED, CANCELLED or FAILED.
    #[error("The order is closed; nothing can change it any more.")]
    OrderIsTerminal,
    /// A readiness check failed.
    #[error("The order needs a manual review before fulfillment.")]
    OrderRequiresManualReview,
    /// Decomposition needs a validated order.
    #[error("The order is not validated yet.")]
    OrderNotValidated,
    /// Planning needs work items.
    #[error("The order is not decomposed yet.")]
    OrderNotDecomposed,
    /// Releasing and settling need a plan.
    #[error("The order has no fulfillment plan yet.")]
    PlanNotCreated,
    /// A cancellation decides what happens to the order.
    #[error("A cancellation of the order is being carried out.")]
    CancellationInProgress,
    /// A blocking case is open.
    #[error("A blocking fallout case of the order is open; resolving it retries completion.")]
    OrderHasOpenBlockingFallout,
    /// A mandatory line is neither fulfilled nor waived.
    #[error("A mandatory line is neither fulfilled nor waived.")]
    MandatoryLineNotFulfilled,
    /// Billing is neither active nor deferred.
    #[error("Billing is neither activated nor deferred.")]
    BillingNotActivated,
    /// A billable line was not accepted by billing.
    #[error("Billing of a line is neither activated, changed, ceased nor deferred.")]
    BillingRejected,
}

impl OrderRejection {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::OrderIsTerminal => "ORDER_IS_TERMINAL",
            Self::OrderRequiresManualReview => "ORDER_REQUIRES_MANUAL_REVIEW",
            Self::OrderNotValidated => "ORDER_NOT_VALIDATED",
            Self::OrderNotDecomposed => "ORDER_NOT_DECOMPOSED",
            Self::PlanNotCreated => "PLAN_NOT_CREATED",
            Self::CancellationInProgress => "CANCELLATION_IN_PROGRESS",
            Self::OrderHasOpenBlockingFallout => "ORDER_HAS_OPEN_BLOCKING_FALLOUT",
            Self::MandatoryLineNotFulfilled => "MANDATORY_LINE_NOT_FULFILLED",
            Self::BillingNotActivated => "BILLING_NOT_ACTIVATED",
            Self::BillingRejected => "BILLING_REJECTED",
        }
    }

    /// Whether the refusal opens a case of its own in the same transaction.
    ///
    /// A refusal because a case is open names that case instead; refusals that only say that the
    /// process asked too early are technical failures for the engine.
    #[must_use]
    pub const fn opens_case(self) -> bool {
        match self {
            Self::OrderRequiresManualReview
            | Self::MandatoryLineNotFulfilled
            | Self::BillingNotActivated
            | Self::BillingRejected => true,
            Self::OrderIsTerminal
            | Self::OrderNotValidated
            | Self::OrderNotDecomposed
            | Self::PlanNotCreated
            | Self::CancellationInProgress
            | Self::OrderHasOpenBlockingFallout => false,
        }
    }
}
