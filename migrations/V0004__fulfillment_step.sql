-- Why: steps, with the counters that make readiness a lookup, and indexes over hot sets only (§10 §15).
-- Compatible with: the first release.

create table fulfillment_step (
    tenant_id text not null,
    id uuid not null,
    order_id uuid not null,
    plan_id uuid not null,
    order_line_id uuid,
    work_item_id uuid not null,
    step_key text not null,
    step_type text not null,
    target_system text not null,
    operation text not null,
    depends_on_step_keys text[] not null,
    dependent_step_keys text[] not null,
    pending_dependency_count integer not null,
    is_mandatory boolean not null,
    point_of_no_return text not null,
    compensation_operation text,
    status text not null,
    generation integer not null default 1,
    request_id uuid,
    request_payload jsonb not null,
    response_payload jsonb,
    external_reference text,
    failure_code text,
    attempt_count integer not null default 0,
    check_count integer not null default 0,
    next_attempt_at timestamptz,
    dispatched_at timestamptz,
    response_due_at timestamptz,
    lease_epoch bigint not null default 0,
    leased_until timestamptz,
    held_by_incident_id uuid,
    deadline_at timestamptz,
    deadline jsonb,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint fulfillment_step_pk primary key (tenant_id, id),
    constraint step_key_is_unique_in_plan unique (tenant_id, plan_id, step_key),
    constraint step_belongs_to_a_plan foreign key (tenant_id, plan_id)
        references fulfillment_plan (tenant_id, id),
    constraint step_belongs_to_a_line foreign key (tenant_id, order_line_id)
        references order_line (tenant_id, id),
    constraint step_status_is_known check (status in (
        'PENDING', 'READY', 'SUBMITTING', 'SUBMITTED', 'UNKNOWN', 'COMPLETED', 'FAILED', 'SKIPPED',
        'CANCELLED')),
    constraint submitting_step_is_leased check ((status = 'SUBMITTING') = (leased_until is not null)),
    constraint step_in_flight_has_a_request_id check (
        status not in ('SUBMITTING', 'SUBMITTED', 'UNKNOWN') or request_id is not null),
    constraint waiting_step_has_a_deadline check (
        status not in ('SUBMITTED', 'UNKNOWN') or response_due_at is not null),
    constraint ready_step_has_no_open_dependency check (
        status in ('PENDING', 'SKIPPED', 'CANCELLED') or pending_dependency_count = 0),
    constraint ready_step_has_a_next_attempt check (status <> 'READY' or next_attempt_at is not null),
    constraint step_point_of_no_return_is_known check (point_of_no_return in ('NONE', 'SOFT', 'HARD')),
    constraint step_counts_are_not_negative check (
        pending_dependency_count >= 0 and attempt_count >= 0 and check_count >= 0 and generation > 0)
) with (fillfactor = 80);
call oms_protect('fulfillment_step');

-- Hot sets only: finished steps are in none of these.
create index ready_steps on fulfillment_step (next_attempt_at) where status = 'READY';
create index leased_steps on fulfillment_step (leased_until) where status = 'SUBMITTING';
create index steps_to_check on fulfillment_step (response_due_at) where status in ('SUBMITTED', 'UNKNOWN');
create index steps_of_an_order on fulfillment_step (tenant_id, order_id);
create index steps_by_external_reference on fulfillment_step (tenant_id, target_system, external_reference)
    where external_reference is not null;
