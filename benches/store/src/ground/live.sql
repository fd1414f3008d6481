-- Orders {first} to {last} in fulfillment: the root step is done, the second layer is {status}.
insert into product_order (tenant_id, id, order_number, quote_id, quote_revision, customer_id,
    billing_account_id, status, version, catalogue_version, correlation_id, created_at, validated_at,
    decomposed_at, planned_at, released_at, updated_at, audit_sequence, audit_head)
select 'acme', bench_id(1, n), 'O-' || n, 'Q-' || n, 1, 'customer-1', 'account-1',
    'FULFILLMENT_IN_PROGRESS', 5, 1, bench_id(1, n), now(), now(), now(), now(), now(), now(), 9,
    repeat('a', 64)
from generate_series({first}::bigint, {last}::bigint) n;

insert into order_line (tenant_id, id, order_id, line_number, quote_item_id, product_code, action,
    quantity, characteristics, previous_characteristics, is_mandatory, status, step_count,
    remaining_step_count, is_started, updated_at)
select 'acme', bench_id(2, n), bench_id(1, n), 1, 'item-1', 'ROUTER_RENTAL', 'ADD', 1,
    '{"model": "R1", "siteId": "site-1"}', '{}', true, 'IN_PROGRESS', 10, 9, true, now()
from generate_series({first}::bigint, {last}::bigint) n;

insert into fulfillment_plan (tenant_id, id, order_id, plan_version, purpose, status, step_count,
    remaining_step_count, critical_path_length, created_at, released_at)
select 'acme', bench_id(3, n), bench_id(1, n), 1, 'FULFILLMENT', 'RELEASED', 10, 9, 4, now(), now()
from generate_series({first}::bigint, {last}::bigint) n;

-- Step 0 is the root, 1 to 4 wait for it, 5 to 8 each for one of those, 9 for all four.
with step as (
    select n, k, n * 10 + k as number, k = 0 as is_root, k between 1 and 4 as is_live
    from generate_series({first}::bigint, {last}::bigint) n, generate_series(0, 9) k)
insert into fulfillment_step (tenant_id, id, order_id, plan_id, order_line_id, work_item_id, step_key,
    step_type, target_system, operation, depends_on_step_keys, dependent_step_keys,
    pending_dependency_count, is_mandatory, point_of_no_return, status, request_id, request_payload,
    attempt_count, next_attempt_at, response_due_at, first_sent_at, was_accepted, created_at, updated_at)
select 'acme', bench_id(4, number), bench_id(1, n), bench_id(3, n), bench_id(2, n), bench_id(6, number), 's' || k,
    'SHIP', 'LOGISTICS', 'ship',
    case when is_root then '{}' when is_live then array['s0'] when k < 9 then array['s' || k - 4]
        else array['s5', 's6', 's7', 's8'] end,
    case when is_root then array['s1', 's2', 's3', 's4'] when is_live then array['s' || k + 4]
        when k < 9 then array['s9'] else '{}' end,
    case when k < 5 then 0 when k < 9 then 1 else 4 end, true, 'NONE',
    case when is_root then 'COMPLETED' when is_live then '{status}' else 'PENDING' end,
    case when is_root or is_live and '{status}' = 'SUBMITTED' then bench_id(5, number) end,
    '{"model": "R1", "siteId": "site-1"}',
    case when is_root or is_live and '{status}' = 'SUBMITTED' then 1 else 0 end,
    case when is_live and '{status}' = 'READY' then now() - interval '1 second' end,
    case when is_live and '{status}' = 'SUBMITTED' then now() + interval '{due_in_s} seconds' + n * interval '1 us' end,
    case when is_live and '{status}' = 'SUBMITTED' then now() end,
    is_live and '{status}' = 'SUBMITTED', now(), now()
from step order by number;

insert into external_request (tenant_id, request_id, subject_type, subject_id, generation, order_id,
    target_system, operation, status, created_at, updated_at)
select 'acme', bench_id(5, n * 10 + k), 'STEP', bench_id(4, n * 10 + k), 1, bench_id(1, n), 'LOGISTICS', 'ship',
    case when k = 0 then 'COMPLETED' else 'ACCEPTED' end, now(), now()
from generate_series({first}::bigint, {last}::bigint) n, generate_series(0, 4) k
where k = 0 or '{status}' = 'SUBMITTED'
order by n, k;
