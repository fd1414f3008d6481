-- Why: catalogue and target systems are data, per tenant and versioned (§9): a new product or a new
-- system never changes code.
-- Compatible with: the first release.

create table product_catalogue (
    tenant_id text not null,
    version integer not null,
    document jsonb not null,
    digest text not null,
    is_current boolean not null,
    loaded_at timestamptz not null,
    constraint product_catalogue_pk primary key (tenant_id, version),
    constraint catalogue_version_is_positive check (version > 0)
);
call oms_protect('product_catalogue');
create unique index one_current_catalogue_per_tenant on product_catalogue (tenant_id) where is_current;

create table target_system (
    tenant_id text not null,
    system text not null,
    settings jsonb not null,
    updated_at timestamptz not null,
    constraint target_system_pk primary key (tenant_id, system)
);
call oms_protect('target_system');
