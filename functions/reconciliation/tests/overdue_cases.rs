//! Cases that nobody touched in time, on a real database: the sweep that hands them to supervisors.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::Duration;

use lambda_support::Deadline;
use lambda_support::config::Settings;
use lambda_support::secrets::{SecretsClient, SecretsEndpoint};
use reconciliation::{Deps, ReconciliationSummary, handler, policy};
use test_support::stage::Stage;

/// More than two batches.
const ORDERS: u32 = 2 * policy::OVERDUE_CASES_BATCH + 1;

async fn deps(stage: &Stage) -> Deps {
    let endpoint = SecretsEndpoint::from_settings(&Settings::default()).unwrap();
    let secrets = SecretsClient::new(endpoint).unwrap();
    let store = stage.db.store("oms_reconciliation").await;
    Deps::new(store, secrets).unwrap().with_clock(stage.clock())
}

/// The round of a run that looks for overdue cases.
async fn round(deps: &Deps) -> ReconciliationSummary {
    let rounds = policy::OVERDUE_CASES_ROUND - 1;
    let mut summary = ReconciliationSummary { rounds, ..Default::default() };
    let deadline = Deadline::after(Duration::from_secs(50));
    handler::run_round(deps, "run", deadline, &mut summary).await.unwrap();
    summary
}

/// Orders numbered from 1, each with one case; the even ones belong to another tenant.
async fn with_cases(stage: &Stage, orders: u32) {
    let sql = format!(
        "delete from outbox_message;
         insert into product_order select (jsonb_populate_record(o, jsonb_build_object(
             'tenant_id', case when n % 2 = 0 then 'other' else o.tenant_id end,
             'id', gen_random_uuid(), 'order_number', 'n' || n, 'quote_id', 'q' || n))).*
         from product_order o, generate_series(1, {orders}) n;
         insert into order_fallout_case (tenant_id, id, order_id, cause, origin, severity, reason_code,
             reasons, status, is_blocking, engine_anchor, evidence, assigned_group, version, opened_at,
             due_at)
         select tenant_id, gen_random_uuid(), id, 'liveness', 'test', 'MINOR', 'TEST', '[]', 'OPEN', false,
             'NONE', '{{}}', 'order-operations', 1, now() - interval '3 days', now() - interval '1 hour'
         from product_order where order_number like 'n%'"
    );
    stage.db.execute(&sql).await;
}

/// What kept the case of the order with this number from being escalated, as SQL.
async fn spare(stage: &Stage, number: u32, change: &str) {
    let sql = format!(
        "update order_fallout_case c set {change} from product_order o
         where o.tenant_id = c.tenant_id and o.id = c.order_id and o.order_number = 'n{number}'"
    );
    stage.db.execute(&sql).await;
}

async fn escalated(stage: &Stage) -> i64 {
    let sql = "select count(*) from order_fallout_case c
        join fallout_action a on a.tenant_id = c.tenant_id and a.fallout_case_id = c.id
        where c.escalation_level = 1 and c.assigned_group = 'order-supervisors'
          and c.severity = 'MAJOR' and c.due_at > now() and a.actor_name = 'reconciliation'
          and a.reason_code = 'TOUCH_OVERDUE'";
    stage.db.number(sql).await
}

#[tokio::test]
async fn overdue_cases_of_all_tenants_are_escalated_batch_by_batch_and_once() {
    let stage = Stage::placed(1).await;
    with_cases(&stage, ORDERS + 4).await;
    spare(&stage, 1, "due_at = now() + interval '1 hour'").await;
    spare(&stage, 2, "due_at = null").await;
    spare(&stage, 3, "status = 'CANCELLED'").await;
    spare(&stage, 4, "status = 'RESOLVED', resolved_at = now()").await;
    let deps = deps(&stage).await;

    let first = round(&deps).await;
    let second = round(&deps).await;

    assert_eq!((first.cases_escalated, second.cases_escalated), (ORDERS, 0));
    assert_eq!(escalated(&stage).await, i64::from(ORDERS));
    let spared = "select count(*) from order_fallout_case where escalation_level = 0";
    assert_eq!(stage.db.number(spared).await, 4);
    stage.db.finish().await;
}

#[tokio::test]
async fn overdue_cases_are_looked_for_in_some_rounds_only() {
    let stage = Stage::placed(1).await;
    with_cases(&stage, 1).await;
    let deps = deps(&stage).await;
    let deadline = Deadline::after(Duration::from_secs(50));

    let mut summary = ReconciliationSummary::default();
    for round in 1..=policy::OVERDUE_CASES_ROUND {
        assert_eq!(summary.cases_escalated, 0, "before round {round}");
        handler::run_round(&deps, "run", deadline, &mut summary).await.unwrap();
    }

    assert_eq!(summary.cases_escalated, 1);
    stage.db.execute("update order_fallout_case set due_at = now() - interval '1 hour'").await;
    handler::run_round(&deps, "run", deadline, &mut summary).await.unwrap();
    assert_eq!(summary.cases_escalated, 1, "not in the next round");
    stage.db.finish().await;
}

#[tokio::test]
async fn an_order_that_cannot_be_written_holds_up_nobody_elses_case() {
    let stage = Stage::placed(1).await;
    with_cases(&stage, 3).await;
    // Its journal refuses the order's next entry.
    let sql = "do $$ declare broken uuid := (select id from product_order where order_number = 'n2');
         begin
             execute format('alter table fallout_action add constraint broken check (order_id <> %L)', broken);
         end $$";
    stage.db.execute(sql).await;

    let summary = round(&deps(&stage).await).await;

    assert_eq!(summary.cases_escalated, 2);
    assert_eq!(escalated(&stage).await, 2);
    stage.db.finish().await;
}
