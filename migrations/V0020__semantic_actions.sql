-- Why: operators act on cases by actions that mean something (§20 §21): each is kept with who asked, why,
-- what it came to and what it changed; what needs a second person waits with its case. An order can be
-- given up, and its process is then deleted.
-- Compatible with: the release before; every new column has a default or is nullable, every list is wider.

alter table order_fallout_case
    -- What a second person is asked to approve: action, input, who asked.
    add column pending_request jsonb,
    -- The names that `provide-info` has to hand in.
    add column requested_information text[],
    -- When a person last did something about it; the due date is counted from there.
    add column touched_at timestamptz,
    add column escalation_level integer not null default 0,
    add constraint awaiting_approval_names_its_request check (
        status <> 'AWAITING_APPROVAL' or pending_request is not null),
    add constraint escalation_level_is_not_negative check (escalation_level >= 0);
-- Who escalates looks for open cases that nobody touched in time, across tenants.
create index cases_to_touch on order_fallout_case (due_at)
    where status not in ('RESOLVED', 'CANCELLED') and due_at is not null;

create table fallout_action (
    tenant_id text not null,
    id uuid not null,
    order_id uuid not null,
    -- Absent where the action is the order's.
    fallout_case_id uuid,
    action text not null,
    actor_name text not null,
    roles text[] not null,
    reason_code text not null,
    note text,
    input jsonb not null,
    verdict text not null,
    refusal_code text,
    -- What it changed, as it was answered.
    effect jsonb,
    -- The action that this one approves or rejects.
    request_id uuid,
    case_version bigint,
    order_version bigint not null,
    occurred_at timestamptz not null,
    constraint fallout_action_pk primary key (tenant_id, id),
    constraint action_belongs_to_an_order foreign key (tenant_id, order_id)
        references product_order (tenant_id, id),
    constraint fallout_action_is_known check (action in (
        'retry-step', 'skip-step', 'replace-target', 'settle-outcome', 'release-step', 'waive-line',
        'revalidate', 'override-readiness', 'retry-decomposition', 'retry-billing', 'defer-billing',
        'retry-completion', 'request-more-info', 'provide-info', 'escalate', 'assign', 'add-note',
        'approve', 'reject', 'fail-order', 'cancel-order')),
    constraint action_verdict_is_known check (verdict in ('APPLIED', 'AWAITING_APPROVAL', 'REFUSED')),
    constraint refusal_code_iff_refused check ((verdict = 'REFUSED') = (refusal_code is not null))
);
call oms_protect('fallout_action');
create index actions_of_an_order on fallout_action (tenant_id, order_id, occurred_at, id);

-- Mandatory steps that were left out: the line is waived when it is settled, by this authority.
alter table order_line
    add column skipped_step_count integer not null default 0,
    add column skip_approved_by text,
    add constraint skipped_step_count_fits check (skipped_step_count between 0 and step_count),
    add constraint skipped_steps_name_their_authority check (
        skipped_step_count = 0 or skip_approved_by is not null);

alter table product_order
    add column failed_at timestamptz,
    add constraint failed_at_only_when_failed check (failed_at is null or status = 'FAILED');

alter table domain_event drop constraint event_type_is_known;
alter table domain_event add constraint event_type_is_known check (event_type in (
    'OrderCreated', 'OrderValidated', 'OrderDecomposed', 'FulfillmentPlanCreated', 'FulfillmentStarted',
    'OrderLineFulfilled', 'OrderLineWaived', 'OrderFalloutOpened', 'OrderFalloutResolved',
    'BillingActivated', 'BillingDeferred', 'OrderCompleted', 'OrderFailed'));

alter table outbox_message drop constraint outbox_kind_is_known;
alter table outbox_message add constraint outbox_kind_is_known check (kind in (
    'WORKFLOW_START', 'WORKFLOW_MESSAGE', 'USER_TASK_COMPLETE', 'PROCESS_DELETE', 'STEP_DISPATCH',
    'DOMAIN_EVENT'));

alter table customer_notification drop constraint notification_kind_is_known;
alter table customer_notification add constraint notification_kind_is_known check (kind in (
    'ORDER_COMPLETED', 'ORDER_FAILED'));

-- What acting on a case writes.
grant insert on fallout_action to oms_operator_api;
grant select on fallout_action to oms_operator_api;
grant update on order_line, fulfillment_plan, order_fallout_case, external_request to oms_operator_api;
grant insert, update on billing_activation to oms_operator_api;
grant insert on order_transition, domain_event, customer_notification to oms_operator_api;
grant delete on outbox_message to oms_operator_api;
-- What an explanation reads besides.
grant select on customer_notification to oms_operator_api;
