-- Why: every process is compared with its order from time to time (§40): restarts are counted, each
-- live correlation is due some day, and what the engine reports is an incident of its order.
-- One more topic function has a role.
-- Compatible with: the release before; a correlation without a next check counts as due since its start.

alter table workflow_correlation add column restart_count integer not null default 0;
alter table workflow_correlation add constraint restart_count_is_not_negative check (restart_count >= 0);

drop index correlations_to_check;
create index correlations_to_check on workflow_correlation (coalesce(next_check_at, started_at))
    where status in ('STARTING', 'RUNNING', 'LOST');

alter table platform_incident drop constraint incident_kind_is_known;
alter table platform_incident add constraint incident_kind_is_known check (kind in (
    'STEP_HELD', 'CONTRACT_BREACH', 'MALFORMED_CALLBACK', 'UNMATCHED_CALLBACK', 'ORPHAN_CALLBACK',
    'DEAD_OUTBOX_MESSAGE', 'CATALOGUE_MAPPING_MISSING', 'DUPLICATE_PROCESS_INSTANCE',
    'ENGINE_INCIDENT', 'ENGINE_INSTANCE_ENDED', 'ENGINE_INSTANCE_LOST', 'ENGINE_INSTANCE_SUSPENDED',
    'TASK_COMPLETED_BY_HAND'));

-- Reconciliation asks whether the customer still waits for a word after the order was completed.
grant select on customer_notification to oms_reconciliation;

do $$
begin
    -- Roles belong to the whole cluster: another database's migration may be creating it now.
    if not exists (select from pg_roles where rolname = 'oms_fulfillment_review_overdue_plan') then
        create role oms_fulfillment_review_overdue_plan nologin;
    end if;
exception when duplicate_object or unique_violation then
    null;
end
$$;
grant select, update on product_order, fulfillment_step to oms_fulfillment_review_overdue_plan;
grant select on order_line, fulfillment_plan, target_system to oms_fulfillment_review_overdue_plan;
grant select, insert, update on order_fallout_case to oms_fulfillment_review_overdue_plan;
grant insert on order_transition, audit_entry, domain_event, outbox_message to oms_fulfillment_review_overdue_plan;
grant select, insert on idempotency_record to oms_fulfillment_review_overdue_plan;
