-- Why: hundreds of cases with one cause are one decision (§20): prepared without effect, tried on a few,
-- let go by a second person, with a result for each case after re-execution.
-- Compatible with: the release before; the new column is nullable.

create table bulk_action (
    tenant_id text not null,
    id uuid not null,
    action text not null,
    input jsonb not null,
    reason_code text not null,
    note text,
    -- As it was asked for; the cases that it meant then are the items.
    selection jsonb not null,
    status text not null,
    pause_reason text,
    item_count integer not null,
    canary_size integer not null,
    rate_per_minute integer not null,
    pause_after_failures integer not null,
    forgiven_failures integer not null default 0,
    requested_by text not null,
    requested_roles text[] not null,
    approved_by text,
    -- Who moved it, when and why.
    journal jsonb not null default '[]',
    version bigint not null,
    created_at timestamptz not null,
    -- When the first few have had their time, and when nobody is waited for any more.
    canary_due_at timestamptz,
    expires_at timestamptz,
    ended_at timestamptz,
    last_turn_at timestamptz, -- of the worker: whoever waited longest is next
    constraint bulk_action_pk primary key (tenant_id, id),
    constraint bulk_status_is_known check (status in ('PREPARING', 'PREPARED', 'CANARY',
        'AWAITING_APPROVAL', 'RUNNING', 'PAUSED', 'ABORTING', 'COMPLETED', 'ABORTED')),
    constraint bulk_pause_reason_is_known check (pause_reason in ('PERSON', 'TOO_MANY_FAILURES')),
    constraint paused_names_its_reason check ((status = 'PAUSED') = (pause_reason is not null)),
    constraint whoever_waits_for_a_person_expires check (
        (status in ('PREPARED', 'AWAITING_APPROVAL', 'PAUSED')) = (expires_at is not null)),
    constraint canary_has_an_end check (status <> 'CANARY' or canary_due_at is not null),
    constraint nobody_approves_their_own_bulk_action check (approved_by <> requested_by),
    constraint many_run_only_when_approved check (status <> 'RUNNING' or approved_by is not null),
    constraint bulk_ended_at_iff_over check ((status in ('COMPLETED', 'ABORTED')) = (ended_at is not null)),
    constraint bulk_numbers_are_positive check (least(item_count, canary_size, rate_per_minute,
        pause_after_failures) > 0)
);
call oms_protect('bulk_action');
create index bulk_actions_by_age on bulk_action (tenant_id, created_at, id);
-- What the worker looks at, across tenants.
create index live_bulk_actions on bulk_action (last_turn_at) where status not in ('COMPLETED', 'ABORTED');

create table bulk_action_item (
    tenant_id text not null,
    bulk_action_id uuid not null,
    position integer not null,
    order_id uuid not null,
    fallout_case_id uuid not null,
    -- Of the case when it was selected: what has changed since is left alone.
    case_version bigint not null,
    target_system text, -- absent where the case is not about a step
    status text not null,
    forecast text,
    -- Why it was excluded, refused or failed again.
    code text,
    is_canary boolean not null default false,
    -- In hand of a worker until then; afterwards another one takes it over under the same key.
    leased_until timestamptz,
    claim_count integer not null default 0,
    acted_at timestamptz,
    next_look_at timestamptz,
    constraint bulk_action_item_pk primary key (tenant_id, bulk_action_id, position),
    constraint one_item_per_case_of_a_bulk_action unique (tenant_id, bulk_action_id, fallout_case_id),
    constraint item_belongs_to_a_bulk_action foreign key (tenant_id, bulk_action_id)
        references bulk_action (tenant_id, id),
    constraint bulk_item_status_is_known check (status in ('SELECTED', 'EXCLUDED', 'PENDING', 'RUNNING',
        'DONE', 'RESOLVED', 'FAILED_AGAIN', 'REFUSED', 'STILL_RUNNING', 'SKIPPED')),
    constraint bulk_forecast_is_known check (forecast in ('RESEND', 'ADOPT', 'CHANGE', 'CANNOT_TELL')),
    constraint a_failure_names_its_code check (
        status not in ('EXCLUDED', 'REFUSED', 'FAILED_AGAIN') or code is not null),
    constraint whoever_runs_is_looked_at check ((status = 'RUNNING') = (next_look_at is not null))
);
call oms_protect('bulk_action_item');
create index pending_bulk_items on bulk_action_item (tenant_id, bulk_action_id, target_system, position)
    where status = 'PENDING';
create index running_bulk_items on bulk_action_item (tenant_id, bulk_action_id, next_look_at) where status = 'RUNNING';
create index bulk_items_by_status on bulk_action_item (tenant_id, bulk_action_id, status, position);

alter table fallout_action add column bulk_action_id uuid;

grant select, insert, update on bulk_action, bulk_action_item to oms_operator_api;
