//! The rows that a change writes: a loaded row's state, as the writing statement takes it.

use jiff::Timestamp;
use order_domain::circuit::CircuitWait;
use serde_json::{Value, json};

use crate::aggregate::{LineRow, PlanRow, StepRow};
use crate::change_set::{EventRow, LineUpdate, PlanUpdate, StepUpdate};

pub(super) fn line_update(tenant: &str, line: &LineRow, now: Timestamp) -> LineUpdate {
    LineUpdate {
        tenant_id: tenant.to_owned(),
        id: line.id.as_uuid(),
        status: line.status.as_str(),
        settled_reason: line.settled_reason.clone(),
        waived_by: line.waived_by.clone(),
        step_count: line.step_count,
        remaining_step_count: line.remaining_step_count,
        failed_step_count: line.failed_step_count,
        skipped_step_count: line.skipped_step_count,
        skip_approved_by: line.skip_approved_by.clone(),
        is_started: line.is_started,
        updated_at: now,
    }
}

pub(super) fn plan_update(tenant: &str, plan: &PlanRow) -> PlanUpdate {
    PlanUpdate {
        tenant_id: tenant.to_owned(),
        id: plan.id.as_uuid(),
        status: plan.status.as_str(),
        remaining_step_count: plan.remaining_step_count,
        released_at: plan.released_at,
        completed_at: plan.completed_at,
    }
}

pub(super) fn step_update(tenant: &str, step: &StepRow, now: Timestamp) -> StepUpdate {
    StepUpdate {
        tenant_id: tenant.to_owned(),
        id: step.id.as_uuid(),
        status: step.status.as_str(),
        target_system: step.has_new_payload.then(|| step.target_system.clone()),
        request_payload: step.has_new_payload.then(|| step.request_payload.clone()),
        generation: step.generation,
        request_id: step.request_id.map(|x| x.as_uuid()),
        response_payload: step.response_payload.clone(),
        external_reference: step.external_reference.clone(),
        failure_code: step.failure_code.clone(),
        pending_dependency_count: step.pending_dependency_count,
        attempt_count: step.attempt_count,
        check_count: step.check_count,
        next_attempt_at: step.next_attempt_at,
        response_due_at: step.response_due_at,
        lease_epoch: step.lease_epoch,
        leased_until: step.leased_until,
        held_by_incident_id: step.held_by_incident_id,
        held_cause: step.held_cause.clone(),
        first_sent_at: step.sends.first_sent_at,
        first_absent_at: step.sends.first_absent_at,
        asked_at: step.sends.asked_at,
        is_unproved: step.sends.is_unproved,
        was_accepted: step.sends.was_accepted,
        deadline_at: step.deadline_at,
        circuit_wait: step.circuit_wait.map(CircuitWait::as_str),
        updated_at: now,
    }
}

/// The fact as a CloudEvent 1.0; `subject` is the order, `sequence` its version.
pub(crate) fn cloud_event(row: &EventRow) -> Value {
    json!({
        "specversion": "1.0",
        "id": row.id,
        "source": format!("/oms/tenants/{}/orders", row.tenant_id),
        "type": format!("oms.{}.v1", row.event_type),
        "subject": row.order_id,
        "time": row.occurred_at,
        "datacontenttype": "application/json",
        "sequence": row.order_version.to_string(),
        "tenantid": row.tenant_id,
        "correlationid": row.correlation_id,
        "traceparent": row.traceparent,
        "data": {
            "eventType": row.event_type,
            "tenantId": row.tenant_id,
            "orderId": row.order_id,
            "orderVersion": row.order_version,
            "detail": row.data,
        },
    })
}
