//! Which steps of an order a command reads: all, some by name, or those that an answer can change.

/// The columns of a step, the rows of `$from` named `k`, settings and circuit of its target
/// system, and `$older`: requests of earlier generations.
macro_rules! steps {
    ($with:literal, $from:literal, $older:literal) => {
        concat!(
            $with,
            r"
    select s.order_id, s.id, s.order_line_id, s.step_key, s.step_type, s.target_system,
           s.operation, s.dependent_step_keys, s.pending_dependency_count, s.is_mandatory,
           s.status, s.generation, s.request_id, s.request_payload, s.needed_results,
           s.response_payload, s.external_reference, s.failure_code, s.attempt_count, s.check_count,
           s.next_attempt_at, s.response_due_at, s.lease_epoch, s.leased_until,
           s.held_by_incident_id, s.first_sent_at, s.first_absent_at, s.asked_at, s.is_unproved, s.was_accepted,
           s.deadline_at, s.deadline, t.settings as target_settings,
           s.circuit_wait, to_jsonb(b) as circuit, ",
            $older,
            r"
    from ",
            $from,
            r"
    left join target_system t on t.tenant_id = s.tenant_id and t.system = s.target_system
    left join target_system_circuit b on b.tenant_id = s.tenant_id and b.system = s.target_system
    order by s.id"
        )
    };
}

pub(super) const ALL_STEPS: &str = steps!(
    "",
    "{keys} k join fulfillment_step s on s.tenant_id = k.tenant_id and s.order_id = k.id",
    "null::uuid[] as older_request_ids, null::text[] as older_request_systems"
);

/// Steps by their ids, alone: a claim changes nothing but them.
pub(super) const NAMED_STEPS: &str = steps!(
    "",
    r"unnest($1::text[], $2::uuid[]) as k(tenant_id, id)
    join fulfillment_step s on s.tenant_id = k.tenant_id and s.id = k.id",
    "null::uuid[] as older_request_ids, null::text[] as older_request_systems"
);

/// The steps of these requests, of whatever generation, their dependents, and behind optional ones everything that hangs on
/// them: nothing else can change by an answer. Each is found by its key, so that a plan of hundreds
/// of steps is not read for one of them.
pub(super) const TOUCHED_STEPS: &str = steps!(
    r"
    with recursive touched as (
        select s.tenant_id, s.plan_id, s.id, s.dependent_step_keys, s.is_mandatory, true as is_named
        from unnest($1::text[], $2::uuid[]) as q(tenant_id, request_id)
        join external_request r on r.tenant_id = q.tenant_id and r.request_id = q.request_id
            and r.subject_type = 'STEP'
        join fulfillment_step s on s.tenant_id = r.tenant_id and s.id = r.subject_id
        union
        select d.tenant_id, d.plan_id, d.id, d.dependent_step_keys, d.is_mandatory, false
        from touched t
        cross join lateral unnest(t.dependent_step_keys) as n(step_key)
        join fulfillment_step d on d.tenant_id = t.tenant_id and d.plan_id = t.plan_id
            and d.step_key = n.step_key
        where t.is_named or not t.is_mandatory)",
    r"(select distinct tenant_id, id from touched) k
    join fulfillment_step s on s.tenant_id = k.tenant_id and s.id = k.id",
    r"case when s.generation > 1 then array(
               select r.request_id from external_request r
               where r.tenant_id = s.tenant_id and r.subject_type = 'STEP' and r.subject_id = s.id
                 and r.generation < s.generation and r.request_id = any($2::uuid[])
               order by r.request_id) end as older_request_ids,
           case when s.generation > 1 then array(
               select r.target_system from external_request r
               where r.tenant_id = s.tenant_id and r.subject_type = 'STEP' and r.subject_id = s.id
                 and r.generation < s.generation and r.request_id = any($2::uuid[])
               order by r.request_id) end as older_request_systems"
);
