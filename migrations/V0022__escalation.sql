-- Why: a case that nobody touched in time goes to the supervisors (§18 §20): a timer of its process asks,
-- and reconciliation finds what no timer asked about. One more topic function has a role.
-- Compatible with: the release before; only a role and grants are new.

do $$
begin
    -- Roles belong to the whole cluster: another database's migration may be creating it now.
    if not exists (select from pg_roles where rolname = 'oms_order_escalate_fallout') then
        create role oms_order_escalate_fallout nologin;
    end if;
exception when duplicate_object or unique_violation then
    null;
end
$$;
-- It opens no case, records no event and owes no delivery.
grant select, update on product_order, order_fallout_case to oms_order_escalate_fallout;
grant select on order_line, fulfillment_plan, fulfillment_step, target_system to oms_order_escalate_fallout;
grant insert on audit_entry, fallout_action to oms_order_escalate_fallout;
grant select, insert on idempotency_record to oms_order_escalate_fallout;

grant insert on fallout_action to oms_reconciliation;
