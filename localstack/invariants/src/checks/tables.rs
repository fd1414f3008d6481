//! What the tables alone must satisfy.

use anyhow::Result;
use serde_json::Value;
use tokio_postgres::Client;

use super::sql::SqlCheck;
use crate::invariant::Invariant as I;
use crate::report::Report;

pub(crate) async fn check(database: &Client, report: &mut Report) -> Result<()> {
    for check in CHECKS {
        check.run(database, &Value::Null, report).await?;
    }
    Ok(())
}

const ORDERS: &str = "select count(*) from product_order";
const TRANSITIONS: &str = "select count(*) from order_transition";

const CHECKS: &[SqlCheck] = &[
    SqlCheck {
        invariant: I::I3,
        count: ORDERS,
        violations: "select o.id::text, format('version %s, but events %s (%s to %s)', o.version, e.n, e.lowest, e.highest)
            from product_order o
            cross join lateral (
                select count(*) n, min(order_version) lowest, max(order_version) highest
                from domain_event e where e.tenant_id = o.tenant_id and e.order_id = o.id) e
            where e.n <> o.version or e.lowest <> 1 or e.highest <> o.version",
    },
    SqlCheck {
        // By version, then by the time-ordered id: the writer's clock may be behind a rival's.
        invariant: I::I3,
        count: TRANSITIONS,
        violations: "select t.subject_id::text, format('%s went on from %s, but was %s', t.subject_type, t.from_status, t.before)
            from (select subject_id, subject_type, from_status, lag(to_status) over w as before
                  from order_transition
                  window w as (partition by tenant_id, subject_type, subject_id order by order_version, id)) t
            where t.before is not null and t.from_status is distinct from t.before",
    },
    SqlCheck {
        invariant: I::I3,
        count: ORDERS,
        violations: "select o.id::text, format('%s, but the last transition says %s', o.status, t.to_status)
            from product_order o
            join lateral (select to_status from order_transition t
                          where t.tenant_id = o.tenant_id and t.subject_type = 'ORDER' and t.subject_id = o.id
                          order by order_version desc, id desc limit 1) t on true
            where t.to_status <> o.status",
    },
    SqlCheck {
        invariant: I::I4,
        count: "select count(*) from order_transition where subject_type = 'ORDER'",
        violations: "select t.order_id::text, format('%s to %s names no event of its order', t.from_status, t.to_status)
            from order_transition t
            left join domain_event e on e.tenant_id = t.tenant_id and e.id = t.event_id and e.order_id = t.order_id
            where t.subject_type = 'ORDER' and e.id is null",
    },
    SqlCheck {
        invariant: I::I5,
        count: ORDERS,
        violations: "select m.order_id::text, format('%s is still owed after %s tries: %s', m.kind, m.attempt_count, m.last_error)
            from outbox_message m where m.dead_at is null and m.available_at <= now()",
    },
    SqlCheck {
        invariant: I::I8,
        count: "select count(*) from product_order where status = 'COMPLETED'",
        violations: "select o.id::text, 'completed with an open blocking case'
            from product_order o
            where o.status = 'COMPLETED' and exists (
                select from order_fallout_case c
                where c.tenant_id = o.tenant_id and c.order_id = o.id and c.is_blocking
                  and c.status not in ('RESOLVED', 'CANCELLED'))
            union all
            select o.id::text, format('completed with line %s %s', l.line_number, l.status)
            from product_order o
            join order_line l on l.tenant_id = o.tenant_id and l.order_id = o.id
            where o.status = 'COMPLETED' and l.is_mandatory and l.status not in ('FULFILLED', 'WAIVED')
            union all
            select o.id::text, format('completed with billing %s', b.status)
            from product_order o
            join order_line l on l.tenant_id = o.tenant_id and l.order_id = o.id
            join billing_activation b on b.tenant_id = l.tenant_id and b.order_line_id = l.id
            where o.status = 'COMPLETED' and b.status in ('PENDING', 'REJECTED')",
    },
    SqlCheck {
        invariant: I::I9,
        count: TRANSITIONS,
        violations: "select order_id::text, format('left %s for %s', from_status, to_status)
            from order_transition
            where subject_type = 'ORDER' and from_status in ('COMPLETED', 'CANCELLED', 'FAILED')",
    },
    SqlCheck {
        invariant: I::I11,
        count: "select count(*) from external_request_attempt where kind = 'SUBMIT'",
        violations: "select a.request_id::text, format('sent at %s and at %s', a.started_at, b.started_at)
            from external_request_attempt a
            join external_request_attempt b
              on b.tenant_id = a.tenant_id and b.request_id = a.request_id and b.kind = 'SUBMIT' and b.id <> a.id
             and b.started_at > a.started_at
             and b.started_at < a.started_at + make_interval(secs => a.duration_ms / 1000.0)
            where a.kind = 'SUBMIT'",
    },
    SqlCheck {
        invariant: I::I12,
        count: "select count(*) from audit_entry",
        violations: "select t.chain_id::text, format('entry %s does not follow the one before it', t.sequence)
            from (select chain_id, sequence, previous_hash,
                         lag(sequence, 1, 0::bigint) over w as before, lag(hash, 1, 'genesis') over w as head
                  from audit_entry window w as (partition by tenant_id, chain_id order by sequence)) t
            where t.sequence <> t.before + 1 or t.previous_hash <> t.head
            union all
            select o.id::text, format('the head of its chain is not entry %s', o.audit_sequence)
            from product_order o
            left join audit_entry a
              on a.tenant_id = o.tenant_id and a.chain_id = o.id and a.sequence = o.audit_sequence
            where a.hash is distinct from o.audit_head
            union all
            select e.order_id::text, format('nobody is named for version %s', e.order_version)
            from domain_event e
            where not exists (select from audit_entry a
                              where a.tenant_id = e.tenant_id and a.chain_id = e.order_id
                                and a.outcome in ('APPLIED', 'REFUSED') and a.order_version >= e.order_version)",
    },
    SqlCheck {
        invariant: I::I14,
        count: "select count(*) from product_order where status not in ('COMPLETED', 'CANCELLED', 'FAILED')",
        violations: "select order_id::text, format('%s, and nothing will happen next', status) from orders_without_next_event",
    },
    SqlCheck {
        invariant: I::I16,
        count: "select count(*) from outbox_message where dead_at is not null",
        violations: "select m.order_id::text, format('%s is dead without an open incident', m.kind)
            from outbox_message m
            where m.dead_at is not null and not exists (
                select from platform_incident i
                where i.tenant_id = m.tenant_id and i.cause = 'lane:' || m.lane and i.resolved_at is null)",
    },
    SqlCheck {
        invariant: I::I17,
        count: "select count(*) from idempotency_record",
        violations: "select key, 'an idempotency key is still RUNNING after its lease'
            from idempotency_record where status = 'RUNNING' and leased_until < now() - interval '5 minutes'
            union all
            select order_id::text, 'a delivered message was not deleted'
            from outbox_message m
            where m.dead_at is null and m.created_at < now() - interval '1 hour'
            union all
            select id::text, 'a step is still leased after its lease'
            from fulfillment_step where status = 'SUBMITTING' and leased_until < now() - interval '5 minutes'",
    },
];
