-- Why: the order, its quote snapshot and its lines (§2 §24).
-- Compatible with: the first release.

create table product_order (
    tenant_id text not null,
    id uuid not null,
    order_number text not null,
    quote_id text not null,
    quote_revision integer not null,
    customer_id text not null,
    billing_account_id text not null,
    status text not null,
    version bigint not null,
    catalogue_version integer,
    correlation_id uuid not null,
    open_blocking_case_count integer not null default 0,
    created_at timestamptz not null,
    validated_at timestamptz,
    decomposed_at timestamptz,
    planned_at timestamptz,
    released_at timestamptz,
    billing_settled_at timestamptz,
    completed_at timestamptz,
    updated_at timestamptz not null,
    -- Head of the order's audit chain; kept here so that appending needs no second read.
    audit_sequence bigint not null,
    audit_head text not null,
    constraint product_order_pk primary key (tenant_id, id),
    constraint order_number_is_unique_in_tenant unique (tenant_id, order_number),
    constraint order_status_is_known check (status in (
        'CREATED', 'VALIDATED', 'DECOMPOSED', 'FULFILLMENT_IN_PROGRESS', 'PARTIALLY_FULFILLED',
        'FALLOUT', 'COMPLETED', 'CANCELLED', 'FAILED')),
    constraint completed_at_iff_completed check ((status = 'COMPLETED') = (completed_at is not null)),
    constraint fallout_iff_blocking_case_is_open check (
        status in ('COMPLETED', 'CANCELLED', 'FAILED') or (status = 'FALLOUT') = (open_blocking_case_count > 0)),
    constraint order_version_is_positive check (version > 0),
    constraint blocking_case_count_is_not_negative check (open_blocking_case_count >= 0),
    constraint quote_revision_is_positive check (quote_revision > 0)
) with (fillfactor = 80);
call oms_protect('product_order');

-- One live order per quote revision; a cancelled or failed one may be ordered again.
create unique index one_live_order_per_quote_revision
    on product_order (tenant_id, quote_id, quote_revision)
    where status not in ('CANCELLED', 'FAILED');
create index product_order_newest on product_order (tenant_id, created_at desc, id desc);

create table order_quote_snapshot (
    tenant_id text not null,
    order_id uuid not null,
    document jsonb not null,
    digest text not null,
    read_at timestamptz not null,
    constraint order_quote_snapshot_pk primary key (tenant_id, order_id),
    constraint quote_snapshot_belongs_to_an_order foreign key (tenant_id, order_id)
        references product_order (tenant_id, id)
);
call oms_protect('order_quote_snapshot');

create table order_line (
    tenant_id text not null,
    id uuid not null,
    order_id uuid not null,
    line_number integer not null,
    quote_item_id text not null,
    parent_line_id uuid,
    product_code text not null,
    action text not null,
    quantity integer not null,
    recurring_amount_minor bigint,
    one_time_amount_minor bigint,
    currency text,
    characteristics jsonb not null,
    previous_characteristics jsonb not null,
    product_instance_id text,
    is_mandatory boolean not null,
    status text not null,
    waived_by text,
    settled_reason text,
    step_count integer not null default 0,
    remaining_step_count integer not null default 0,
    failed_step_count integer not null default 0,
    is_started boolean not null default false,
    updated_at timestamptz not null,
    constraint order_line_pk primary key (tenant_id, id),
    constraint line_number_is_unique_in_order unique (tenant_id, order_id, line_number),
    constraint line_belongs_to_an_order foreign key (tenant_id, order_id)
        references product_order (tenant_id, id),
    constraint parent_line_exists foreign key (tenant_id, parent_line_id)
        references order_line (tenant_id, id),
    constraint line_action_is_known check (action in ('ADD', 'MODIFY', 'DELETE', 'NO_CHANGE')),
    constraint line_status_is_known check (status in (
        'NOT_STARTED', 'IN_PROGRESS', 'FULFILLED', 'FAILED', 'WAIVED', 'CANCELLED')),
    constraint existing_product_is_named_unless_added check (
        action = 'ADD' or product_instance_id is not null),
    constraint waived_line_names_its_authority check ((status = 'WAIVED') = (waived_by is not null)),
    constraint line_quantity_is_positive check (quantity > 0),
    constraint priced_line_has_a_currency check (
        (recurring_amount_minor is null and one_time_amount_minor is null) or currency is not null),
    constraint line_step_counts_fit check (
        remaining_step_count between 0 and step_count and failed_step_count between 0 and step_count)
) with (fillfactor = 80);
call oms_protect('order_line');
