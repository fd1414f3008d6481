-- Why: a callback that fits no step yet keeps its answer until it fits or is given up, the same content
-- under a new id is known, and a contradiction is asked about (§16 §39 §40, ADR 0017).
-- Compatible with: code of before, which neither names nor needs what is new; code of after needs it, and
-- until it is there callbacks stay on their queue.

-- The answer as it was read, for as long as it may still be matched; bytes were never kept.
alter table inbox_message
    drop column body,
    add column answer jsonb,
    add column match_count integer not null default 0,
    add constraint match_count_is_not_negative check (match_count >= 0),
    add constraint only_an_unmatched_callback_is_matched_again check (
        next_match_at is null or verdict = 'UNMATCHED');
-- Not a constraint: code of before settles a verdict without knowing that there is an answer to remove.
create function oms_drop_settled_answer() returns trigger language plpgsql as $$
begin
    new.answer := null;
    return new;
end
$$;
create trigger answer_is_kept_only_until_the_final_verdict
    before insert or update on inbox_message
    for each row when (new.answer is not null and new.next_match_at is null)
    execute function oms_drop_settled_answer();

-- Due again, given up, and: what did this request say before?
drop index unmatched_callbacks;
create index unmatched_callbacks on inbox_message (next_match_at)
    where verdict = 'UNMATCHED' and next_match_at is not null;
create index orphan_callbacks on inbox_message (tenant_id, received_at)
    where verdict = 'UNMATCHED' and next_match_at is null;
create index callbacks_of_a_request on inbox_message (tenant_id, system, request_id)
    where request_id is not null;

-- A settled step that was contradicted: its target system is asked once what is true, and the case says so.
create table contradiction_query (
    tenant_id text not null,
    fallout_case_id uuid not null,
    order_id uuid not null,
    fulfillment_step_id uuid not null,
    request_id uuid not null,
    target_system text not null,
    due_at timestamptz,
    ask_count integer not null default 0,
    answer text,
    detail text,
    answered_at timestamptz,
    constraint contradiction_query_pk primary key (tenant_id, fallout_case_id),
    constraint contradiction_query_belongs_to_a_case foreign key (tenant_id, fallout_case_id)
        references order_fallout_case (tenant_id, id),
    constraint contradiction_query_belongs_to_an_order foreign key (tenant_id, order_id)
        references product_order (tenant_id, id),
    constraint contradiction_query_belongs_to_a_step foreign key (tenant_id, fulfillment_step_id)
        references fulfillment_step (tenant_id, id),
    constraint contradiction_query_is_due_until_it_is_answered check ((due_at is null) = (answer is not null)),
    constraint contradiction_answer_is_known check (answer in (
        'COMPLETED', 'ACCEPTED', 'REJECTED', 'ABSENT', 'CANNOT_TELL')),
    constraint answered_at_iff_answered check ((answer is null) = (answered_at is null)),
    constraint ask_count_is_not_negative check (ask_count >= 0)
);
call oms_protect('contradiction_query');
create index due_contradiction_queries on contradiction_query (due_at) where answer is null;

-- One more kind of incident, whatever kinds there are by now.
do $$
declare
    kinds text;
begin
    select substring(pg_get_constraintdef(oid) from '^CHECK (.*)$') into kinds
    from pg_constraint where conname = 'incident_kind_is_known';
    execute format('alter table platform_incident drop constraint incident_kind_is_known,'
        ' add constraint incident_kind_is_known check (%s or kind = ''ORPHAN_CALLBACK'')', kinds);
end
$$;

grant select, insert on contradiction_query to
    oms_callback_processor, oms_fulfillment_step_executor, oms_reconciliation;
grant update on contradiction_query to oms_reconciliation;
grant select on contradiction_query to oms_operator_api;
