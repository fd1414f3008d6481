set session_replication_role = replica;
-- A million orders, every fiftieth of them live, and so scattered over all of them.
insert into product_order (tenant_id, id, order_number, quote_id, quote_revision, customer_id, billing_account_id,
  status, version, correlation_id, open_blocking_case_count, created_at, completed_at, updated_at, audit_sequence, audit_head)
select 'acme', lpad(to_hex(n), 32, '0')::uuid, 'O-' || lpad(n::text, 8, '0'), 'Q-' || n, 1, 'C-' || n % 100000, 'b', s.status, 1, md5('c')::uuid,
  case when s.status = 'FALLOUT' then 1 else 0 end,
  timestamptz '2026-01-01Z' + n * interval '10 s', case when s.status = 'COMPLETED' then now() end,
  timestamptz '2026-01-01Z' + n * interval '10 s', 1, 'h'
from generate_series(1, 1000000) n
cross join lateral (select case when n % 50 <> 0 then 'COMPLETED' when n % 200 = 0 then 'FALLOUT' when n % 1000 = 50 then 'CREATED' else 'FULFILLMENT_IN_PROGRESS' end as status) s;
-- Five steps each of the live ones and of as many finished ones.
insert into fulfillment_step (tenant_id, id, order_id, plan_id, work_item_id, step_key, step_type, target_system, operation,
  depends_on_step_keys, dependent_step_keys, pending_dependency_count, is_mandatory, point_of_no_return, status, request_id,
  request_payload, external_reference, attempt_count, next_attempt_at, response_due_at, failure_code, first_sent_at, created_at, updated_at)
select 'acme', lpad(to_hex(o * 8 + k), 32, '0')::uuid, lpad(to_hex(o), 32, '0')::uuid, lpad(to_hex(o), 32, '0')::uuid, md5('w')::uuid,
  'step-' || k, 'T', s.system, 'activate', '{}', '{}', 0, true, 'NONE', s.status, lpad(to_hex(o * 8 + k), 32, '0')::uuid, '{}',
  case when k <= 2 then 'EXT-' || o || '-' || k end, case when o % 5000 = 100 and k = 3 then 4 else 1 end, now(), now(), case when s.status = 'FAILED' then 'RETRIES_EXHAUSTED' end,
  t.at, t.at, t.at
from generate_series(25, 1000000, 25) o cross join generate_series(1, 5) k
cross join lateral (select case k when 1 then 'INVENTORY' when 2 then 'CRM' when 3 then case when o % 2000 = 100 then 'LOGISTICS' else 'PROVISIONING' end else 'BILLING' end as system,
   case when o % 50 <> 0 or k <= 2 then 'COMPLETED' when o % 200 = 0 then case when k = 3 then 'FAILED' else 'PENDING' end
        when o % 1000 = 50 then 'PENDING' when k = 3 and o % 500 <> 250 then 'SUBMITTED' else 'PENDING' end as status) s
cross join lateral (select timestamptz '2026-05-01Z' - (o % 1000) * interval '1 minute' as at) t
where not (o % 1000 = 50);
insert into external_request (tenant_id, request_id, subject_type, subject_id, generation, order_id, target_system, operation, status, created_at, updated_at)
select tenant_id, request_id, 'STEP', id, 1, order_id, target_system, operation, 'COMPLETED', created_at, updated_at from fulfillment_step;
insert into order_fallout_case (tenant_id, id, order_id, fulfillment_step_id, cause, origin, severity, reason_code, reasons, status, is_blocking, engine_anchor, failure_signature,
  evidence, assigned_group, assigned_user, version, opened_at, due_at, resolved_at)
select 'acme', lpad(to_hex(o), 32, '0')::uuid, lpad(to_hex(o), 32, '0')::uuid, lpad(to_hex(o * 8 + 3), 32, '0')::uuid, 'c', 'T', case when o % 400 = 0 then 'MAJOR' else 'CRITICAL' end, 
  r.reason, '[]', case when o % 200 = 0 then 'OPEN' else 'RESOLVED' end, true, 'NONE', 'PROVISIONING/activate/' || r.reason, '{}',
  case when o % 4000 = 0 then 'provisioning' else 'order-operations' end, case when o % 4000 = 400 then 'ann' end, 1, timestamptz '2026-05-01Z' - (o % 1000) * interval '1 minute',
  case when o % 800 = 0 then timestamptz '2026-05-01Z' + (o % 1000000) * interval '1 second' end,
  case when o % 200 <> 0 then now() end
from generate_series(25, 1000000, 25) o
cross join lateral (select case when o % 2000 = 0 then 'INVALID_ADDRESS' else 'RETRIES_EXHAUSTED' end as reason) r;
insert into workflow_correlation (tenant_id, id, subject_type, subject_id, process_key, business_key, workflow_run_id, process_instance_id, status, started_at)
select 'acme', id, 'ORDER', id, 'order-fulfillment', 'ORDER:acme:' || id, id, 'instance-' || id, 'RUNNING', now() from product_order where status <> 'COMPLETED';
insert into target_system (tenant_id, system, settings, updated_at)
select 'acme', s, '{"retryPolicy": {"maxAttempts": 6}}', now() from unnest(array['PROVISIONING','BILLING','CRM','INVENTORY','LOGISTICS']) s;
set session_replication_role = origin;
analyze;
