//! One part of the writing statement per table and verb.
//!
//! Parts see one snapshot and none of each other's rows; foreign keys between them are checked when
//! the statement ends. A part names its columns, so that a column with a default keeps it.

use super::circuit_parts;

macro_rules! parts {
    ($($variant:ident = $key:literal: $sql:expr;)+) => {
        /// One part; the order is the order in the statement.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Part { $($variant),+ }

        impl Part {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name of its rows in the JSON parameter.
            pub(crate) const fn key(self) -> &'static str {
                match self { $(Self::$variant => $key),+ }
            }

            /// Its SQL: one common table expression.
            pub(crate) const fn sql(self) -> &'static str {
                match self { $(Self::$variant => $sql),+ }
            }
        }
    };
}

/// `insert into <table> (<columns>)` of the part's rows.
macro_rules! insert {
    ($key:literal, $table:literal, $columns:literal) => {
        insert!($key, $table, $columns, "")
    };
    ($key:literal, $table:literal, $columns:literal, $tail:literal) => {
        concat!(
            $key,
            " as (insert into ",
            $table,
            " (",
            $columns,
            ") select ",
            $columns,
            " from jsonb_populate_recordset(null::",
            $table,
            ", $1::jsonb->'",
            $key,
            "') ",
            $tail,
            ")"
        )
    };
}

/// What an update of a step sets; who holds it is the caller's to say.
macro_rules! step_columns {
    ($tail:literal) => {
        concat!(
            "status = x.status, target_system = coalesce(x.target_system, t.target_system), request_payload = coalesce(x.request_payload, t.request_payload), generation = x.generation, request_id = x.request_id, response_payload = x.response_payload, external_reference = x.external_reference, failure_code = x.failure_code, pending_dependency_count = x.pending_dependency_count, attempt_count = x.attempt_count, check_count = x.check_count, next_attempt_at = x.next_attempt_at, response_due_at = x.response_due_at, lease_epoch = x.lease_epoch, leased_until = x.leased_until, first_sent_at = x.first_sent_at, first_absent_at = x.first_absent_at, asked_at = x.asked_at, is_unproved = x.is_unproved, was_accepted = x.was_accepted, deadline_at = x.deadline_at, circuit_wait = x.circuit_wait, updated_at = x.updated_at, dispatched_at = case when x.status = 'READY' and t.status <> 'READY' then null else t.dispatched_at end",
            $tail
        )
    };
}

/// `update <table> set <assignments>` by tenant and id; `x` is the part's row.
macro_rules! update {
    ($key:literal, $table:literal, $assignments:expr) => {
        concat!(
            $key,
            " as (update ",
            $table,
            " t set ",
            $assignments,
            " from jsonb_populate_recordset(null::",
            $table,
            ", $1::jsonb->'",
            $key,
            "') x",
            " where t.tenant_id = x.tenant_id and t.id = x.id)"
        )
    };
}

parts! {
    // First: the order is inserted only while the caller still holds its key; without it the
    // lines' foreign key fails and takes everything back.
    FinishIdempotency = "finish_idempotency": r"finish_idempotency as (
        update idempotency_record t
        set status = 'DONE', leased_until = null, result_status = x.result_status, result = x.result
        from jsonb_populate_recordset(null::idempotency_record, $1::jsonb->'finish_idempotency') x
        where t.tenant_id = x.tenant_id and t.scope = x.scope and t.key = x.key
          and t.status = 'RUNNING' and t.lease_epoch = x.lease_epoch
        returning t.key)";
    NewOrder = "new_order": r"new_order as (
        insert into product_order (tenant_id, id, order_number, quote_id, quote_revision, customer_id,
            billing_account_id, status, version, correlation_id, created_at, updated_at,
            audit_sequence, audit_head)
        select tenant_id, id, order_number, quote_id, quote_revision, customer_id,
            billing_account_id, status, version, correlation_id, created_at, updated_at,
            audit_sequence, audit_head
        from jsonb_populate_recordset(null::product_order, $1::jsonb->'new_order')
        where exists (select from finish_idempotency))";
    NewSnapshot = "new_snapshot": insert!("new_snapshot", "order_quote_snapshot",
        "tenant_id, order_id, document, digest, read_at");
    NewLine = "new_line": insert!("new_line", "order_line",
        "tenant_id, id, order_id, line_number, quote_item_id, parent_line_id, product_code, action, quantity, recurring_amount_minor, one_time_amount_minor, currency, characteristics, previous_characteristics, product_instance_id, is_mandatory, status, updated_at");
    OrderUpdate = "order_update": update!("order_update", "product_order",
        "status = x.status, version = x.version, catalogue_version = x.catalogue_version, open_blocking_case_count = x.open_blocking_case_count, validated_at = x.validated_at, decomposed_at = x.decomposed_at, planned_at = x.planned_at, released_at = x.released_at, billing_settled_at = x.billing_settled_at, completed_at = x.completed_at, failed_at = x.failed_at, updated_at = x.updated_at, audit_sequence = x.audit_sequence, audit_head = x.audit_head");
    LineUpdate = "line_update": update!("line_update", "order_line",
        "status = x.status, settled_reason = x.settled_reason, waived_by = x.waived_by, skipped_step_count = x.skipped_step_count, skip_approved_by = x.skip_approved_by, step_count = x.step_count, remaining_step_count = x.remaining_step_count, failed_step_count = x.failed_step_count, is_started = x.is_started, updated_at = x.updated_at");
    // Decomposing again replaces the items: same key, same row; what is gone is dropped.
    NewWorkItem = "new_work_item": insert!("new_work_item", "order_work_item",
        "tenant_id, id, order_id, order_line_id, item_key, item, rule_id, catalogue_version, created_at",
        "on conflict (tenant_id, order_id, item_key) do update set order_line_id = excluded.order_line_id, item = excluded.item, rule_id = excluded.rule_id, catalogue_version = excluded.catalogue_version");
    DropWorkItems = "drop_work_items": r"drop_work_items as (
        delete from order_work_item w
        using jsonb_to_recordset($1::jsonb->'drop_work_items') as x(tenant_id text, order_id uuid, kept_keys text[])
        where w.tenant_id = x.tenant_id and w.order_id = x.order_id and w.item_key <> all(x.kept_keys))";
    NewPlan = "new_plan": insert!("new_plan", "fulfillment_plan",
        "tenant_id, id, order_id, plan_version, purpose, status, step_count, remaining_step_count, critical_path_length, created_at");
    PlanUpdate = "plan_update": update!("plan_update", "fulfillment_plan",
        "status = x.status, remaining_step_count = x.remaining_step_count, released_at = x.released_at, completed_at = x.completed_at");
    NewStep = "new_step": r"new_step as (
        insert into fulfillment_step (tenant_id, id, order_id, plan_id, order_line_id, work_item_id, step_key,
            step_type, target_system, operation, depends_on_step_keys, dependent_step_keys,
            pending_dependency_count, is_mandatory, point_of_no_return, compensation_operation, status,
            request_payload, needed_results, deadline, created_at, updated_at)
        select tenant_id, id, order_id, plan_id, order_line_id, work_item_id, step_key,
            step_type, target_system, operation, depends_on_step_keys, dependent_step_keys,
            pending_dependency_count, is_mandatory, point_of_no_return, compensation_operation, status,
            request_payload, needed_results, deadline, created_at, updated_at
        from jsonb_populate_recordset(null::fulfillment_step, $1::jsonb->'new_step'))";
    // Before the steps that it holds: one open incident per cause, and who is held names the open one.
    Incident = "incident": insert!("incident", "platform_incident",
        "tenant_id, id, kind, cause, target_system, operation, failure_signature, order_id, severity, detail, occurrence_count, first_seen_at, last_seen_at",
        "on conflict (tenant_id, kind, cause) where resolved_at is null do update set occurrence_count = platform_incident.occurrence_count + excluded.occurrence_count, last_seen_at = excluded.last_seen_at, detail = excluded.detail returning tenant_id, kind, cause, id");
    // A move to READY starts a new wait for dispatch; otherwise the relay's mark stays.
    StepUpdate = "step_update": update!("step_update", "fulfillment_step",
        step_columns!(", held_by_incident_id = x.held_by_incident_id"));
    HeldStepUpdate = "held_step_update": concat!(
        "held_step_update as (update fulfillment_step t set ",
        step_columns!(", held_by_incident_id = i.id"),
        " from jsonb_array_elements($1::jsonb->'held_step_update') e(value)",
        " cross join lateral jsonb_populate_record(null::fulfillment_step, e.value) x",
        " join incident i on i.tenant_id = x.tenant_id and i.kind = 'STEP_HELD' and i.cause = e.value->>'held_cause'",
        " where t.tenant_id = x.tenant_id and t.id = x.id)");
    NewRequest = "new_request": insert!("new_request", "external_request",
        "tenant_id, request_id, subject_type, subject_id, generation, order_id, target_system, operation, status, created_at, updated_at");
    RequestUpdate = "request_update": r"request_update as (
        update external_request t
        set status = x.status, external_reference = coalesce(x.external_reference, t.external_reference),
            updated_at = x.updated_at
        from jsonb_populate_recordset(null::external_request, $1::jsonb->'request_update') x
        where t.tenant_id = x.tenant_id and t.request_id = x.request_id)";
    NewAttempt = "new_attempt": insert!("new_attempt", "external_request_attempt",
        "tenant_id, id, request_id, kind, started_at, duration_ms, http_status, failure_class");
    NewCase = "new_case": insert!("new_case", "order_fallout_case",
        "tenant_id, id, order_id, order_line_id, fulfillment_step_id, cause, origin, severity, reason_code, reasons, status, is_blocking, engine_anchor, failure_signature, evidence, occurrence_count, assigned_group, version, opened_at, due_at");
    // The case of a step: its evidence ends with the calls of now, and begins with the stored ones.
    NewStepCase = "new_step_case": r"new_step_case as (
        insert into order_fallout_case (tenant_id, id, order_id, order_line_id, fulfillment_step_id, cause, origin,
            severity, reason_code, reasons, status, is_blocking, engine_anchor, failure_signature, occurrence_count,
            assigned_group, version, opened_at, due_at, evidence)
        select c.tenant_id, c.id, c.order_id, c.order_line_id, c.fulfillment_step_id, c.cause, c.origin,
            c.severity, c.reason_code, c.reasons, c.status, c.is_blocking, c.engine_anchor, c.failure_signature,
            c.occurrence_count, c.assigned_group, c.version, c.opened_at, c.due_at,
            c.evidence || jsonb_build_object('attempts', coalesce((
                select jsonb_agg(jsonb_build_object('kind', a.kind, 'startedAt', a.started_at,
                    'httpStatus', a.http_status, 'failureClass', a.failure_class) order by a.started_at)
                from (select * from external_request_attempt a
                      where a.tenant_id = c.tenant_id and a.request_id = (c.evidence->>'requestId')::uuid
                      order by a.started_at desc
                      limit 10) a), '[]'::jsonb) || (c.evidence->'attempts'))
        from jsonb_populate_recordset(null::order_fallout_case, $1::jsonb->'new_step_case') c)";
    CaseUpdate = "case_update": update!("case_update", "order_fallout_case",
        "status = x.status, severity = x.severity, occurrence_count = x.occurrence_count, version = x.version, assigned_group = x.assigned_group, assigned_user = x.assigned_user, due_at = x.due_at, touched_at = x.touched_at, escalation_level = x.escalation_level, pending_request = x.pending_request, requested_information = x.requested_information, reason_code = coalesce(x.reason_code, t.reason_code), reasons = coalesce(x.reasons, t.reasons), failure_signature = coalesce(x.failure_signature, t.failure_signature), evidence = t.evidence || coalesce(x.evidence, '{}'), engine_anchor = x.engine_anchor, resolved_at = x.resolved_at, resolution = x.resolution, resolution_code = x.resolution_code, resolution_note = x.resolution_note");
    // Before any work exists, so that no other part writes the line.
    LineInformation = "line_information": update!("line_information", "order_line",
        "characteristics = t.characteristics || x.characteristics");
    Action = "action": insert!("action", "fallout_action",
        "tenant_id, id, order_id, fallout_case_id, action, actor_name, roles, reason_code, note, input, verdict, refusal_code, effect, request_id, case_version, order_version, occurred_at, bulk_action_id");
    IncidentResolution = "incident_resolution": r"incident_resolution as (
        update platform_incident t
        set resolved_at = x.resolved_at, resolved_by = x.resolved_by, resolution_code = x.resolution_code,
            resolution_note = x.resolution_note
        from jsonb_populate_recordset(null::platform_incident, $1::jsonb->'incident_resolution') x
        where t.tenant_id = x.tenant_id and t.id = x.id and t.resolved_at is null)";
    Transition = "transition": insert!("transition", "order_transition",
        "tenant_id, id, order_id, subject_type, subject_id, from_status, to_status, command, actor_name, reason, order_version, event_id, occurred_at");
    Audit = "audit": insert!("audit", "audit_entry",
        "tenant_id, id, chain_id, sequence, command, actor_kind, actor_name, roles, worker_id, idempotency_key, outcome, code, order_version, previous_hash, hash, occurred_at");
    Event = "event": insert!("event", "domain_event",
        "tenant_id, id, order_id, order_version, event_type, data, correlation_id, traceparent, occurred_at");
    // The sequence is given in array order, so that lanes keep the order of decisions.
    Outbox = "outbox": r"outbox as (
        insert into outbox_message (tenant_id, id, kind, lane, order_id, payload, available_at, created_at)
        select x.value->>'tenant_id', (x.value->>'id')::uuid, x.value->>'kind', x.value->>'lane',
            (x.value->>'order_id')::uuid, x.value->'payload', (x.value->>'available_at')::timestamptz,
            (x.value->>'created_at')::timestamptz
        from jsonb_array_elements($1::jsonb->'outbox') with ordinality as x(value, position)
        order by x.position)";
    // The opening of a case that is closed before anybody heard of it is not owed any more.
    DropOpening = "drop_opening": r"drop_opening as (
        delete from outbox_message m
        using jsonb_populate_recordset(null::outbox_message, $1::jsonb->'drop_opening') x
        where m.tenant_id = x.tenant_id and m.lane = x.lane and m.kind = 'WORKFLOW_MESSAGE'
          and m.leased_until is null)";
    // What was owed to an instance that is gone is not owed to its successor: that one is owed anew.
    DropEngineDeliveries = "drop_engine_deliveries": r"drop_engine_deliveries as (
        delete from outbox_message m
        using jsonb_populate_recordset(null::outbox_message, $1::jsonb->'drop_engine_deliveries') x
        where m.tenant_id = x.tenant_id and m.order_id = x.order_id
          and m.kind in ('WORKFLOW_START', 'WORKFLOW_MESSAGE', 'USER_TASK_COMPLETE'))";
    CorrelationUpdate = "correlation_update": update!("correlation_update", "workflow_correlation",
        "status = x.status, process_instance_id = x.process_instance_id, workflow_run_id = x.workflow_run_id, started_at = x.started_at, ended_at = x.ended_at, next_check_at = x.next_check_at, restart_count = x.restart_count");
    NewIdempotency = "new_idempotency": insert!("new_idempotency", "idempotency_record",
        "tenant_id, scope, key, fingerprint, status, result_status, result, created_at");
    Billing = "billing": insert!("billing", "billing_activation",
        "tenant_id, order_id, order_line_id, status, updated_at",
        "on conflict (tenant_id, order_id, order_line_id) do update set status = excluded.status, updated_at = excluded.updated_at");
    NewNotification = "new_notification": insert!("new_notification", "customer_notification",
        "tenant_id, id, order_id, kind, order_version, status, created_at, updated_at");
    // A callback that waits for its step keeps its turn; only a final verdict replaces it.
    Inbox = "inbox": insert!("inbox", "inbox_message",
        "tenant_id, system, message_id, digest, verdict, detail, request_id, external_reference, fulfillment_step_id, next_match_at, answer, received_at, applied_at",
        "on conflict (tenant_id, system, message_id) do update set verdict = excluded.verdict, detail = excluded.detail, request_id = excluded.request_id, fulfillment_step_id = excluded.fulfillment_step_id, applied_at = excluded.applied_at, next_match_at = excluded.next_match_at, answer = excluded.answer where inbox_message.next_match_at is not null and excluded.verdict <> 'UNMATCHED'");
    NewContradictionQuery = "new_contradiction_query": insert!("new_contradiction_query", "contradiction_query",
        "tenant_id, fallout_case_id, order_id, fulfillment_step_id, request_id, target_system, due_at");
    ContradictionAnswer = "contradiction_answer": r"contradiction_answer as (
        update contradiction_query t
        set answer = x.answer, detail = x.detail, answered_at = x.answered_at, due_at = null
        from jsonb_populate_recordset(null::contradiction_query, $1::jsonb->'contradiction_answer') x
        where t.tenant_id = x.tenant_id and t.fallout_case_id = x.fallout_case_id and t.answer is null)";
    // Whoever decided on the evidence of before must read again.
    CaseEvidence = "case_evidence": update!("case_evidence", "order_fallout_case",
        "evidence = t.evidence || x.evidence, version = t.version + 1");
    // At most one is current at any moment, so the insert waits until the others are retired. A
    // version that is there with the same content becomes current again.
    CurrentCatalogue = "current_catalogue": r"retired_catalogue as (
        update product_catalogue t
        set is_current = false
        from jsonb_populate_recordset(null::product_catalogue, $1::jsonb->'current_catalogue') x
        where t.tenant_id = x.tenant_id and t.is_current and t.version <> x.version
        returning t.version),
    current_catalogue as (
        insert into product_catalogue as t (tenant_id, version, document, digest, is_current, loaded_at)
        select x.tenant_id, x.version, x.document, x.digest, true, x.loaded_at
        from jsonb_populate_recordset(null::product_catalogue, $1::jsonb->'current_catalogue') x
        where (select count(*) from retired_catalogue) >= 0
        on conflict (tenant_id, version) do update set is_current = true
        where t.digest = excluded.digest)";
    NewBulkAction = "new_bulk_action": insert!("new_bulk_action", "bulk_action",
        "tenant_id, id, action, input, reason_code, note, selection, status, item_count, canary_size, rate_per_minute, pause_after_failures, requested_by, requested_roles, journal, version, created_at");
    NewBulkItem = "new_bulk_item": insert!("new_bulk_item", "bulk_action_item",
        "tenant_id, bulk_action_id, position, order_id, fallout_case_id, case_version, target_system, status");
    BulkUpdate = "bulk_update": update!("bulk_update", "bulk_action",
        "status = x.status, pause_reason = x.pause_reason, forgiven_failures = x.forgiven_failures, approved_by = x.approved_by, canary_due_at = x.canary_due_at, expires_at = x.expires_at, ended_at = x.ended_at, journal = t.journal || x.journal, version = x.version");
    // The first few that the dry run left.
    MarkCanary = "mark_canary": r"mark_canary as (
        update bulk_action_item i
        set is_canary = true
        from jsonb_to_recordset($1::jsonb->'mark_canary') as x(tenant_id text, id uuid, canary_size integer)
        where i.tenant_id = x.tenant_id and i.bulk_action_id = x.id and i.position in (
            select c.position from bulk_action_item c
            where c.tenant_id = x.tenant_id and c.bulk_action_id = x.id and c.status = 'PENDING'
            order by c.position
            limit x.canary_size))";
    // What a worker has in hand still gets its result.
    SkipBulkItems = "skip_bulk_items": r"skip_bulk_items as (
        update bulk_action_item i
        set status = 'SKIPPED'
        from jsonb_to_recordset($1::jsonb->'skip_bulk_items') as x(tenant_id text, id uuid)
        where i.tenant_id = x.tenant_id and i.bulk_action_id = x.id
          and (i.status = 'SELECTED' or (i.status = 'PENDING' and i.leased_until is null)))";
    // The head of the tenant's own chain moves to the entry written beside it.
    TenantChain = "tenant_chain": r"tenant_chain as (
        update tenant_audit_chain t
        set audit_sequence = x.sequence, audit_head = x.hash
        from jsonb_populate_recordset(null::audit_entry, $1::jsonb->'tenant_chain') x
        where t.tenant_id = x.tenant_id)";
    LetGo = "let_go": circuit_parts::LET_GO;
    AskAbout = "ask_about": circuit_parts::ASK_ABOUT;
    SystemIsBack = "system_is_back": circuit_parts::SYSTEM_IS_BACK;
    // Last, which PostgreSQL carries out first: circuits are locked before incidents, by everybody.
    Circuit = "circuit": circuit_parts::UPSERT;
}
