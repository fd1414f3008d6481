-- Why: one row per request id, stored before the call, and one per send or query (§15).
-- Compatible with: the first release.

create table external_request (
    tenant_id text not null,
    request_id uuid not null,
    subject_type text not null,
    subject_id uuid not null,
    generation integer not null,
    order_id uuid not null,
    target_system text not null,
    operation text not null,
    status text not null,
    external_reference text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint external_request_pk primary key (tenant_id, request_id),
    constraint one_request_id_per_subject_and_generation unique (tenant_id, subject_type, subject_id, generation),
    constraint request_belongs_to_an_order foreign key (tenant_id, order_id)
        references product_order (tenant_id, id),
    constraint request_subject_is_known check (subject_type in ('STEP', 'NOTIFICATION')),
    constraint request_status_is_known check (status in (
        'SENDING', 'ACCEPTED', 'COMPLETED', 'REJECTED', 'UNKNOWN', 'NOT_EXECUTED'))
) with (fillfactor = 80);
call oms_protect('external_request');

create table external_request_attempt (
    tenant_id text not null,
    id uuid not null,
    request_id uuid not null,
    kind text not null,
    started_at timestamptz not null,
    duration_ms integer not null,
    http_status integer,
    failure_class text,
    constraint external_request_attempt_pk primary key (tenant_id, id),
    constraint attempt_belongs_to_a_request foreign key (tenant_id, request_id)
        references external_request (tenant_id, request_id),
    constraint attempt_kind_is_known check (kind in ('SUBMIT', 'QUERY', 'CANCEL', 'CALLBACK')),
    constraint attempt_failure_class_is_known check (failure_class in (
        'RETRYABLE_TECHNICAL', 'NON_RETRYABLE_TECHNICAL', 'BUSINESS_REJECTION', 'UNKNOWN_OUTCOME',
        'MANUAL_REVIEW'))
);
call oms_protect('external_request_attempt');
create index attempts_of_a_request on external_request_attempt (tenant_id, request_id);
