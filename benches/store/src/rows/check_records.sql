-- Every row that the claim of a due check changes or adds in our tables, decided on nothing.
with k as (
    select * from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as k(step_id, order_id, audit_id)),
claimed as (
    update fulfillment_step s
    set lease_epoch = s.lease_epoch + 1, asked_at = $4, response_due_at = $5, updated_at = $4
    from k where s.tenant_id = 'acme' and s.id = k.step_id and s.status in ('SUBMITTED', 'UNKNOWN')
    returning s.id),
head as (
    update product_order o
    set audit_sequence = o.audit_sequence + 1, audit_head = $6, updated_at = $4
    from k where o.tenant_id = 'acme' and o.id = k.order_id
    returning o.id, o.audit_sequence),
audit as (
    insert into audit_entry (tenant_id, id, chain_id, sequence, command, actor_kind, actor_name, roles,
        outcome, order_version, previous_hash, hash, occurred_at)
    select 'acme', k.audit_id, k.order_id, head.audit_sequence, 'begin_step_check', 'SYSTEM',
        'reconciliation', '{}', 'APPLIED', 5, $6, $6, $4
    from k join head on head.id = k.order_id)
select id from claimed
