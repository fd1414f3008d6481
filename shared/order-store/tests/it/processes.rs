//! Processes that are looked at, ended, adopted and put back.

use jiff::SignedDuration;
use order_domain::order::OrderMilestone;
use order_domain::workflow::CorrelationStatus;
use order_store::commands::{MissingProcess, ProcessFinding, RestartOutcome, restart_process};
use order_store::correlation::{self, ProcessCheck, RunningOutcome};
use order_store::engine_report::{self, EngineReport, EngineReportKind};
use order_store::outbox;
use test_support::stage::Stage;

const PROCESS: &str = "order-fulfillment";
const TEN_MINUTES: SignedDuration = SignedDuration::from_mins(10);

async fn tx(stage: &Stage, role: &str) -> order_store::SystemTx {
    stage.db.store(role).await.system_tx().await.expect("a transaction")
}

/// Its process runs as `p-1`, and its start is delivered.
async fn run(stage: &Stage) {
    let subject = (&stage.tenant, stage.order_id);
    let now = stage.now();
    let claimed =
        correlation::claim_start(tx(stage, "oms_outbox_relay").await, subject, (PROCESS, "k"), now);
    let _new = claimed.await.expect("a claim");
    let relay = tx(stage, "oms_outbox_relay").await;
    let running = correlation::mark_running(relay, subject, (PROCESS, "p-1"), now).await;
    assert_eq!(running.expect("the store answers"), RunningOutcome::Recorded);
    stage.db.execute("delete from outbox_message where kind = 'WORKFLOW_START'").await;
}

async fn instance(stage: &Stage) -> Option<String> {
    stage.db.text("select process_instance_id from workflow_correlation").await
}

#[tokio::test]
async fn an_instance_that_is_recorded_is_not_replaced_by_one_that_was_started_late() {
    let stage = Stage::placed(1).await;
    let subject = (&stage.tenant, stage.order_id);
    run(&stage).await;

    let relay = tx(&stage, "oms_outbox_relay").await;
    let late = correlation::mark_running(relay, subject, (PROCESS, "p-2"), stage.now()).await;
    let relay = tx(&stage, "oms_outbox_relay").await;
    let again = correlation::mark_running(relay, subject, (PROCESS, "p-1"), stage.now()).await;

    assert_eq!(late.expect("the store answers"), RunningOutcome::Superseded);
    assert_eq!(again.expect("the store answers"), RunningOutcome::Recorded);
    assert_eq!(instance(&stage).await.as_deref(), Some("p-1"));
    stage.db.finish().await;
}

async fn due(stage: &Stage) -> Vec<ProcessCheck> {
    let tx = tx(stage, "oms_reconciliation").await;
    correlation::claim_checks(tx, stage.now(), 10).await.expect("a claim")
}

async fn checked(stage: &Stage) -> ProcessCheck {
    stage.advance(TEN_MINUTES);
    due(stage).await.pop().expect("one process is due")
}

async fn missing(stage: &Stage, check: &ProcessCheck, finding: ProcessFinding) -> RestartOutcome {
    let store = stage.db.store("oms_reconciliation").await;
    let tx = store.tenant_tx(&stage.tenant).await.expect("a transaction");
    let missing = MissingProcess {
        order_id: check.order_id,
        workflow_run_id: check.workflow_run_id,
        finding,
    };
    restart_process(tx, &stage.context("reconciliation"), &missing)
        .await
        .expect("the store answers")
}

async fn lost(stage: &Stage) -> RestartOutcome {
    let check = checked(stage).await;
    missing(stage, &check, ProcessFinding::Lost).await
}

async fn status(stage: &Stage) -> Option<String> {
    stage.db.text("select status from workflow_correlation").await
}

async fn resumed_at(stage: &Stage) -> Option<String> {
    let sql = "select payload->'resumeAt'->>'milestone' from outbox_message
        where kind = 'WORKFLOW_START'";
    stage.db.text(sql).await
}

async fn count(stage: &Stage, what: &str) -> i64 {
    stage.db.number(&format!("select count(*) from {what}")).await
}

/// A case of the order, as the engine would have been told of it.
async fn open_case(stage: &Stage, anchor: &str, cause: &str) {
    let order_id = stage.order_id;
    let sql = format!(
        "insert into order_fallout_case (tenant_id, id, order_id, cause, origin, severity, reason_code,
             reasons, status, is_blocking, engine_anchor, evidence, assigned_group, version, opened_at)
         values ('acme', gen_random_uuid(), '{order_id}', '{cause}', 'test', 'MAJOR', 'TEST', '[]',
             'OPEN', false, '{anchor}', '{{}}', 'order-operations', 1, now())"
    );
    stage.db.execute(&sql).await;
}

async fn plan_completed(stage: &Stage) {
    stage
        .db
        .execute(
            "update fulfillment_plan
             set status = 'COMPLETED', completed_at = now(), remaining_step_count = 0",
        )
        .await;
}

#[tokio::test]
async fn a_lost_process_is_put_back_at_the_milestone_that_the_facts_demand() {
    let stages: [(&str, OrderMilestone); 3] = [
        ("select 1", OrderMilestone::Validation),
        ("update product_order set validated_at = now()", OrderMilestone::Decomposition),
        (
            "update product_order set validated_at = now(), decomposed_at = now()",
            OrderMilestone::Planning,
        ),
    ];
    for (facts, milestone) in stages {
        let stage = Stage::placed(1).await;
        run(&stage).await;
        stage.db.execute(facts).await;

        assert_eq!(lost(&stage).await, RestartOutcome::Restarted(milestone));
        assert_eq!(resumed_at(&stage).await.as_deref(), Some(milestone.as_str()));
        stage.db.finish().await;
    }
    for (facts, milestone) in [
        ("select 1", OrderMilestone::Execution),
        ("update product_order set released_at = now()", OrderMilestone::Billing),
        ("update product_order set billing_settled_at = now()", OrderMilestone::Completion),
    ] {
        let stage = Stage::released(1).await;
        run(&stage).await;
        if milestone != OrderMilestone::Execution {
            plan_completed(&stage).await;
        }
        stage.db.execute(facts).await;

        assert_eq!(lost(&stage).await, RestartOutcome::Restarted(milestone));
        stage.db.finish().await;
    }
}

#[tokio::test]
async fn putting_a_process_back_is_a_new_run_an_incident_and_an_audit_entry() {
    let stage = Stage::released(1).await;
    run(&stage).await;
    let check = checked(&stage).await;

    let first = missing(&stage, &check, ProcessFinding::Ended("COMPLETED".to_owned())).await;
    let again = missing(&stage, &check, ProcessFinding::Lost).await;

    assert_eq!(first, RestartOutcome::Restarted(OrderMilestone::Execution));
    assert_eq!(again, RestartOutcome::Superseded, "another run is recorded");
    assert_eq!(status(&stage).await.as_deref(), Some("STARTING"));
    let run_id = stage.db.text("select workflow_run_id::text from workflow_correlation").await;
    assert_ne!(run_id, Some(check.workflow_run_id.to_string()));
    assert_eq!(count(&stage, "workflow_correlation where process_instance_id is null").await, 1);
    let incident = "platform_incident where kind = 'ENGINE_INSTANCE_ENDED' and order_id is not null
        and detail like '%p-1 ended (COMPLETED)%put back at EXECUTION%'";
    assert_eq!(count(&stage, incident).await, 1);
    let audit = "audit_entry where command = 'restart_process' and outcome = 'APPLIED'";
    assert_eq!(count(&stage, audit).await, 1);
    stage.db.finish().await;
}

#[tokio::test]
async fn what_was_owed_to_the_old_instance_is_owed_anew_or_not_at_all() {
    let stage = Stage::released(1).await;
    run(&stage).await;
    plan_completed(&stage).await;
    open_case(&stage, "MESSAGE", "step:one").await;
    stage.owe(("WORKFLOW_MESSAGE", "plan:one"), serde_json::json!({})).await;
    stage.owe(("USER_TASK_COMPLETE", "case:closed"), serde_json::json!({})).await;

    assert_eq!(lost(&stage).await, RestartOutcome::Restarted(OrderMilestone::Billing));

    let owed = "select string_agg(payload->>'kind', ' ' order by sequence) from outbox_message
        where kind in ('WORKFLOW_START', 'WORKFLOW_MESSAGE', 'USER_TASK_COMPLETE')";
    let owed = stage.db.text(owed).await;
    assert_eq!(owed.as_deref(), Some("WORKFLOW_START FALLOUT_OPENED"));
    assert_eq!(count(&stage, "outbox_message where kind = 'STEP_DISPATCH'").await, 1);
    stage.db.finish().await;
}

#[tokio::test]
async fn releasing_the_plan_again_owes_the_openings_itself() {
    let stage = Stage::released(1).await;
    run(&stage).await;
    open_case(&stage, "MESSAGE", "step:one").await;

    assert_eq!(lost(&stage).await, RestartOutcome::Restarted(OrderMilestone::Execution));

    assert_eq!(count(&stage, "outbox_message where kind = 'WORKFLOW_MESSAGE'").await, 0);
    stage.db.finish().await;
}

#[tokio::test]
async fn an_open_case_of_the_milestone_is_where_the_process_goes_on() {
    for (cause, goes_along) in [("milestone:validate_readiness", true), ("milestone:other", false)]
    {
        let stage = Stage::placed(1).await;
        run(&stage).await;
        open_case(&stage, "BPMN_ERROR", cause).await;
        let case = stage.db.text("select id::text from order_fallout_case").await;

        assert_eq!(lost(&stage).await, RestartOutcome::Restarted(OrderMilestone::Validation));

        let sql = "select payload->'resumeAt'->>'falloutCaseId' from outbox_message
            where kind = 'WORKFLOW_START'";
        assert_eq!(stage.db.text(sql).await, case.filter(|_| goes_along), "{cause}");
        stage.db.finish().await;
    }
}

#[tokio::test]
async fn a_process_that_is_lost_again_and_again_is_put_back_ever_later() {
    let stage = Stage::placed(1).await;
    run(&stage).await;
    let at_once = lost(&stage).await;
    run_restarted(&stage).await;
    stage.advance(SignedDuration::from_mins(5));
    stage.db.execute("update workflow_correlation set next_check_at = null").await;
    let check = due(&stage).await.pop().expect("due again");
    let soon = missing(&stage, &check, ProcessFinding::Lost).await;
    let while_lost = status(&stage).await;
    assert!(due(&stage).await.is_empty(), "nothing to look for before its time");
    let later = lost(&stage).await;

    assert_eq!(at_once, RestartOutcome::Restarted(OrderMilestone::Validation));
    assert!(matches!(soon, RestartOutcome::Delayed(_)), "{soon:?}");
    assert_eq!(while_lost.as_deref(), Some("LOST"));
    assert_eq!(later, RestartOutcome::Restarted(OrderMilestone::Validation));
    let incident = "platform_incident where kind = 'ENGINE_INSTANCE_LOST' and occurrence_count = 3";
    assert_eq!(count(&stage, incident).await, 1);
    stage.db.finish().await;
}

async fn run_restarted(stage: &Stage) {
    stage.db.execute("delete from outbox_message where kind = 'WORKFLOW_START'").await;
    let subject = (&stage.tenant, stage.order_id);
    let relay = tx(stage, "oms_outbox_relay").await;
    let names = (PROCESS, "p-2");
    let running = correlation::mark_running(relay, subject, names, stage.now()).await;
    assert_eq!(running.expect("the store answers"), RunningOutcome::Recorded);
}

#[tokio::test]
async fn a_finished_order_needs_no_process_unless_the_customer_waits_for_a_word() {
    for (notification, outcome, then) in [
        ("SENT", RestartOutcome::NothingLeft, "ENDED"),
        ("UNKNOWN", RestartOutcome::Restarted(OrderMilestone::Notification), "STARTING"),
    ] {
        let stage = Stage::placed(1).await;
        run(&stage).await;
        let sql = format!(
            "update product_order set status = 'COMPLETED', completed_at = now();
             insert into customer_notification
                 (tenant_id, id, order_id, kind, order_version, status, request_id, created_at, updated_at)
             select tenant_id, gen_random_uuid(), id, 'ORDER_COMPLETED', 1, '{notification}',
                 gen_random_uuid(), now(), now()
             from product_order"
        );
        stage.db.execute(&sql).await;

        assert_eq!(lost(&stage).await, outcome);
        assert_eq!(status(&stage).await.as_deref(), Some(then));
        stage.db.finish().await;
    }
}

#[tokio::test]
async fn a_running_process_is_due_after_its_time_once_and_says_whether_a_start_is_owed() {
    let stage = Stage::placed(1).await;
    run(&stage).await;

    let too_early = due(&stage).await;
    let check = checked(&stage).await;
    let taken = due(&stage).await;
    // Written by a release that knew no next check.
    stage.db.execute("update workflow_correlation set next_check_at = null").await;
    stage
        .owe(("WORKFLOW_START", &format!("start:{}", stage.order_id)), serde_json::json!({}))
        .await;
    let owed = due(&stage).await.pop().expect("due since its start");

    assert!(too_early.is_empty() && taken.is_empty());
    assert_eq!(check.process_instance_id.as_deref(), Some("p-1"));
    assert_eq!(check.status, CorrelationStatus::Running);
    assert_eq!((check.owes_start, owed.owes_start), (false, true));
    stage.db.finish().await;
}

#[tokio::test]
async fn looks_are_written_for_the_run_that_was_looked_at_only() {
    let stage = Stage::placed(1).await;
    run(&stage).await;
    let check = checked(&stage).await;
    let now = stage.now();
    let other = ProcessCheck {
        workflow_run_id: order_domain::ids::WorkflowRunId::from_uuid(uuid::Uuid::now_v7()),
        ..check.clone()
    };

    let reconcile = || tx(&stage, "oms_reconciliation");
    let stale = correlation::mark_ended(reconcile().await, &[other.checked()], now).await;
    let adopted = correlation::adopt(reconcile().await, other.checked(), "p-9", now).await;
    let taken = correlation::adopt(reconcile().await, check.checked(), "p-2", now).await;
    let alive =
        correlation::put_off(reconcile().await, &[check.checked()], (now + TEN_MINUTES, now)).await;
    let ended = correlation::mark_ended(reconcile().await, &[check.checked()], now).await;
    let again = correlation::mark_ended(reconcile().await, &[check.checked()], now).await;

    assert_eq!((stale.unwrap(), adopted.unwrap(), taken.unwrap()), (0, false, true));
    assert_eq!((alive.unwrap(), ended.unwrap(), again.unwrap()), (1, 1, 0));
    assert_eq!(status(&stage).await.as_deref(), Some("ENDED"));
    stage.db.finish().await;
}

#[tokio::test]
async fn a_process_that_is_seen_alive_ends_the_incident_of_its_restart() {
    let stage = Stage::placed(1).await;
    run(&stage).await;
    let _restarted = lost(&stage).await;
    run_restarted(&stage).await;
    let open = "platform_incident where resolved_at is null";
    assert_eq!(count(&stage, open).await, 1);

    let check = checked(&stage).await;
    let (reconcile, now) = (tx(&stage, "oms_reconciliation").await, stage.now());
    let alive = correlation::put_off(reconcile, &[check.checked()], (now + TEN_MINUTES, now)).await;

    assert_eq!((alive.unwrap(), count(&stage, open).await), (1, 0));
    stage.db.finish().await;
}

#[tokio::test]
async fn somebody_who_misses_a_process_makes_it_due_at_once() {
    let stage = Stage::placed(1).await;
    run(&stage).await;
    assert!(due(&stage).await.is_empty());

    let subject = (&stage.tenant, stage.order_id);
    let relay = tx(&stage, "oms_outbox_relay").await;
    correlation::check_now(relay, subject, stage.now()).await.unwrap();

    assert_eq!(due(&stage).await.len(), 1);
    stage.db.finish().await;
}

#[tokio::test]
async fn a_completion_that_a_restored_engine_forgot_is_owed_again_once() {
    let stage = Stage::released(1).await;
    run(&stage).await;
    plan_completed(&stage).await;
    let orders = [(&stage.tenant, stage.order_id)];
    let repeat = async |at| {
        outbox::repeat_plan_messages(tx(&stage, "oms_reconciliation").await, &orders, at).await
    };

    let too_early = repeat(stage.now()).await.unwrap();
    let later = stage.now() + SignedDuration::from_mins(11);
    let owed = repeat(later).await.unwrap();
    let again = repeat(later).await.unwrap();

    assert_eq!((too_early, owed, again), (0, 1, 0));
    let sql = "select payload->>'kind' from outbox_message where kind = 'WORKFLOW_MESSAGE'";
    assert_eq!(stage.db.text(sql).await.as_deref(), Some("PLAN_COMPLETED"));
    stage.db.finish().await;
}

#[tokio::test]
async fn a_report_is_one_open_incident_until_a_look_finds_it_no_more() {
    let stage = Stage::placed(1).await;
    run(&stage).await;
    let report = |order_id, kind| EngineReport {
        tenant: stage.tenant.clone(),
        order_id,
        kind,
        cause: "task:p-1:DecomposeOrder".to_owned(),
        detail: "gave up".to_owned(),
    };
    let stranger = order_domain::ids::OrderId::from_uuid(uuid::Uuid::now_v7());
    let reports = [
        report(stage.order_id, EngineReportKind::Incident),
        report(stage.order_id, EngineReportKind::Incident),
        report(stranger, EngineReportKind::InstanceSuspended),
    ];
    let record = async |now| {
        let tx = tx(&stage, "oms_reconciliation").await;
        engine_report::record(tx, now, &reports).await.unwrap()
    };
    let resolve = async |now| {
        let tx = tx(&stage, "oms_reconciliation").await;
        engine_report::resolve_unseen(tx, now, &[EngineReportKind::Incident]).await.unwrap()
    };

    let first = stage.now();
    let second = first + SignedDuration::from_mins(1);
    assert_eq!((record(first).await, resolve(first).await), (1, 0));
    assert_eq!((record(second).await, resolve(second).await), (1, 0));
    assert_eq!(count(&stage, "platform_incident").await, 1, "one cause, one incident");
    assert_eq!(resolve(second + SignedDuration::from_mins(1)).await, 1);
    stage.db.finish().await;
}
