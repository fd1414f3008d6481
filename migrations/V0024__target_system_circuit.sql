-- Why: a target system that is down, or that an operator holds, gets no requests; the steps for it wait
-- instead of using up their attempts, and go again one after the other (RELIABILITY D3, ADR 0029).
-- Compatible with: the release before; the new column is nullable, every list is wider, and old code that
-- sends a waiting step only sends it earlier.

create table target_system_circuit (
    tenant_id text not null,
    system text not null,
    status text not null,
    -- Why steps wait, and since when; absent while it is closed.
    opened_at timestamptz,
    opened_by text,
    operator text,
    reason_code text,
    note text,
    -- When it moves by itself: OPEN is tried, PROBING is given up, DRAINING lets the next ones go.
    next_move_at timestamptz,
    probe_count integer not null default 0,
    drain_rate_per_minute integer not null default 60,
    -- Answers of the present window; who counts adds, so that nobody's count is lost.
    window_started_at timestamptz not null,
    success_count integer not null default 0,
    failure_count integer not null default 0,
    version bigint not null default 0,
    updated_at timestamptz not null,
    constraint target_system_circuit_pk primary key (tenant_id, system),
    constraint circuit_status_is_known check (status in ('CLOSED', 'OPEN', 'PROBING', 'DRAINING')),
    constraint circuit_cause_is_known check (opened_by in ('FAILURE_RATE', 'OPERATOR')),
    constraint opened_at_and_by_unless_closed check (
        (status = 'CLOSED') = (opened_at is null) and (status = 'CLOSED') = (opened_by is null)),
    constraint circuit_has_a_timer_unless_closed check ((status = 'CLOSED') = (next_move_at is null)),
    constraint hold_names_who_and_why_iff_by_operator check (
        (opened_by is not distinct from 'OPERATOR') = (operator is not null)
        and (operator is null) = (reason_code is null)),
    constraint drain_rate_is_possible check (drain_rate_per_minute between 1 and 6000),
    constraint circuit_counts_are_not_negative check (
        probe_count >= 0 and success_count >= 0 and failure_count >= 0 and version >= 0)
);
call oms_protect('target_system_circuit');
create index circuits_to_move on target_system_circuit (next_move_at) where status <> 'CLOSED';

alter table fulfillment_step
    -- WAITING for its system's circuit, or LET_GO by it; says something about a READY step, and LET_GO also
    -- about the call that was then made.
    add column circuit_wait text,
    add constraint circuit_wait_is_known check (circuit_wait in ('WAITING', 'LET_GO'));
-- In the order in which they are let go: one whose probe failed is the youngest then.
create index steps_that_wait_for_a_system on fulfillment_step (tenant_id, target_system, next_attempt_at, id)
    where status = 'READY' and circuit_wait = 'WAITING';

alter table platform_incident drop constraint incident_kind_is_known;
alter table platform_incident add constraint incident_kind_is_known check (kind in (
    'STEP_HELD', 'CONTRACT_BREACH', 'MALFORMED_CALLBACK', 'UNMATCHED_CALLBACK', 'ORPHAN_CALLBACK',
    'DEAD_OUTBOX_MESSAGE', 'CATALOGUE_MAPPING_MISSING', 'DUPLICATE_PROCESS_INSTANCE',
    'ENGINE_INCIDENT', 'ENGINE_INSTANCE_ENDED', 'ENGINE_INSTANCE_LOST', 'ENGINE_INSTANCE_SUSPENDED',
    'TASK_COMPLETED_BY_HAND', 'ORDER_WITHOUT_NEXT_EVENT', 'NOTIFICATION_UNKNOWN',
    'TARGET_SYSTEM_UNAVAILABLE'));

-- Whoever loads steps reads the circuits of their systems.
grant select on target_system_circuit to
    oms_fulfillment_execute_ready_steps, oms_fulfillment_review_overdue_plan, oms_billing_activate,
    oms_order_escalate_fallout, oms_callback_processor;
-- Who calls systems counts their answers, and reconciliation moves what is due; people hold and release.
grant select, insert, update on target_system_circuit to
    oms_fulfillment_step_executor, oms_reconciliation, oms_operator_api;

-- A step that waits for its system has a next event while that circuit has a timer, or is closed: then it
-- is dispatched again.
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
  -- a step can be claimed, or its lease, its answer or its system is due at a known time
  and not exists (select from fulfillment_step s
                  join fulfillment_plan p on p.tenant_id = s.tenant_id and p.id = s.plan_id
                  left join target_system_circuit c on c.tenant_id = s.tenant_id and c.system = s.target_system
                      and c.status <> 'CLOSED' and c.next_move_at is null
                  where s.tenant_id = o.tenant_id and s.order_id = o.id and p.status in ('RELEASED', 'FROZEN')
                    and (s.status = 'READY' and s.held_by_incident_id is null
                             and (c.system is null or s.circuit_wait is distinct from 'WAITING')
                         or s.status in ('SUBMITTING', 'SUBMITTED', 'UNKNOWN')))
  -- the process has it: it is at a milestone, and reconciliation will look whether it still is
  and not exists (select from workflow_correlation c
                  where c.tenant_id = o.tenant_id and c.subject_type = 'ORDER' and c.subject_id = o.id
                    and c.status in ('STARTING', 'RUNNING', 'LOST')
                    and not exists (select from fulfillment_plan p
                                    where p.tenant_id = o.tenant_id and p.order_id = o.id
                                      and p.status = 'RELEASED'));
