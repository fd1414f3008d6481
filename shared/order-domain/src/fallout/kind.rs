//! What a case is about, which decides what can be done about it.

/// The subject of a case, read from its cause.
///
/// One open case per cause, so the cause names the subject and needs no second column that could
/// disagree with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CaseKind {
    /// A readiness check failed (§7).
    Readiness,
    /// The lines could not be turned into work (§9).
    Decomposition,
    /// The work could not be turned into a plan (§10).
    Planning,
    /// A step was refused, used up its attempts, is unknown or is late (§15 §18).
    Step,
    /// A settled step was told the opposite (§16).
    Contradiction,
    /// Billing of a line is not settled (§23).
    Billing,
    /// The completion invariant does not hold (§23).
    Completion,
    /// The order as a whole: nothing would happen to it by itself.
    Order,
}

impl CaseKind {
    /// Every kind, in life-cycle order.
    pub const ALL: [Self; 8] = [
        Self::Readiness,
        Self::Decomposition,
        Self::Planning,
        Self::Step,
        Self::Contradiction,
        Self::Billing,
        Self::Completion,
        Self::Order,
    ];

    /// The kind of the case with this cause.
    #[must_use]
    pub fn of_cause(cause: &str) -> Self {
        match cause.split_once(':') {
            Some(("milestone", "validate_readiness")) => Self::Readiness,
            Some(("milestone", "decompose")) => Self::Decomposition,
            Some(("milestone", "create_fulfillment_plan")) => Self::Planning,
            Some(("milestone", "settle_billing")) => Self::Billing,
            Some(("milestone", "complete_order")) => Self::Completion,
            Some(("step", _)) => Self::Step,
            Some(("contradiction", _)) => Self::Contradiction,
            _ => Self::Order,
        }
    }

    /// Who owns such a case unless the target system's settings name somebody else.
    #[must_use]
    pub const fn owner_group(self) -> &'static str {
        match self {
            Self::Readiness => "sales-operations",
            Self::Decomposition | Self::Planning => "catalogue-management",
            Self::Billing => "billing-operations",
            Self::Step | Self::Contradiction | Self::Completion | Self::Order => "order-operations",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_names_the_kind_and_an_unknown_one_is_the_orders() {
        for (cause, kind) in [
            ("milestone:validate_readiness", CaseKind::Readiness),
            ("milestone:decompose", CaseKind::Decomposition),
            ("milestone:create_fulfillment_plan", CaseKind::Planning),
            ("milestone:settle_billing", CaseKind::Billing),
            ("milestone:complete_order", CaseKind::Completion),
            ("step:01990000", CaseKind::Step),
            ("contradiction:01990000:request:0199", CaseKind::Contradiction),
            ("liveness", CaseKind::Order),
            ("milestone:unheard_of", CaseKind::Order),
        ] {
            assert_eq!(CaseKind::of_cause(cause), kind, "{cause}");
        }
    }
}
