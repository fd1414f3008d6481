-- The first of a step's two transitions, in its table alone.
update fulfillment_step s
set status = 'SUBMITTING', request_id = k.request_id, lease_epoch = s.lease_epoch + 1, leased_until = $3,
    attempt_count = s.attempt_count + 1, next_attempt_at = null, first_sent_at = $3, updated_at = $3
from unnest($1::uuid[], $2::uuid[]) as k(step_id, request_id)
where s.tenant_id = 'acme' and s.id = k.step_id and s.status = 'READY'
returning s.id
