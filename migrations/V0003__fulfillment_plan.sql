-- Why: work items and the plan that orders them (§9 §10).
-- Compatible with: the first release.

create table order_work_item (
    tenant_id text not null,
    id uuid not null,
    order_id uuid not null,
    order_line_id uuid,
    item_key text not null,
    item jsonb not null,
    rule_id text not null,
    catalogue_version integer not null,
    created_at timestamptz not null,
    constraint order_work_item_pk primary key (tenant_id, id),
    constraint work_item_key_is_unique_in_order unique (tenant_id, order_id, item_key),
    constraint work_item_belongs_to_an_order foreign key (tenant_id, order_id)
        references product_order (tenant_id, id)
);
call oms_protect('order_work_item');

create table fulfillment_plan (
    tenant_id text not null,
    id uuid not null,
    order_id uuid not null,
    plan_version integer not null,
    purpose text not null,
    status text not null,
    step_count integer not null,
    remaining_step_count integer not null,
    critical_path_length integer not null,
    created_at timestamptz not null,
    released_at timestamptz,
    completed_at timestamptz,
    constraint fulfillment_plan_pk primary key (tenant_id, id),
    constraint plan_version_is_unique_in_order unique (tenant_id, order_id, plan_version),
    constraint plan_belongs_to_an_order foreign key (tenant_id, order_id)
        references product_order (tenant_id, id),
    constraint plan_purpose_is_known check (purpose in ('FULFILLMENT', 'COMPENSATION')),
    constraint plan_status_is_known check (status in (
        'CREATED', 'RELEASED', 'COMPLETED', 'FROZEN', 'CANCELLED')),
    constraint completed_plan_has_no_remaining_step check (
        status <> 'COMPLETED' or remaining_step_count = 0),
    constraint plan_completed_at_iff_completed check ((status = 'COMPLETED') = (completed_at is not null)),
    constraint remaining_steps_fit_the_plan check (remaining_step_count between 0 and step_count)
) with (fillfactor = 80);
call oms_protect('fulfillment_plan');
