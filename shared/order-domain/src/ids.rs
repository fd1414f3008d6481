//! The registry of typed ids: one line per kind, alphabetical.
//!
//! Every id is a UUID (v7, generated at the edge or in the store, never here), so that an order id
//! can never be passed where a step id is meant.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Text that is not a UUID was given where an id was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind}")]
pub struct InvalidId {
    kind: &'static str,
}

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID that the edge or the store generated.
            #[must_use]
            pub const fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }

            /// The UUID, for binding to a statement.
            #[must_use]
            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::try_parse(text).map(Self).map_err(|_| InvalidId { kind: stringify!($name) })
            }
        }
    )+};
}

typed_ids! {
    /// One action on many cases.
    BulkActionId,
    /// Follows one order across systems, from the request that created it to the last callback.
    CorrelationId,
    /// One business fact in `domain_event`; the CloudEvents `id`.
    EventId,
    /// One business exception of an order (§20).
    FalloutCaseId,
    /// One plan (DAG) of an order.
    FulfillmentPlanId,
    /// One step of a plan.
    FulfillmentStepId,
    /// A technical problem that engineering owns (§19).
    IncidentId,
    /// One customer communication.
    NotificationId,
    /// One order.
    OrderId,
    /// One line of an order.
    OrderLineId,
    /// One delivery still owed.
    OutboxMessageId,
    /// Our key on an outbound call, stored before the call is made (§15).
    RequestId,
    /// One run of the process of an order; a restart after loss gets a new one.
    WorkflowRunId,
    /// One result of decomposition.
    WorkItemId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_no_uuid_is_refused_with_the_kind_of_id() {
        let error = "O-1001".parse::<OrderId>().expect_err("O-1001 is no UUID");

        assert_eq!(error.to_string(), "not a valid OrderId");
    }
}
