-- Finished steps {first} to {last}, ten to an order, each with its request, callback and audit entry.
set session_replication_role = replica;

insert into product_order (tenant_id, id, order_number, quote_id, quote_revision, customer_id,
    billing_account_id, status, version, catalogue_version, correlation_id, created_at, validated_at,
    decomposed_at, planned_at, released_at, billing_settled_at, completed_at, updated_at,
    audit_sequence, audit_head)
select 'acme', bench_id(1, n), 'O-' || n, 'Q-' || n, 1, 'customer-1', 'account-1', 'COMPLETED', 9, 1,
    bench_id(1, n), now(), now(), now(), now(), now(), now(), now(), now(), 30, repeat('a', 64)
from generate_series({first}::bigint / 10, {last}::bigint / 10) n;

insert into order_line (tenant_id, id, order_id, line_number, quote_item_id, product_code, action,
    quantity, characteristics, previous_characteristics, is_mandatory, status, step_count,
    remaining_step_count, is_started, updated_at)
select 'acme', bench_id(2, n), bench_id(1, n), 1, 'item-1', 'ROUTER_RENTAL', 'ADD', 1,
    '{"model": "R1", "siteId": "site-1"}', '{}', true, 'FULFILLED', 10, 0, true, now()
from generate_series({first}::bigint / 10, {last}::bigint / 10) n;

insert into fulfillment_plan (tenant_id, id, order_id, plan_version, purpose, status, step_count,
    remaining_step_count, critical_path_length, created_at, released_at, completed_at)
select 'acme', bench_id(3, n), bench_id(1, n), 1, 'FULFILLMENT', 'COMPLETED', 10, 0, 4, now(), now(), now()
from generate_series({first}::bigint / 10, {last}::bigint / 10) n;

insert into fulfillment_step (tenant_id, id, order_id, plan_id, order_line_id, work_item_id, step_key,
    step_type, target_system, operation, depends_on_step_keys, dependent_step_keys,
    pending_dependency_count, is_mandatory, point_of_no_return, status, request_id, request_payload,
    external_reference, attempt_count, dispatched_at, created_at, updated_at)
select 'acme', bench_id(4, n), bench_id(1, n / 10), bench_id(3, n / 10), bench_id(2, n / 10), bench_id(6, n),
    's' || n % 10, 'SHIP', 'LOGISTICS', 'ship', '{}', '{}', 0, true, 'NONE', 'COMPLETED', bench_id(5, n),
    '{"model": "R1", "siteId": "site-1"}', 'EXT-' || n, 1, now(), now(), now()
from generate_series({first}::bigint, {last}::bigint) n;

insert into external_request (tenant_id, request_id, subject_type, subject_id, generation, order_id,
    target_system, operation, status, external_reference, created_at, updated_at)
select 'acme', bench_id(5, n), 'STEP', bench_id(4, n), 1, bench_id(1, n / 10), 'LOGISTICS', 'ship',
    'COMPLETED', 'EXT-' || n, now(), now()
from generate_series({first}::bigint, {last}::bigint) n;

insert into inbox_message (tenant_id, system, message_id, digest, verdict, request_id,
    external_reference, fulfillment_step_id, received_at, applied_at)
select 'acme', 'LOGISTICS', 'msg_' || lpad(n::text, 20, '0'), repeat('d', 64), 'APPLIED', bench_id(5, n),
    'EXT-' || n, bench_id(4, n), now(), now()
from generate_series({first}::bigint, {last}::bigint) n;

insert into audit_entry (tenant_id, id, chain_id, sequence, command, actor_kind, actor_name, roles,
    outcome, order_version, previous_hash, hash, occurred_at)
select 'acme', bench_id(7, n), bench_id(1, n / 10), n % 10 + 1, 'record_step_outcome', 'SYSTEM',
    'callback-processor', '{}', 'APPLIED', 5, repeat('a', 64), repeat('b', 64), now()
from generate_series({first}::bigint, {last}::bigint) n;

reset session_replication_role;
