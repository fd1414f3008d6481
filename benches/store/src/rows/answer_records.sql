-- Every row that an answer changes or adds in our tables, decided on nothing: nobody is locked, read,
-- checked or hashed.
with k as (
    select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[],
                         $8::uuid[], $9::text[])
        as k(step_id, dependent_id, request_id, order_id, line_id, plan_id, audit_id, delivery_id, message)),
done as (
    update fulfillment_step s
    set status = 'COMPLETED', leased_until = null, response_due_at = null,
        external_reference = 'EXT-' || k.message, response_payload = '{}', updated_at = $10
    from k where s.tenant_id = 'acme' and s.id = k.step_id and s.status in ('SUBMITTING', 'SUBMITTED')
    returning s.id),
next as (
    update fulfillment_step s
    set pending_dependency_count = s.pending_dependency_count - 1, status = 'READY', next_attempt_at = $10,
        updated_at = $10
    from k where s.tenant_id = 'acme' and s.id = k.dependent_id),
request as (
    update external_request r
    set status = 'COMPLETED', external_reference = 'EXT-' || k.message, updated_at = $10
    from k where r.tenant_id = 'acme' and r.request_id = k.request_id),
line as (
    update order_line l
    set remaining_step_count = l.remaining_step_count - 1, updated_at = $10
    from k where l.tenant_id = 'acme' and l.id = k.line_id),
plan as (
    update fulfillment_plan p
    set remaining_step_count = p.remaining_step_count - 1
    from k where p.tenant_id = 'acme' and p.id = k.plan_id),
head as (
    update product_order o
    set audit_sequence = o.audit_sequence + 1, audit_head = $11, updated_at = $10
    from k where o.tenant_id = 'acme' and o.id = k.order_id
    returning o.id, o.audit_sequence),
audit as (
    insert into audit_entry (tenant_id, id, chain_id, sequence, command, actor_kind, actor_name, roles,
        outcome, order_version, previous_hash, hash, occurred_at)
    select 'acme', k.audit_id, k.order_id, head.audit_sequence, 'record_step_outcome', 'SYSTEM',
        'callback-processor', '{}', 'APPLIED', 5, $11, $11, $10
    from k join head on head.id = k.order_id),
owed as (
    insert into outbox_message (tenant_id, id, kind, lane, order_id, payload, available_at, created_at)
    select 'acme', k.delivery_id, 'STEP_DISPATCH', 'step:' || k.dependent_id, k.order_id,
        jsonb_build_object('kind', 'STEP_DISPATCH', 'tenantId', 'acme', 'orderId', k.order_id,
            'fulfillmentStepId', k.dependent_id, 'correlationId', k.order_id), $10, $10
    from k){inbox}
select id from done
