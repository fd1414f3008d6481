-- A callback is known, and its step is done: nothing else is kept.
with k as (
    select * from unnest($1::uuid[], $2::uuid[], $3::text[]) as k(step_id, request_id, message)),
said as (
    insert into inbox_message (tenant_id, system, message_id, digest, verdict, request_id,
        external_reference, fulfillment_step_id, received_at, applied_at)
    select 'acme', 'LOGISTICS', 'msg_' || k.message, $5, 'APPLIED', k.request_id, 'EXT-' || k.message,
        k.step_id, $4, $4
    from k on conflict do nothing)
update fulfillment_step s
set status = 'COMPLETED', response_due_at = null, external_reference = 'EXT-' || k.message, updated_at = $4
from k where s.tenant_id = 'acme' and s.id = k.step_id and s.status = 'SUBMITTED'
returning s.id
