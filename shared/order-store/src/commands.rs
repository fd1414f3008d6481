//! The only public way to change an order, a line, a plan or a fallout case (§22).
//!
//! Each command locks and loads in one round trip, decides by pure functions of the domain, and
//! writes order, transitions, audit, events and deliveries in one statement together with COMMIT.
//! Repeating a command with its key returns the stored result.

mod act_on_case;
mod apply_catalogue;
mod begin_step_attempt;
mod begin_step_check;
mod bulk_action;
mod complete_order;
mod create_fulfillment_plan;
mod create_order;
mod decompose;
mod escalate_overdue_case;
mod fallout;
mod follow_engine_incidents;
mod hold_system;
mod milestone;
mod move_circuits;
mod notification;
mod record_step_outcome;
mod resolve_incident;
mod restart_process;
mod restore_next_event;
mod review_overdue_plan;
mod settle_billing;
mod start_fulfillment;
mod step_effects;
mod step_results;
mod validate_readiness;

pub use act_on_case::{
    ActOnCase, ActOutcome, ActionForecast, ActionInput, ActionReport, ActionVerdict, CaseAfter,
    ChargeChange, ChargeEffect, EffectReport, LineChange, RefusedAction, StepChange, act_on_case,
    foresee_actions, recall_action,
};
pub(crate) use act_on_case::{CaseSubject, PendingRequest, facts_of};
pub use apply_catalogue::{
    ApplyCatalogue, ApplyCatalogueOutcome, CatalogueReport, CatalogueVerdict, apply_catalogue,
};
pub use begin_step_attempt::{BeginAttempt, BeginOutcome, StepAttempt, begin_step_attempts};
pub use begin_step_check::{StepCheck, StepCheckRef, begin_step_checks};
pub use bulk_action::{
    AdvanceOutcome, BulkMoved, BulkOutcome, BulkPrepared, MoveBulkAction, PrepareBulkAction,
    advance_bulk_action, move_bulk_action, prepare_bulk_action,
};
pub use complete_order::complete_order;
pub use create_fulfillment_plan::create_fulfillment_plan;
pub use create_order::{
    CreateOutcome, KeyClaim, NewOrderLine, OrderDraft, claim_intake_key, create_order_from_quote,
    refuse_order, release_intake_key,
};
pub use decompose::decompose;
pub use escalate_overdue_case::{escalate_overdue_case, escalate_overdue_cases};
pub use follow_engine_incidents::{Followed, follow_engine_incidents, list_unfollowed};
pub use hold_system::{CircuitChanged, SystemOutcome, SystemRequest, hold_system, release_system};
pub use move_circuits::{CircuitMove, move_circuits};
pub use notification::{
    NotificationAttempt, NotificationResult, RecordOutcome, begin_notifications,
    record_notification,
};
pub use record_step_outcome::{
    CallbackReceipt, ContradictionCheck, ContradictionFinding, OutcomeVerdict, RequestAttempt,
    StepOutcome, StepSubject, claim_contradiction_checks, record_contradiction_findings,
    record_each_step_outcome, record_step_outcomes,
};
pub(crate) use record_step_outcome::{MATCH_AGAIN_AFTER, keep_answer, read_kept_answer};
pub use resolve_incident::{
    IncidentResolved, ResolveIncident, ResolveIncidentOutcome, resolve_incident,
};
pub use restart_process::{MissingProcess, ProcessFinding, RestartOutcome, restart_process};
pub use restore_next_event::{Restored, restore_next_events};
pub use review_overdue_plan::review_overdue_plan;
pub use settle_billing::settle_billing;
pub use start_fulfillment::start_fulfillment;
pub use validate_readiness::validate_readiness;

use order_domain::ids::FalloutCaseId;
use serde::{Deserialize, Serialize};

/// What a milestone command did. Stored under its key, so that a repeat answers the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
#[must_use]
pub enum CommandOutcome {
    /// Written.
    Applied {
        /// The order's version afterwards.
        order_version: i64,
    },
    /// It held already.
    AlreadyApplied {
        /// The order's version.
        order_version: i64,
    },
    /// A business "no": the case that it opened, or the open one that stands in the way.
    Refused {
        /// The stable code.
        code: String,
        /// The sentence an operator reads.
        message: String,
        /// The case to resolve; `None` where the process only asked too early.
        fallout_case_id: Option<FalloutCaseId>,
        /// The order's version afterwards.
        order_version: i64,
    },
}

/// The statements of this module and of the commands below it.
pub(crate) fn statements() -> Vec<(&'static str, &'static str)> {
    vec![
        ("act_on_case::LOAD_SUBJECTS", act_on_case::LOAD_SUBJECTS),
        ("act_on_case::FIND_TARGET", act_on_case::FIND_TARGET),
        ("apply_catalogue::FIND_PREDECESSORS", apply_catalogue::FIND_PREDECESSORS),
        ("bulk_action::LOCK_BULK", bulk_action::LOCK_BULK),
        ("bulk_action::COUNT_ITEMS", bulk_action::COUNT_ITEMS),
        ("create_order::CLAIM_KEY", create_order::CLAIM_KEY),
        ("create_order::RELEASE_KEY", create_order::RELEASE_KEY),
        ("create_order::FIND_ORDER_OF_QUOTE", create_order::FIND_ORDER_OF_QUOTE),
        ("validate_readiness::HAS_DUPLICATE", validate_readiness::HAS_DUPLICATE),
        ("create_fulfillment_plan::WORK_ITEMS", create_fulfillment_plan::WORK_ITEMS),
        ("record_step_outcome::KNOWN_MESSAGES", record_step_outcome::KNOWN_MESSAGES),
        ("follow_engine_incidents::LIST_UNFOLLOWED", follow_engine_incidents::LIST_UNFOLLOWED),
        (
            "follow_engine_incidents::INCIDENTS_OF_ORDERS",
            follow_engine_incidents::INCIDENTS_OF_ORDERS,
        ),
        ("restore_next_event::STILL_STRANDED", restore_next_event::STILL_STRANDED),
        ("hold_system::LOCK_CIRCUIT", hold_system::LOCK_CIRCUIT),
        ("move_circuits::LOCK_DUE_CIRCUITS", move_circuits::LOCK_DUE_CIRCUITS),
        ("restart_process::LOCK_CORRELATION", restart_process::LOCK_CORRELATION),
        ("record_step_outcome::CLAIM_CONTRADICTIONS", record_step_outcome::CLAIM_CONTRADICTIONS),
        ("resolve_incident::LOCK_INCIDENT", resolve_incident::LOCK_INCIDENT),
        ("resolve_incident::COUNT_HELD", resolve_incident::COUNT_HELD),
        ("notification::BEGIN", notification::BEGIN),
        ("notification::RECORD", notification::RECORD),
    ]
}
