-- Why: what happened to an order, told by our own tables and not by the engine's history (§22 §28 §41).
-- Compatible with: the first release.

create table order_transition (
    tenant_id text not null,
    id uuid not null,
    order_id uuid not null,
    subject_type text not null,
    subject_id uuid not null,
    from_status text,
    to_status text not null,
    command text not null,
    actor_name text not null,
    reason text,
    order_version bigint not null,
    event_id uuid,
    occurred_at timestamptz not null,
    constraint order_transition_pk primary key (tenant_id, id),
    constraint transition_belongs_to_an_order foreign key (tenant_id, order_id)
        references product_order (tenant_id, id),
    constraint transition_subject_is_known check (subject_type in ('ORDER', 'LINE', 'PLAN')),
    constraint transition_changes_the_status check (from_status is null or from_status <> to_status)
);
call oms_protect('order_transition');
create index transitions_of_an_order on order_transition (tenant_id, order_id, occurred_at, id);

create table audit_entry (
    tenant_id text not null,
    id uuid not null,
    -- The order, or the nil UUID for the tenant's own chain.
    chain_id uuid not null,
    sequence bigint not null,
    command text not null,
    actor_kind text not null,
    actor_name text not null,
    roles text[] not null,
    worker_id text,
    idempotency_key text,
    outcome text not null,
    code text,
    order_version bigint,
    previous_hash text not null,
    hash text not null,
    occurred_at timestamptz not null,
    constraint audit_entry_pk primary key (tenant_id, id),
    constraint audit_chain_has_no_fork unique (tenant_id, chain_id, sequence),
    constraint audit_actor_kind_is_known check (actor_kind in ('SYSTEM', 'CALLER', 'TARGET_SYSTEM')),
    constraint audit_outcome_is_known check (outcome in ('APPLIED', 'ALREADY_APPLIED', 'REFUSED'))
);
call oms_protect('audit_entry');

-- Head of the tenant's own chain, for refusals that concern no order.
create table tenant_audit_chain (
    tenant_id text not null,
    audit_sequence bigint not null,
    audit_head text not null,
    constraint tenant_audit_chain_pk primary key (tenant_id)
);
call oms_protect('tenant_audit_chain');

create table domain_event (
    tenant_id text not null,
    id uuid not null,
    order_id uuid not null,
    order_version bigint not null,
    event_type text not null,
    data jsonb not null,
    correlation_id uuid not null,
    traceparent text,
    occurred_at timestamptz not null,
    constraint domain_event_pk primary key (tenant_id, id),
    constraint one_event_per_order_version unique (tenant_id, order_id, order_version),
    constraint event_belongs_to_an_order foreign key (tenant_id, order_id)
        references product_order (tenant_id, id),
    constraint event_type_is_known check (event_type in (
        'OrderCreated', 'OrderValidated', 'OrderDecomposed', 'FulfillmentPlanCreated', 'FulfillmentStarted',
        'OrderLineFulfilled', 'OrderFalloutOpened', 'OrderFalloutResolved', 'BillingActivated',
        'BillingDeferred', 'OrderCompleted'))
);
call oms_protect('domain_event');

create table idempotency_record (
    tenant_id text not null,
    scope text not null,
    key text not null,
    fingerprint text not null,
    status text not null,
    leased_until timestamptz,
    lease_epoch bigint not null default 0,
    result_status integer,
    result jsonb,
    created_at timestamptz not null,
    constraint idempotency_record_pk primary key (tenant_id, scope, key),
    constraint idempotency_status_is_known check (status in ('RUNNING', 'DONE')),
    constraint running_key_is_leased check ((status = 'RUNNING') = (leased_until is not null)),
    constraint done_key_has_a_result check ((status = 'DONE') = (result is not null))
);
call oms_protect('idempotency_record');
