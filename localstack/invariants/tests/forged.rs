//! Each invariant has forged histories that it must refuse, and an honest one that it must accept.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;

use order_invariants::{
    CallRecord, Effect, Evidence, Invariant, ProcessInstance, QueueCount, ReceivedEvent, Report,
    check,
};
use serde_json::json;
use test_support::stage::Stage;

/// An order of two lines whose steps are all done, with everything that an honest world would show.
struct History {
    stage: Stage,
    evidence: Evidence,
}

impl History {
    async fn honest() -> Self {
        let stage = Stage::released(2).await;
        stage.claim().await;
        let history = Self { evidence: Evidence::default(), stage };
        // What the relay would have delivered, and what the answers would have brought.
        for sql in [
            "delete from outbox_message",
            "insert into workflow_correlation (tenant_id, id, subject_type, subject_id, process_key,
                 process_instance_id, business_key, workflow_run_id, status, started_at, next_check_at)
             select tenant_id, gen_random_uuid(), 'ORDER', id, 'order-fulfillment', 'instance-1',
                 'ORDER:' || tenant_id || ':' || id, gen_random_uuid(), 'RUNNING', now(), now()
             from product_order",
            "update fulfillment_step set status = 'COMPLETED', leased_until = null
             where status = 'SUBMITTING'",
            "update fulfillment_step
             set status = 'READY', pending_dependency_count = 0, next_attempt_at = now()
             where status = 'PENDING'",
        ] {
            history.stage.db.execute(sql).await;
        }
        let evidence = history.collect().await;
        Self { evidence, ..history }
    }

    async fn collect(&self) -> Evidence {
        let order = self.stage.order_id.to_string();
        let tenant = self.stage.tenant.to_string();
        let sql = "select jsonb_build_object('system', s.target_system, 'requestId', s.request_id,
                'tenantId', s.tenant_id, 'orderId', s.order_id, 'stepKey', s.step_key, 'count', 1,
                'firstAt', to_char(now() at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'))::text as effect
            from fulfillment_step s where s.request_id is not null";
        let effect = |row: &tokio_postgres::Row| -> Effect {
            serde_json::from_str(row.try_get("effect").unwrap()).unwrap()
        };
        let effects = self.stage.db.rows(sql, &[]).await.iter().map(effect).collect();
        let events = self.stage.db.rows("select id::text as id from domain_event", &[]).await;
        let received = |row: &tokio_postgres::Row| ReceivedEvent {
            event_id: row.try_get("id").unwrap(),
            order_id: order.clone(),
            tenant_id: tenant.clone(),
        };
        let body = json!({ "orderId": order });
        let call = |request: &str| CallRecord {
            key: "key-1".into(),
            request: request.into(),
            answer: Some((201, body.clone())),
        };
        Evidence {
            effects,
            events: events.iter().map(received).collect(),
            calls: vec![call("same"), call("same")],
            instances: vec![ProcessInstance {
                id: "instance-1".into(),
                business_key: format!("ORDER:{tenant}:{order}"),
            }],
            queues: vec![queue("fulfillment-steps", false, 0), queue("steps-dlq", true, 0)],
        }
    }

    async fn check(&self) -> Report {
        check(self.stage.db.client(), &self.evidence).await.unwrap()
    }
}

fn queue(name: &str, is_dead_letter: bool, messages: u64) -> QueueCount {
    QueueCount { name: name.into(), messages, explained: BTreeMap::new(), is_dead_letter }
}

#[tokio::test]
async fn an_honest_history_violates_nothing() {
    let history = History::honest().await;

    let report = history.check().await;

    assert!(report.holds(), "{report}");
    history.stage.db.finish().await;
}

/// Forgeries of the tables, each by the invariant that must notice.
const FORGERIES: [(Invariant, &str); 21] = [
    (Invariant::I3, "delete from domain_event where order_version = 2"),
    (Invariant::I3, "update product_order set version = version + 1"),
    (
        Invariant::I3,
        "update order_transition set from_status = 'FALLOUT'
         where subject_type = 'ORDER' and to_status = 'DECOMPOSED'",
    ),
    (
        Invariant::I3,
        "update product_order set status = 'FALLOUT', open_blocking_case_count = 1",
    ),
    (Invariant::I4, "update order_transition set event_id = null where to_status = 'VALIDATED'"),
    (
        Invariant::I5,
        "insert into outbox_message (tenant_id, id, kind, lane, order_id, payload, available_at, created_at)
         select tenant_id, gen_random_uuid(), 'WORKFLOW_START', 'start:1', id, '{}', now(), now()
         from product_order",
    ),
    (
        Invariant::I6,
        "update fulfillment_step
         set depends_on_step_keys = (select array_agg(step_key) from fulfillment_step where status = 'READY')
         where status = 'COMPLETED'",
    ),
    (Invariant::I7, "update fulfillment_step set status = 'COMPLETED', pending_dependency_count = 0"),
    (
        Invariant::I7,
        "with gone as (delete from external_request_attempt) delete from external_request",
    ),
    (
        Invariant::I8,
        "update product_order set status = 'COMPLETED', completed_at = now()",
    ),
    (
        Invariant::I9,
        "insert into order_transition (tenant_id, id, order_id, subject_type, subject_id, from_status,
             to_status, command, actor_name, order_version, occurred_at)
         select tenant_id, gen_random_uuid(), id, 'ORDER', id, 'COMPLETED', 'FALLOUT', 'x', 'x', version, now()
         from product_order",
    ),
    (
        Invariant::I11,
        "insert into external_request_attempt (tenant_id, id, request_id, kind, started_at, duration_ms)
         select tenant_id, gen_random_uuid(), request_id, 'SUBMIT', now() + n * interval '10 ms', 1000
         from external_request, generate_series(1, 2) n",
    ),
    (Invariant::I12, "delete from audit_entry where sequence = 2"),
    (Invariant::I12, "update audit_entry set hash = 'forged' where sequence = 2"),
    (Invariant::I12, "update product_order set audit_head = 'forged'"),
    (
        Invariant::I14,
        "update fulfillment_step set status = 'PENDING', pending_dependency_count = 1
         where status <> 'COMPLETED'",
    ),
    (
        Invariant::I16,
        "insert into outbox_message (tenant_id, id, kind, lane, order_id, payload, available_at, created_at, dead_at)
         select tenant_id, gen_random_uuid(), 'WORKFLOW_START', 'start:1', id, '{}', now(), now(), now()
         from product_order",
    ),
    (
        Invariant::I17,
        "insert into idempotency_record (tenant_id, scope, key, fingerprint, status, leased_until, created_at)
         values ('acme', 'INTAKE', 'k', 'f', 'RUNNING', now() - interval '1 hour', now())",
    ),
    (
        Invariant::I17,
        "update fulfillment_step set status = 'SUBMITTING', leased_until = now() - interval '1 hour'
         where status = 'COMPLETED'",
    ),
    (
        Invariant::I17,
        "insert into outbox_message (tenant_id, id, kind, lane, order_id, payload, available_at, created_at)
         select tenant_id, gen_random_uuid(), 'WORKFLOW_START', 'start:1', id, '{}',
             now() + interval '1 day', now() - interval '2 hours'
         from product_order",
    ),
    (Invariant::I2, "update workflow_correlation set process_instance_id = 'another'"),
];

#[tokio::test]
async fn every_forgery_of_the_tables_is_noticed_by_its_invariant() {
    for (invariant, forgery) in FORGERIES {
        let history = History::honest().await;
        history.stage.db.execute(forgery).await;

        let report = history.check().await;

        let finding = report.finding(invariant);
        assert!(!finding.violations.is_empty(), "{invariant} believed {forgery}\n{report}");
        history.stage.db.finish().await;
    }
}

#[tokio::test]
async fn every_forgery_of_the_evidence_is_noticed_by_its_invariant() {
    type Forge = fn(&mut Evidence);
    let forgeries: [(Invariant, Forge); 9] = [
        (Invariant::I1, |x| {
            x.calls[0].answer = Some((201, json!({ "orderId": "gone" })));
        }),
        (Invariant::I2, |x| x.instances.push(x.instances[0].clone())),
        (Invariant::I5, |x| drop(x.events.pop())),
        (Invariant::I7, |x| x.effects[0].count = 2),
        (Invariant::I7, |x| drop(x.effects.pop())),
        (Invariant::I10, |x| x.calls[1].answer = Some((422, json!({})))),
        (Invariant::I10, |x| x.calls[1].request = "other".into()),
        (Invariant::I13, |x| x.events[0].tenant_id = "globex".into()),
        (Invariant::I15, |x| x.queues[0].messages = 1),
    ];
    let mut history = History::honest().await;
    let honest = history.evidence.clone();
    for (index, (invariant, forge)) in forgeries.into_iter().enumerate() {
        history.evidence = honest.clone();
        forge(&mut history.evidence);

        let report = history.check().await;

        let finding = report.finding(invariant);
        assert!(!finding.violations.is_empty(), "{invariant} believed forgery {index}\n{report}");
    }
    history.stage.db.finish().await;
}

#[tokio::test]
async fn a_dead_letter_without_a_reason_is_noticed_and_one_with_a_reason_is_not() {
    let mut history = History::honest().await;
    history.evidence.queues[1].messages = 1;

    let unexplained = history.check().await;
    history.evidence.queues[1].explained = [("no step dispatch".to_owned(), 1)].into();
    let explained = history.check().await;

    assert_eq!(unexplained.finding(Invariant::I16).violations.len(), 1);
    assert!(explained.holds(), "{explained}");
    history.stage.db.finish().await;
}
