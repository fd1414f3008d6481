-- Why: what is still owed to others, what came in from them, and which process instance serves an order
-- (§3 §4 §16 §29).
-- Compatible with: the first release.

create table outbox_message (
    tenant_id text not null,
    id uuid not null,
    -- Order within a lane: every writer of a lane holds its order's row lock.
    sequence bigint generated always as identity,
    kind text not null,
    lane text not null,
    order_id uuid not null,
    payload jsonb not null,
    available_at timestamptz not null,
    attempt_count integer not null default 0,
    lease_epoch bigint not null default 0,
    leased_by text,
    leased_until timestamptz,
    last_error text,
    dead_at timestamptz,
    created_at timestamptz not null,
    constraint outbox_message_pk primary key (tenant_id, id),
    constraint outbox_kind_is_known check (kind in (
        'WORKFLOW_START', 'WORKFLOW_MESSAGE', 'USER_TASK_COMPLETE', 'STEP_DISPATCH', 'DOMAIN_EVENT'))
);
call oms_protect('outbox_message');
create unique index outbox_lane_order on outbox_message (tenant_id, lane, sequence);
create index outbox_due on outbox_message (available_at) where dead_at is null;

create table inbox_message (
    tenant_id text not null,
    system text not null,
    message_id text not null,
    digest text not null,
    verdict text not null,
    detail text,
    request_id uuid,
    external_reference text,
    fulfillment_step_id uuid,
    next_match_at timestamptz,
    body bytea,
    received_at timestamptz not null,
    applied_at timestamptz not null,
    constraint inbox_message_pk primary key (tenant_id, system, message_id),
    constraint inbox_verdict_is_known check (verdict in (
        'APPLIED', 'DUPLICATE', 'LATE', 'UNMATCHED', 'CONTRADICTORY', 'MALFORMED'))
);
call oms_protect('inbox_message');
create index unmatched_callbacks on inbox_message (next_match_at) where verdict = 'UNMATCHED';

create table workflow_correlation (
    tenant_id text not null,
    id uuid not null,
    subject_type text not null,
    subject_id uuid not null,
    process_key text not null,
    process_instance_id text,
    business_key text not null,
    workflow_run_id uuid not null,
    status text not null,
    started_at timestamptz not null,
    ended_at timestamptz,
    next_check_at timestamptz,
    constraint workflow_correlation_pk primary key (tenant_id, id),
    constraint one_process_per_subject unique (tenant_id, subject_type, subject_id, process_key),
    constraint correlation_status_is_known check (status in ('STARTING', 'RUNNING', 'ENDED', 'LOST')),
    constraint running_process_is_known check (status <> 'RUNNING' or process_instance_id is not null),
    constraint ended_at_iff_ended check ((status = 'ENDED') = (ended_at is not null))
);
call oms_protect('workflow_correlation');
create index correlations_to_check on workflow_correlation (next_check_at)
    where status in ('STARTING', 'RUNNING');
