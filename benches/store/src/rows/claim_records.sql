-- Every row that the claim of a READY step changes or adds in our tables, decided on nothing.
with k as (
    select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[])
        as k(step_id, request_id, order_id, audit_id)),
claimed as (
    update fulfillment_step s
    set status = 'SUBMITTING', request_id = k.request_id, lease_epoch = s.lease_epoch + 1, leased_until = $5,
        attempt_count = s.attempt_count + 1, next_attempt_at = null, first_sent_at = $5, updated_at = $5
    from k where s.tenant_id = 'acme' and s.id = k.step_id and s.status = 'READY'
    returning s.id),
request as (
    insert into external_request (tenant_id, request_id, subject_type, subject_id, generation, order_id,
        target_system, operation, status, created_at, updated_at)
    select 'acme', k.request_id, 'STEP', k.step_id, 1, k.order_id, 'LOGISTICS', 'ship', 'SENDING', $5, $5
    from k),
head as (
    update product_order o
    set audit_sequence = o.audit_sequence + 1, audit_head = $6, updated_at = $5
    from k where o.tenant_id = 'acme' and o.id = k.order_id
    returning o.id, o.audit_sequence),
audit as (
    insert into audit_entry (tenant_id, id, chain_id, sequence, command, actor_kind, actor_name, roles,
        outcome, order_version, previous_hash, hash, occurred_at)
    select 'acme', k.audit_id, k.order_id, head.audit_sequence, 'begin_step_attempt', 'SYSTEM',
        'fulfillment-step-executor', '{}', 'APPLIED', 5, $6, $6, $5
    from k join head on head.id = k.order_id)
select id from claimed
