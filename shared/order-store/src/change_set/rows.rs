//! The rows of a [`ChangeSet`](super::ChangeSet): field names are column names.

use jiff::Timestamp;
use order_domain::characteristic::Characteristics;
use serde_json::Value;
use uuid::Uuid;

use super::document::{ChangeRow, Columns};

macro_rules! change_rows {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub(crate) struct $name {
            $(pub(crate) $field: $type),+
        }

        impl ChangeRow for $name {
            fn write(&self, columns: &mut Columns<'_>) -> serde_json::Result<()> {
                $(columns.add(stringify!($field), &self.$field)?;)+
                Ok(())
            }
        }
    )+};
}

change_rows! {
    NewOrder {
        tenant_id: String, id: Uuid, order_number: String, quote_id: String, quote_revision: i32,
        customer_id: String, billing_account_id: String, status: &'static str, version: i64,
        correlation_id: Uuid, created_at: Timestamp, updated_at: Timestamp, audit_sequence: i64,
        audit_head: String,
    }
    OrderUpdate {
        tenant_id: String, id: Uuid, status: &'static str, version: i64,
        catalogue_version: Option<i32>, open_blocking_case_count: u32,
        validated_at: Option<Timestamp>, decomposed_at: Option<Timestamp>,
        planned_at: Option<Timestamp>, released_at: Option<Timestamp>,
        billing_settled_at: Option<Timestamp>, completed_at: Option<Timestamp>,
        failed_at: Option<Timestamp>, updated_at: Timestamp, audit_sequence: i64,
        audit_head: String,
    }
    NewSnapshot {
        tenant_id: String, order_id: Uuid, document: Value, digest: String, read_at: Timestamp,
    }
    NewLine {
        tenant_id: String, id: Uuid, order_id: Uuid, line_number: i32, quote_item_id: String,
        parent_line_id: Option<Uuid>, product_code: String, action: String, quantity: u32,
        recurring_amount_minor: Option<i64>, one_time_amount_minor: Option<i64>,
        currency: Option<String>, characteristics: Characteristics,
        previous_characteristics: Characteristics, product_instance_id: Option<String>,
        is_mandatory: bool, status: &'static str, updated_at: Timestamp,
    }
    LineUpdate {
        tenant_id: String, id: Uuid, status: &'static str, settled_reason: Option<String>,
        waived_by: Option<String>, step_count: u32, remaining_step_count: u32,
        failed_step_count: u32, skipped_step_count: u32, skip_approved_by: Option<String>,
        is_started: bool, updated_at: Timestamp,
    }
    NewWorkItem {
        tenant_id: String, id: Uuid, order_id: Uuid, order_line_id: Option<Uuid>,
        item_key: String, item: Value, rule_id: String, catalogue_version: i32,
        created_at: Timestamp,
    }
    DropWorkItems { tenant_id: String, order_id: Uuid, kept_keys: Vec<String> }
    DropOpening { tenant_id: String, lane: String }
    DropEngineDeliveries { tenant_id: String, order_id: Uuid }
    CorrelationUpdate {
        tenant_id: String, id: Uuid, status: &'static str, process_instance_id: Option<String>,
        workflow_run_id: Uuid, started_at: Timestamp, ended_at: Option<Timestamp>,
        next_check_at: Option<Timestamp>, restart_count: u32,
    }
    NewPlan {
        tenant_id: String, id: Uuid, order_id: Uuid, plan_version: i32, purpose: &'static str,
        status: &'static str, step_count: u32, remaining_step_count: u32,
        critical_path_length: u32, created_at: Timestamp,
    }
    PlanUpdate {
        tenant_id: String, id: Uuid, status: &'static str, remaining_step_count: u32,
        released_at: Option<Timestamp>, completed_at: Option<Timestamp>,
    }
    NewStep {
        tenant_id: String, id: Uuid, order_id: Uuid, plan_id: Uuid, order_line_id: Option<Uuid>,
        work_item_id: Uuid, step_key: String, step_type: String, target_system: String,
        operation: String, depends_on_step_keys: Vec<String>, dependent_step_keys: Vec<String>,
        pending_dependency_count: u32, is_mandatory: bool, point_of_no_return: String,
        compensation_operation: Option<String>, status: &'static str, request_payload: Value,
        needed_results: Option<Value>, deadline: Option<Value>, created_at: Timestamp,
        updated_at: Timestamp,
    }
    StepUpdate {
        tenant_id: String, id: Uuid, status: &'static str, target_system: Option<String>,
        request_payload: Option<Value>, generation: i32, request_id: Option<Uuid>, response_payload: Option<Value>,
        external_reference: Option<String>, failure_code: Option<String>,
        pending_dependency_count: u32, attempt_count: u32, check_count: u32,
        next_attempt_at: Option<Timestamp>, response_due_at: Option<Timestamp>, lease_epoch: i64,
        leased_until: Option<Timestamp>, held_by_incident_id: Option<Uuid>,
        held_cause: Option<String>, first_sent_at: Option<Timestamp>,
        first_absent_at: Option<Timestamp>, asked_at: Option<Timestamp>, is_unproved: bool, was_accepted: bool,
        deadline_at: Option<Timestamp>, circuit_wait: Option<&'static str>, updated_at: Timestamp,
    }
    NewRequest {
        tenant_id: String, request_id: Uuid, subject_type: &'static str, subject_id: Uuid,
        generation: i32, order_id: Uuid, target_system: String, operation: String,
        status: &'static str, created_at: Timestamp, updated_at: Timestamp,
    }
    RequestUpdate {
        tenant_id: String, request_id: Uuid, status: &'static str,
        external_reference: Option<String>, updated_at: Timestamp,
    }
    AttemptRow {
        tenant_id: String, id: Uuid, request_id: Uuid, kind: &'static str, started_at: Timestamp,
        duration_ms: i32, http_status: Option<i32>, failure_class: Option<&'static str>,
    }
    NewCase {
        tenant_id: String, id: Uuid, order_id: Uuid, order_line_id: Option<Uuid>,
        fulfillment_step_id: Option<Uuid>, cause: String, origin: String,
        severity: &'static str, reason_code: String, reasons: Value, status: &'static str,
        is_blocking: bool, engine_anchor: &'static str, failure_signature: Option<String>,
        evidence: Value, occurrence_count: u32, assigned_group: String, version: i64,
        opened_at: Timestamp, due_at: Option<Timestamp>,
    }
    CaseUpdate {
        tenant_id: String, id: Uuid, status: &'static str, severity: &'static str,
        occurrence_count: u32, version: i64, assigned_group: String,
        assigned_user: Option<String>, due_at: Option<Timestamp>, touched_at: Option<Timestamp>,
        escalation_level: u32, engine_anchor: &'static str, pending_request: Option<Value>,
        requested_information: Vec<String>, reason_code: Option<String>, reasons: Option<Value>,
        failure_signature: Option<String>, evidence: Option<Value>,
        resolved_at: Option<Timestamp>, resolution: Option<&'static str>,
        resolution_code: Option<String>, resolution_note: Option<String>,
    }
    LineInformation { tenant_id: String, id: Uuid, characteristics: Characteristics }
    ActionRow {
        tenant_id: String, id: Uuid, order_id: Uuid, fallout_case_id: Option<Uuid>,
        action: &'static str, actor_name: String, roles: Vec<String>, reason_code: String,
        note: Option<String>, input: Value, verdict: &'static str, refusal_code: Option<&'static str>,
        effect: Option<Value>, request_id: Option<Uuid>, case_version: Option<i64>,
        order_version: i64, occurred_at: Timestamp, bulk_action_id: Option<Uuid>,
    }
    NewBulkAction {
        tenant_id: String, id: Uuid, action: &'static str, input: Value, reason_code: String,
        note: Option<String>, selection: Value, status: &'static str, item_count: u32, canary_size: u32,
        rate_per_minute: u32, pause_after_failures: u32, requested_by: String,
        requested_roles: Vec<String>, journal: Value, version: i64, created_at: Timestamp,
    }
    NewBulkItem {
        tenant_id: String, bulk_action_id: Uuid, position: u32, order_id: Uuid, fallout_case_id: Uuid,
        case_version: i64, target_system: Option<String>, status: &'static str,
    }
    BulkUpdate {
        tenant_id: String, id: Uuid, status: &'static str, pause_reason: Option<&'static str>,
        forgiven_failures: u32, approved_by: Option<String>, canary_due_at: Option<Timestamp>,
        expires_at: Option<Timestamp>, ended_at: Option<Timestamp>, journal: Value, version: i64,
    }
    BulkItems { tenant_id: String, id: Uuid, canary_size: u32 }
    IncidentRow {
        tenant_id: String, id: Uuid, kind: &'static str, cause: String,
        target_system: Option<String>, order_id: Option<Uuid>, severity: &'static str,
        detail: String, occurrence_count: i64, first_seen_at: Timestamp, last_seen_at: Timestamp,
    }
    HeldIncidentRow {
        tenant_id: String, id: Uuid, kind: &'static str, cause: String,
        target_system: Option<String>, operation: Option<String>,
        failure_signature: Option<String>, order_id: Option<Uuid>, severity: &'static str,
        detail: String, occurrence_count: i64, first_seen_at: Timestamp, last_seen_at: Timestamp,
    }
    IncidentResolution {
        tenant_id: String, id: Uuid, resolved_at: Timestamp, resolved_by: String,
        resolution_code: String, resolution_note: Option<String>,
    }
    CurrentCatalogue {
        tenant_id: String, version: u32, document: Value, digest: String, loaded_at: Timestamp,
    }
    TransitionRow {
        tenant_id: String, id: Uuid, order_id: Uuid, subject_type: &'static str,
        subject_id: Uuid, from_status: Option<&'static str>, to_status: &'static str,
        command: &'static str, actor_name: String, reason: Option<String>, order_version: i64,
        event_id: Option<Uuid>, occurred_at: Timestamp,
    }
    AuditRow {
        tenant_id: String, id: Uuid, chain_id: Uuid, sequence: i64, command: &'static str,
        actor_kind: &'static str, actor_name: String, roles: Vec<String>,
        worker_id: Option<String>, idempotency_key: Option<String>, outcome: &'static str,
        code: Option<String>, order_version: Option<i64>, previous_hash: String, hash: String,
        occurred_at: Timestamp,
    }
    EventRow {
        tenant_id: String, id: Uuid, order_id: Uuid, order_version: i64,
        event_type: &'static str, data: Value, correlation_id: Uuid,
        traceparent: Option<String>, occurred_at: Timestamp,
    }
    OutboxRow {
        tenant_id: String, id: Uuid, kind: &'static str, lane: String, order_id: Uuid,
        payload: Value, available_at: Timestamp, created_at: Timestamp,
    }
    NewIdempotency {
        tenant_id: String, scope: &'static str, key: String, fingerprint: String,
        status: &'static str, result_status: Option<i32>, result: Value, created_at: Timestamp,
    }
    IdempotencyFinish {
        tenant_id: String, scope: &'static str, key: String, lease_epoch: i64,
        result_status: i32, result: Value,
    }
    BillingRow {
        tenant_id: String, order_id: Uuid, order_line_id: Uuid, status: &'static str,
        updated_at: Timestamp,
    }
    NewNotification {
        tenant_id: String, id: Uuid, order_id: Uuid, kind: &'static str, order_version: i64,
        status: &'static str, created_at: Timestamp, updated_at: Timestamp,
    }
    InboxRow {
        tenant_id: String, system: String, message_id: String, digest: String,
        verdict: &'static str, detail: Option<String>, request_id: Option<Uuid>,
        external_reference: Option<String>, fulfillment_step_id: Option<Uuid>,
        next_match_at: Option<Timestamp>, answer: Option<Value>, received_at: Timestamp,
        applied_at: Timestamp,
    }
    NewContradictionQuery {
        tenant_id: String, fallout_case_id: Uuid, order_id: Uuid, fulfillment_step_id: Uuid,
        request_id: Uuid, target_system: String, due_at: Timestamp,
    }
    ContradictionAnswer {
        tenant_id: String, fallout_case_id: Uuid, answer: &'static str, detail: Option<String>,
        answered_at: Timestamp,
    }
    CaseEvidence {
        tenant_id: String, id: Uuid, evidence: Value,
    }
    LetGo { tenant_id: String, system: String, step_count: u32, at: Timestamp }
    AskAbout { tenant_id: String, system: String, at: Timestamp }
    SystemIsBack { tenant_id: String, system: String, at: Timestamp }
    CircuitUpsert {
        tenant_id: String, system: String, status: &'static str, opened_at: Option<Timestamp>,
        opened_by: Option<&'static str>, operator: Option<String>, reason_code: Option<String>,
        note: Option<String>, next_move_at: Option<Timestamp>, probe_count: u32,
        drain_rate_per_minute: u32, window_started_at: Timestamp, success_count: u32,
        failure_count: u32, version: i64, updated_at: Timestamp,
    }
}
