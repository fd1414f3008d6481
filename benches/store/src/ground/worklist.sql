-- Finished orders up to {orders}, those beyond {with_steps} without steps, and cases of live orders {first} to {last}.
set session_replication_role = replica;

insert into product_order (tenant_id, id, order_number, quote_id, quote_revision, customer_id,
    billing_account_id, status, version, catalogue_version, correlation_id, created_at, completed_at,
    updated_at, audit_sequence, audit_head)
select 'acme', bench_id(1, n), 'O-' || n, 'Q-' || n, 1, 'customer-' || n % 1000, 'account-1', 'COMPLETED', 9, 1,
    bench_id(1, n), now() - interval '1 day', now(), now(), 30, repeat('a', 64)
from generate_series({with_steps}::bigint, {orders}::bigint - 1) n;

-- Every fourth has a case, one in twenty waits since this morning.
insert into order_fallout_case (tenant_id, id, order_id, fulfillment_step_id, cause, origin, severity,
    reason_code, reasons, status, is_blocking, engine_anchor, failure_signature, evidence, assigned_group,
    assigned_user, version, opened_at, due_at)
select 'acme', bench_id(7, n), bench_id(1, n), bench_id(4, n * 10 + 1), 'step', 'SHIP', 'MAJOR', r.reason, '[]',
    'OPEN', true, 'NONE', 'LOGISTICS/ship/' || r.reason, '{}',
    case when n % 40 = 0 then 'logistics' else 'order-operations' end, case when n % 400 = 0 then 'ann' end, 1,
    now(), case when n % 8 = 0 then now() + (n % 1000 - 100) * interval '1 minute' end
from generate_series({first}::bigint, {last}::bigint, 4) n
cross join lateral (select case when n % 20 = 0 then 'LINE_BUSY' else 'RETRIES_EXHAUSTED' end as reason) r;

update product_order set status = 'FALLOUT', open_blocking_case_count = 1
where tenant_id = 'acme' and id in (select bench_id(1, n) from generate_series({first}::bigint, {last}::bigint, 4) n);

update fulfillment_step set first_sent_at = now() - interval '5 hours'
where tenant_id = 'acme' and id in (
    select bench_id(4, n * 10 + 1) from generate_series({first}::bigint + 1, {last}::bigint, 20) n);

insert into workflow_correlation (tenant_id, id, subject_type, subject_id, process_key, business_key,
    workflow_run_id, process_instance_id, status, started_at)
select 'acme', bench_id(8, n), 'ORDER', bench_id(1, n), 'order-fulfillment', 'ORDER:acme:' || n, bench_id(8, n),
    'instance-' || n, 'RUNNING', now()
from generate_series({first}::bigint, {last}::bigint) n;

set session_replication_role = origin;
