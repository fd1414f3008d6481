-- Why: billing per line (§23 §24) and what is said to the customer.
-- Compatible with: the first release.

create table billing_activation (
    tenant_id text not null,
    order_id uuid not null,
    order_line_id uuid not null,
    status text not null,
    updated_at timestamptz not null,
    constraint billing_activation_pk primary key (tenant_id, order_id, order_line_id),
    constraint billing_belongs_to_a_line foreign key (tenant_id, order_line_id)
        references order_line (tenant_id, id),
    constraint billing_status_is_known check (status in (
        'PENDING', 'ACTIVE', 'CHANGED', 'CEASED', 'DEFERRED', 'REJECTED', 'NOT_BILLABLE'))
);
call oms_protect('billing_activation');

create table customer_notification (
    tenant_id text not null,
    id uuid not null,
    order_id uuid not null,
    kind text not null,
    order_version bigint not null,
    status text not null,
    request_id uuid,
    attempt_count integer not null default 0,
    check_count integer not null default 0,
    lease_epoch bigint not null default 0,
    leased_until timestamptz,
    next_check_at timestamptz,
    external_reference text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint customer_notification_pk primary key (tenant_id, id),
    constraint one_notification_per_order_version unique (tenant_id, order_id, kind, order_version),
    constraint notification_belongs_to_an_order foreign key (tenant_id, order_id)
        references product_order (tenant_id, id),
    constraint notification_kind_is_known check (kind in ('ORDER_COMPLETED')),
    constraint notification_status_is_known check (status in (
        'SCHEDULED', 'SENDING', 'SENT', 'UNKNOWN', 'FAILED')),
    constraint sending_notification_is_leased check ((status = 'SENDING') = (leased_until is not null)),
    constraint sent_notification_has_a_request_id check (status = 'SCHEDULED' or request_id is not null)
) with (fillfactor = 80);
call oms_protect('customer_notification');
create index notifications_to_send on customer_notification (tenant_id, order_id)
    where status in ('SCHEDULED', 'SENDING', 'UNKNOWN');
