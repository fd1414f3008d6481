//! What happened to an order: status changes, business facts, and what people asked for.

use jiff::Timestamp;
use order_domain::event::DomainEventType;
use order_domain::fallout::FalloutAction;
use order_domain::ids::{EventId, FalloutCaseId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::order_view::views;

views! {
    /// One attempt of a person, or an escalation by the clock.
    OrderActionView {
        /// The case that it was about.
        fallout_case_id: Option<FalloutCaseId>,
        /// What was asked for.
        action: FalloutAction,
        /// By whom.
        actor_name: String,
        /// Why.
        reason_code: String,
        /// APPLIED, AWAITING_APPROVAL or REFUSED.
        verdict: String,
        /// Why it was refused.
        refusal_code: Option<String>,
        /// The order's version at commit.
        order_version: i64,
        /// When.
        occurred_at: Timestamp,
    }

    /// One status change.
    TransitionView {
        /// ORDER, LINE or PLAN.
        subject_type: String,
        /// Which one.
        subject_id: Uuid,
        /// The status before; absent at the beginning.
        from_status: Option<String>,
        /// The status afterwards.
        to_status: String,
        /// The command that did it.
        command: String,
        /// Who asked for it.
        actor_name: String,
        /// Why, where that needs saying.
        reason: Option<String>,
        /// The order's version at commit.
        order_version: i64,
        /// When.
        occurred_at: Timestamp,
    }

    /// One business fact.
    EventView {
        /// The event.
        event_id: EventId,
        /// What happened.
        event_type: DomainEventType,
        /// The order's version that it made.
        order_version: i64,
        /// What belongs to it.
        data: Value,
        /// When.
        occurred_at: Timestamp,
    }
}
