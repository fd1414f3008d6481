-- What is left when nothing but steps and plans is kept: the answer, what waited for it, the counter.
with k as (
    select * from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as k(step_id, dependent_id, plan_id)),
done as (
    update fulfillment_step s
    set status = 'COMPLETED', leased_until = null, response_due_at = null, updated_at = $4
    from k where s.tenant_id = 'acme' and s.id = k.step_id and s.status in ('SUBMITTING', 'SUBMITTED')
    returning s.id),
next as (
    update fulfillment_step s
    set pending_dependency_count = s.pending_dependency_count - 1, status = 'READY', next_attempt_at = $4,
        updated_at = $4
    from k where s.tenant_id = 'acme' and s.id = k.dependent_id),
plan as (
    update fulfillment_plan p
    set remaining_step_count = p.remaining_step_count - 1
    from k where p.tenant_id = 'acme' and p.id = k.plan_id)
select id from done
