-- Why: what is known about a step's sends is kept with the step, so that no process has to remember
-- it (ADR 0019), and an incident holds many steps until somebody resolves it with a reason.
-- Compatible with: the release before; every new column has a default or is nullable.

alter table fulfillment_step
    add column first_sent_at timestamptz,
    add column first_absent_at timestamptz,
    add column asked_at timestamptz,
    add column is_unproved boolean not null default false,
    add column was_accepted boolean not null default false;
create index held_steps on fulfillment_step (tenant_id, held_by_incident_id)
    where held_by_incident_id is not null;

alter table customer_notification
    add column first_absent_at timestamptz,
    add column failure_reason text;

alter table platform_incident
    add column operation text,
    add column failure_signature text,
    add column resolved_by text,
    add column resolution_code text,
    add column resolution_note text,
    add constraint resolution_names_who_and_why check (
        resolution_code is null or (resolved_at is not null and resolved_by is not null));
create index incidents_newest_first on platform_incident (tenant_id, first_seen_at, id);

alter table platform_incident drop constraint incident_kind_is_known;
alter table platform_incident add constraint incident_kind_is_known check (kind in (
    'STEP_HELD', 'CONTRACT_BREACH', 'MALFORMED_CALLBACK', 'UNMATCHED_CALLBACK', 'ORPHAN_CALLBACK',
    'DEAD_OUTBOX_MESSAGE', 'CATALOGUE_MAPPING_MISSING', 'DUPLICATE_PROCESS_INSTANCE',
    'ENGINE_INCIDENT', 'ENGINE_INSTANCE_ENDED', 'ENGINE_INSTANCE_LOST', 'ENGINE_INSTANCE_SUSPENDED',
    'TASK_COMPLETED_BY_HAND', 'ORDER_WITHOUT_NEXT_EVENT', 'NOTIFICATION_UNKNOWN'));

-- The case of a step quotes the calls that led to it.
grant select on external_request_attempt to
    oms_fulfillment_step_executor, oms_callback_processor, oms_reconciliation;

-- An operator who resolves an incident lets go the steps that it holds.
grant update on product_order, fulfillment_step, platform_incident to oms_operator_api;
grant insert on audit_entry, outbox_message, idempotency_record to oms_operator_api;
grant select on idempotency_record, target_system to oms_operator_api;
grant select, insert, update on tenant_audit_chain to oms_operator_api;

-- A communication whose outcome stays unknown is an incident of engineering's.
grant select, insert, update on platform_incident to oms_notification_send_order_update;

-- An incident holds steps of many orders: who is held says so, not the order that met it first.
create or replace view orders_without_next_event with (security_invoker = true) as
select o.tenant_id, o.id as order_id, o.status, o.updated_at
from product_order o
where o.status not in ('COMPLETED', 'CANCELLED', 'FAILED')
  -- a delivery is owed
  and not exists (select from outbox_message m
                  where m.tenant_id = o.tenant_id and m.order_id = o.id and m.dead_at is null)
  -- a person has it
  and not exists (select from order_fallout_case c
                  where c.tenant_id = o.tenant_id and c.order_id = o.id
                    and c.status not in ('RESOLVED', 'CANCELLED'))
  -- engineering has it: a step that an open incident holds, a dead delivery, an engine incident
  and not exists (select from platform_incident i
                  where i.tenant_id = o.tenant_id and i.order_id = o.id and i.resolved_at is null
                    and i.kind in ('DEAD_OUTBOX_MESSAGE', 'ENGINE_INCIDENT',
                                   'ENGINE_INSTANCE_ENDED', 'ENGINE_INSTANCE_SUSPENDED'))
  and not exists (select from fulfillment_step s
                  join platform_incident i on i.tenant_id = s.tenant_id and i.id = s.held_by_incident_id
                  where s.tenant_id = o.tenant_id and s.order_id = o.id and i.resolved_at is null)
  -- a step can be claimed, or its lease or its answer is due at a known time
  and not exists (select from fulfillment_step s
                  join fulfillment_plan p on p.tenant_id = s.tenant_id and p.id = s.plan_id
                  where s.tenant_id = o.tenant_id and s.order_id = o.id and p.status in ('RELEASED', 'FROZEN')
                    and (s.status = 'READY' and s.held_by_incident_id is null
                         or s.status in ('SUBMITTING', 'SUBMITTED', 'UNKNOWN')))
  -- the process has it: it is at a milestone, and reconciliation will look whether it still is
  and not exists (select from workflow_correlation c
                  where c.tenant_id = o.tenant_id and c.subject_type = 'ORDER' and c.subject_id = o.id
                    and c.status in ('STARTING', 'RUNNING', 'LOST')
                    and not exists (select from fulfillment_plan p
                                    where p.tenant_id = o.tenant_id and p.order_id = o.id
                                      and p.status = 'RELEASED'));
