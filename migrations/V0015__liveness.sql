-- Why: "no order waits without an owner" as one definition that operators, the sweeper, the metric
-- and the tests all read (RELIABILITY §1).
-- Compatible with: the release before; nothing it writes is refused.

alter table platform_incident drop constraint incident_kind_is_known;
alter table platform_incident add constraint incident_kind_is_known check (kind in (
    'STEP_HELD', 'CONTRACT_BREACH', 'MALFORMED_CALLBACK', 'UNMATCHED_CALLBACK', 'ORPHAN_CALLBACK',
    'DEAD_OUTBOX_MESSAGE', 'CATALOGUE_MAPPING_MISSING', 'DUPLICATE_PROCESS_INSTANCE',
    'ENGINE_INCIDENT', 'ENGINE_INSTANCE_ENDED', 'ENGINE_INSTANCE_LOST', 'ENGINE_INSTANCE_SUSPENDED',
    'TASK_COMPLETED_BY_HAND', 'ORDER_WITHOUT_NEXT_EVENT'));

-- Live orders only: finished ones never cost a look.
create index live_orders on product_order (tenant_id, id)
    where status not in ('COMPLETED', 'CANCELLED', 'FAILED');
create index open_incidents_of_an_order on platform_incident (tenant_id, order_id)
    where resolved_at is null;
create index outbox_of_an_order on outbox_message (tenant_id, order_id);

create view orders_without_next_event with (security_invoker = true) as
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
  -- engineering has it: a held step, a dead delivery, an engine incident
  and not exists (select from platform_incident i
                  where i.tenant_id = o.tenant_id and i.order_id = o.id and i.resolved_at is null
                    and i.kind in ('STEP_HELD', 'DEAD_OUTBOX_MESSAGE', 'ENGINE_INCIDENT',
                                   'ENGINE_INSTANCE_ENDED', 'ENGINE_INSTANCE_SUSPENDED'))
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
grant select on orders_without_next_event to oms_reconciliation, oms_operator_api;
