-- Why: one more function has a role: the worker of bulk actions sees the lists of all tenants, and orders of
-- one tenant at a time only. It keeps the pace at which target systems are sent anything.
-- Compatible with: the release before; only a role, a table and grants are new.

do $$
begin
    -- Roles belong to the whole cluster: another database's migration may be creating it now.
    if not exists (select from pg_roles where rolname = 'oms_bulk_recovery') then
        create role oms_bulk_recovery nologin;
    end if;
exception when duplicate_object or unique_violation then
    null;
end
$$;

-- The earliest moment for the next case of a target system.
create table bulk_action_pace (
    tenant_id text not null,
    bulk_action_id uuid not null,
    target_system text not null,
    next_at timestamptz not null,
    constraint bulk_action_pace_pk primary key (tenant_id, bulk_action_id, target_system)
);
call oms_protect('bulk_action_pace');

-- The worker is no member of oms_system: an explicit policy on these tables, and on no order.
create policy bulk_recovery_access on bulk_action to oms_bulk_recovery using (true) with check (true);
grant select, update on bulk_action, bulk_action_item to oms_bulk_recovery;
grant select, insert, update on bulk_action_pace to oms_bulk_recovery;
-- What acting on a case reads and writes, for the actions that are offered for many.
grant select, update on product_order, order_line, fulfillment_plan, fulfillment_step, order_fallout_case,
    external_request to oms_bulk_recovery;
grant select on target_system, target_system_circuit to oms_bulk_recovery;
grant select, insert on idempotency_record to oms_bulk_recovery;
grant insert on audit_entry, fallout_action, order_transition, domain_event to oms_bulk_recovery;
grant select, insert, delete on outbox_message to oms_bulk_recovery;
