//! The commands of an order, with everything that the decision needs beyond the facts.

/// A command as the decision sees it; payloads that do not matter to it stay in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderCommand {
    /// Record what the nine readiness checks found (§7).
    ValidateReadiness {
        /// No check failed.
        is_ready: bool,
    },
    /// Turn lines into work items (§9).
    Decompose,
    /// Turn work items into a plan (§10).
    CreateFulfillmentPlan,
    /// Release the plan (§12).
    StartFulfillment,
    /// Apply what happened to a step, and with it to lines and plan.
    RecordStepOutcome,
    /// Open a business exception (§19).
    OpenFallout,
    /// Close a business exception (§20).
    ResolveFallout,
    /// Pass the billing milestone (§23).
    SettleBilling {
        /// Every line is active, changed, ceased, deferred or not billable.
        is_settled: bool,
    },
    /// Complete the order if the invariant of §23 holds.
    CompleteOrder,
}

impl OrderCommand {
    /// The name that transitions and audit entries carry.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ValidateReadiness { .. } => "validate_readiness",
            Self::Decompose => "decompose",
            Self::CreateFulfillmentPlan => "create_fulfillment_plan",
            Self::StartFulfillment => "start_fulfillment",
            Self::RecordStepOutcome => "record_step_outcome",
            Self::OpenFallout => "open_fallout",
            Self::ResolveFallout => "resolve_fallout",
            Self::SettleBilling { .. } => "settle_billing",
            Self::CompleteOrder => "complete_order",
        }
    }
}
