-- Why: business exceptions and engineering's incidents are two tables with two owners (§19 §20).
-- Compatible with: the first release.

create table order_fallout_case (
    tenant_id text not null,
    id uuid not null,
    order_id uuid not null,
    order_line_id uuid,
    fulfillment_step_id uuid,
    cause text not null,
    origin text not null,
    severity text not null,
    reason_code text not null,
    reasons jsonb not null,
    status text not null,
    is_blocking boolean not null,
    engine_anchor text not null,
    failure_signature text,
    evidence jsonb not null,
    occurrence_count integer not null default 1,
    assigned_group text not null,
    assigned_user text,
    version bigint not null,
    opened_at timestamptz not null,
    due_at timestamptz,
    resolved_at timestamptz,
    resolution text,
    resolution_code text,
    resolution_note text,
    constraint order_fallout_case_pk primary key (tenant_id, id),
    constraint case_belongs_to_an_order foreign key (tenant_id, order_id)
        references product_order (tenant_id, id),
    constraint case_status_is_known check (status in (
        'OPEN', 'IN_PROGRESS', 'WAITING_FOR_INFORMATION', 'AWAITING_APPROVAL', 'RESOLVED', 'CANCELLED')),
    constraint case_severity_is_known check (severity in ('MINOR', 'MAJOR', 'CRITICAL')),
    constraint case_engine_anchor_is_known check (engine_anchor in ('BPMN_ERROR', 'MESSAGE', 'NONE')),
    constraint case_resolution_is_known check (resolution in ('RETRY', 'CONTINUE')),
    constraint resolved_at_iff_resolved check ((status = 'RESOLVED') = (resolved_at is not null))
);
call oms_protect('order_fallout_case');
create unique index one_open_case_per_cause on order_fallout_case (tenant_id, order_id, cause)
    where status not in ('RESOLVED', 'CANCELLED');
create index cases_of_an_order on order_fallout_case (tenant_id, order_id);

create table platform_incident (
    tenant_id text not null,
    id uuid not null,
    kind text not null,
    cause text not null,
    target_system text,
    order_id uuid,
    severity text not null,
    detail text not null,
    occurrence_count bigint not null,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    resolved_at timestamptz,
    constraint platform_incident_pk primary key (tenant_id, id),
    constraint incident_kind_is_known check (kind in (
        'STEP_HELD', 'CONTRACT_BREACH', 'MALFORMED_CALLBACK', 'UNMATCHED_CALLBACK', 'DEAD_OUTBOX_MESSAGE',
        'CATALOGUE_MAPPING_MISSING', 'DUPLICATE_PROCESS_INSTANCE')),
    constraint incident_severity_is_known check (severity in ('MINOR', 'MAJOR', 'CRITICAL'))
);
call oms_protect('platform_incident');
create unique index one_open_incident_per_cause on platform_incident (tenant_id, kind, cause)
    where resolved_at is null;
