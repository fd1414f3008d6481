//! One fallout case with its step and everything that people did about it, in one statement.

use jiff::Timestamp;
use order_domain::fallout::{CaseStatus, FalloutAction, FalloutResolution, Severity};
use order_domain::ids::{FalloutCaseId, FulfillmentStepId, OrderId, OrderLineId, RequestId};
use order_domain::step::StepStatus;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_postgres::types::Type;

use super::order_view::views;
use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::TenantTx;

pub(crate) const FIND_CASE: &str = r"
    select row_to_json(v) as view
    from (
        select c.id as fallout_case_id, c.order_id, c.order_line_id, c.version, c.status, c.severity,
               c.reason_code, c.reasons, c.is_blocking, c.origin, c.failure_signature, c.evidence,
               c.occurrence_count, c.assigned_group as owner_group, c.assigned_user as owner_user,
               c.opened_at, c.due_at, c.touched_at, c.escalation_level, c.resolved_at, c.resolution,
               c.resolution_code, coalesce(c.requested_information, '{}') as requested_information,
               case when c.pending_request is not null then json_build_object(
                   'action', c.pending_request->'action', 'requested_by', c.pending_request->'requestedBy',
                   'reason_code', c.pending_request->'reasonCode', 'note', c.pending_request->'note',
                   'input', c.pending_request->'input') end as pending_request,
               (select row_to_json(x)
                from (select s.id as fulfillment_step_id, s.step_key, s.target_system, s.operation, s.status,
                             s.generation, s.attempt_count, s.request_id, s.external_reference, s.failure_code
                      from fulfillment_step s
                      where s.tenant_id = c.tenant_id and s.id = c.fulfillment_step_id) x) as step,
               (select coalesce(json_agg(x order by x.occurred_at, x.action_id), '[]')
                from (select a.id as action_id, a.action, a.actor_name, a.reason_code, a.note, a.verdict,
                             a.refusal_code, a.effect, a.occurred_at
                      from fallout_action a
                      where a.tenant_id = c.tenant_id and a.order_id = c.order_id
                        and a.fallout_case_id = c.id) x) as actions
        from order_fallout_case c
        where c.tenant_id = $1 and c.order_id = $2 and c.id = $3) v";

views! {
    /// A fallout case as one snapshot.
    CaseDetail {
        /// The case.
        fallout_case_id: FalloutCaseId,
        /// Its order.
        order_id: OrderId,
        /// Its line, where it has one.
        order_line_id: Option<OrderLineId>,
        /// Rises with every action; `If-Match` of the next one.
        version: i64,
        /// Where it is.
        status: CaseStatus,
        /// How urgent it is.
        severity: Severity,
        /// Why it is open.
        reason_code: String,
        /// All reasons, for a failed milestone.
        reasons: Value,
        /// The order cannot complete while it is open.
        is_blocking: bool,
        /// The step type or command that it came from.
        origin: String,
        /// System, operation and reason: equal failures are equal.
        failure_signature: Option<String>,
        /// What is known.
        evidence: Value,
        /// How often it happened.
        occurrence_count: u32,
        /// Who has to act.
        owner_group: String,
        /// Who acts.
        owner_user: Option<String>,
        /// Since when.
        opened_at: Timestamp,
        /// When somebody must have touched it.
        due_at: Option<Timestamp>,
        /// When somebody did.
        touched_at: Option<Timestamp>,
        /// How often it was escalated.
        escalation_level: u32,
        /// When it was closed.
        resolved_at: Option<Timestamp>,
        /// How the process went on.
        resolution: Option<FalloutResolution>,
        /// Why it was closed.
        resolution_code: Option<String>,
        /// What has to be handed in.
        requested_information: Vec<String>,
        /// What waits for a second person.
        pending_request: Option<PendingView>,
        /// The step that it is about.
        step: Option<CaseStepView>,
        /// What people asked for, refused attempts too, oldest first.
        actions: Vec<ActionView>,
    }

    /// What waits for approval.
    PendingView {
        /// What was asked for.
        action: FalloutAction,
        /// By whom; somebody else must approve.
        requested_by: String,
        /// Why.
        reason_code: String,
        /// Why, in words.
        note: Option<String>,
        /// What it needs besides.
        input: Value,
    }

    /// The step of a case.
    CaseStepView {
        /// The step.
        fulfillment_step_id: FulfillmentStepId,
        /// Its key in the plan.
        step_key: String,
        /// Who does it.
        target_system: String,
        /// What that system is asked to do.
        operation: String,
        /// Where it is.
        status: StepStatus,
        /// Which generation.
        generation: i32,
        /// How often it was sent.
        attempt_count: u32,
        /// Our key at the target system.
        request_id: Option<RequestId>,
        /// The target system's key.
        external_reference: Option<String>,
        /// Why it failed.
        failure_code: Option<String>,
    }

    /// One attempt of a person, or an escalation by the clock.
    ActionView {
        /// The attempt.
        action_id: uuid::Uuid,
        /// What was asked for.
        action: FalloutAction,
        /// By whom.
        actor_name: String,
        /// Why.
        reason_code: String,
        /// Why, in words.
        note: Option<String>,
        /// APPLIED, AWAITING_APPROVAL or REFUSED.
        verdict: String,
        /// Why it was refused.
        refusal_code: Option<String>,
        /// What it changed.
        effect: Option<Value>,
        /// When.
        occurred_at: Timestamp,
    }
}

impl CaseDetail {
    /// Without what people and target systems wrote: notes, evidence, and what was handed in.
    ///
    /// What is left says what happened and what may be done, and nothing about a customer.
    #[must_use]
    pub fn without_words(mut self) -> Self {
        self.evidence = Value::Null;
        if let Some(request) = &mut self.pending_request {
            request.note = None;
            request.input = Value::Null;
        }
        for action in &mut self.actions {
            action.note = None;
        }
        self
    }
}

/// The case of an order, in one round trip; `None` where the tenant has no such case.
///
/// # Errors
/// Technical failures of the store.
pub async fn find_case(
    tx: TenantTx,
    (order_id, case_id): (OrderId, FalloutCaseId),
) -> Result<Option<CaseDetail>, StoreError> {
    let tenant = tx.tenant.clone();
    let params = [
        (&tenant.as_str() as _, Type::TEXT),
        (&order_id.as_uuid() as _, Type::UUID),
        (&case_id.as_uuid() as _, Type::UUID),
    ];
    let rows = tx.run_alone("find_case", FIND_CASE, &params).await?;
    rows.first().map(|row| Reader::new("order_fallout_case", row).json("view")).transpose()
}
