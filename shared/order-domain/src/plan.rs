//! A fulfillment plan's status. There is no failed plan: a failed step leaves it RELEASED.

use crate::text_enum::text_enum;

text_enum! {
    /// CREATED → RELEASED → COMPLETED; FROZEN while a cancellation is carried out, then CANCELLED.
    PlanStatus {
        /// Built, nothing dispatched.
        Created = "CREATED",
        /// Ready steps are dispatched.
        Released = "RELEASED",
        /// Every step is settled.
        Completed = "COMPLETED",
        /// A cancellation stopped it.
        Frozen = "FROZEN",
        /// The cancellation is carried out.
        Cancelled = "CANCELLED",
    }
}

text_enum! {
    /// What a plan is for.
    PlanPurpose {
        /// Carry the order out.
        Fulfillment = "FULFILLMENT",
        /// Undo what a cancelled order did.
        Compensation = "COMPENSATION",
    }
}
