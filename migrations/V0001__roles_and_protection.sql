-- Why: one role per function, and one procedure that puts a table under forced row level security,
-- so that no table can be created without it (a test lists tables with tenant_id and looks).
-- Compatible with: everything; nothing exists before it.

do $$
declare
    role_name text;
begin
    foreach role_name in array array[
        'oms_system',
        'oms_order_intake', 'oms_outbox_relay', 'oms_order_validate_readiness', 'oms_order_decompose',
        'oms_order_create_fulfillment_plan', 'oms_fulfillment_execute_ready_steps',
        'oms_billing_activate', 'oms_order_complete', 'oms_notification_send_order_update',
        'oms_fulfillment_step_executor', 'oms_callback_processor', 'oms_reconciliation',
        'oms_operator_api']
    loop
        -- Roles belong to the whole cluster: another database's migration may be creating them now.
        begin
            if not exists (select from pg_roles where rolname = role_name) then
                execute format('create role %I nologin', role_name);
            end if;
        exception when duplicate_object or unique_violation then
            null;
        end;
    end loop;
end
$$;

-- Members of oms_system work across tenants, under an explicit policy on each table.
do $$
declare
    member text;
begin
    foreach member in array array[
        'oms_outbox_relay', 'oms_fulfillment_step_executor', 'oms_callback_processor', 'oms_reconciliation']
    loop
        if not pg_has_role(member, 'oms_system', 'member') then
            execute format('grant oms_system to %I', member);
        end if;
    end loop;
end
$$;

create procedure oms_protect(target regclass)
language plpgsql as $$
begin
    execute format('alter table %s enable row level security', target);
    execute format('alter table %s force row level security', target);
    -- After a commit the setting is the empty string, not NULL, hence the nullif.
    execute format(
        'create policy tenant_isolation on %s'
        ' using (tenant_id = nullif(current_setting(''app.tenant_id'', true), ''''))'
        ' with check (tenant_id = nullif(current_setting(''app.tenant_id'', true), ''''))', target);
    execute format('create policy system_access on %s to oms_system using (true) with check (true)', target);
end
$$;
