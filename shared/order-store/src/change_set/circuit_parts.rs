//! Parts about circuits of target systems and the steps that wait for them (ADR 0029).

use crate::due_steps::is_mute;

/// In one order, so that two batches wait for each other at one circuit only. What is counted is added;
/// a move counts only over the version that it was decided on.
pub(super) const UPSERT: &str = r"circuit as (
        insert into target_system_circuit as t (tenant_id, system, status, opened_at, opened_by, operator,
            reason_code, note, next_move_at, probe_count, drain_rate_per_minute, window_started_at,
            success_count, failure_count, version, updated_at)
        select x.tenant_id, x.system, x.status, x.opened_at, x.opened_by, x.operator,
            x.reason_code, x.note, x.next_move_at, x.probe_count, x.drain_rate_per_minute, x.window_started_at,
            x.success_count, x.failure_count, x.version, x.updated_at
        from jsonb_populate_recordset(null::target_system_circuit, $1::jsonb->'circuit') x
        order by x.tenant_id, x.system
        on conflict (tenant_id, system) do update
        set (status, opened_at, opened_by, operator, reason_code, note, next_move_at, probe_count,
                drain_rate_per_minute, version, window_started_at, success_count, failure_count) =
            (select m.status, m.opened_at, m.opened_by, m.operator, m.reason_code, m.note, m.next_move_at,
                m.probe_count, m.drain_rate_per_minute, m.version,
                case when w.is_new then excluded.window_started_at else t.window_started_at end,
                excluded.success_count + case when w.is_new then 0 else t.success_count end,
                excluded.failure_count + case when w.is_new then 0 else t.failure_count end
             from (select true as is_move, excluded.* union all select false, t.*) m
             cross join (select excluded.window_started_at >= t.window_started_at + interval '60 seconds'
                 or excluded.version = t.version + 1 and excluded.window_started_at > t.window_started_at
                 as is_new) w  -- two batches that began a window at once share it
             where m.is_move = (excluded.version = t.version + 1)),
            updated_at = excluded.updated_at)";

/// Waiting steps go, the oldest first: one whose probe failed is the youngest then. Their budget begins
/// anew: it was not they who took the time.
pub(super) const LET_GO: &str = r"let_go_chosen as (
        select s.tenant_id, s.id, s.order_id, o.correlation_id, w.at
        from jsonb_to_recordset($1::jsonb->'let_go') as w(tenant_id text, system text, step_count integer,
            at timestamptz)
        cross join lateral (
            select s.tenant_id, s.id, s.order_id
            from fulfillment_step s
            join fulfillment_plan p on p.tenant_id = s.tenant_id and p.id = s.plan_id and p.status = 'RELEASED'
            where s.tenant_id = w.tenant_id and s.target_system = w.system and s.status = 'READY'
              and s.circuit_wait = 'WAITING' and s.held_by_incident_id is null
            order by s.next_attempt_at, s.id
            limit w.step_count
            for update of s skip locked) s  -- whoever is worked on goes another time
        join product_order o on o.tenant_id = s.tenant_id and o.id = s.order_id),
    let_go as (
        update fulfillment_step s
        set circuit_wait = 'LET_GO', next_attempt_at = c.at, first_sent_at = null, dispatched_at = null,
            updated_at = c.at
        from let_go_chosen c
        where s.tenant_id = c.tenant_id and s.id = c.id),
    let_go_owed as (
        insert into outbox_message (tenant_id, id, kind, lane, order_id, payload, available_at, created_at)
        select c.tenant_id, gen_random_uuid(), 'STEP_DISPATCH', 'step:' || c.id, c.order_id,
               jsonb_build_object('kind', 'STEP_DISPATCH', 'tenantId', c.tenant_id, 'orderId', c.order_id,
                                  'fulfillmentStepId', c.id, 'correlationId', c.correlation_id), c.at, c.at
        from let_go_chosen c)";

/// One request that is due to be asked about is, although its system is taken to be out.
pub(super) const ASK_ABOUT: &str = concat!(
    r"ask_about as (
        update fulfillment_step t
        set circuit_wait = 'LET_GO', updated_at = w.at
        from jsonb_to_recordset($1::jsonb->'ask_about') as w(tenant_id text, system text, at timestamptz)
        cross join lateral (
            select s.id
            from fulfillment_step s
            where s.tenant_id = w.tenant_id and s.target_system = w.system
              and (s.status in ('SUBMITTED', 'UNKNOWN') and s.response_due_at <= w.at
                   or s.status = 'SUBMITTING' and s.leased_until < w.at)
              and not ",
    is_mute!(),
    r"
            order by s.check_count, s.response_due_at, s.id
            limit 1
            for update of s skip locked) s
        where t.tenant_id = w.tenant_id and t.id = s.id)"
);

/// The incident of a system that was out of service ends with its circuit.
pub(super) const SYSTEM_IS_BACK: &str = r"system_is_back as (
        update platform_incident i
        set resolved_at = w.at
        from jsonb_to_recordset($1::jsonb->'system_is_back') as w(tenant_id text, system text, at timestamptz)
        where i.tenant_id = w.tenant_id and i.kind = 'TARGET_SYSTEM_UNAVAILABLE' and i.cause = w.system
          and i.resolved_at is null)";

#[cfg(test)]
mod tests {
    use order_domain::circuit::policy::WINDOW;

    #[test]
    fn a_window_is_as_long_in_the_statement_as_in_the_domain() {
        let length = format!("interval '{} seconds'", WINDOW.as_secs());

        assert!(super::UPSERT.contains(&length), "{length}");
    }
}
