//! Cases that nobody touched in time (§18): escalated once per deadline, whoever looks and how often.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use jiff::{SignedDuration, Timestamp};
use order_domain::actor::Actor;
use order_domain::fallout::FalloutAction as A;
use order_domain::fallout::FalloutResolution;
use order_store::commands::{
    ActOutcome, ActionInput, CommandOutcome, escalate_overdue_case, escalate_overdue_cases,
};
use order_store::{CommandContext, overdue_cases};
use test_support::operations::{OPERATOR, rejected};
use test_support::stage::Stage;

const FUNCTION: &str = "order-escalate-fallout";
const ROLE: &str = "oms_order_escalate_fallout";
/// More than a business day, whatever day it is.
const DAYS: SignedDuration = SignedDuration::from_hours(24 * 5);

const CASE: &str = "select concat_ws(' ', status, severity, assigned_group, assigned_user,
    escalation_level, version) from order_fallout_case order by opened_at, id limit 1";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn context(now: Timestamp) -> CommandContext {
    CommandContext::new(Actor::function(FUNCTION, Some("worker:1".to_owned())), now)
}

/// The function escalates the oldest open case at this time.
async fn escalate_at(stage: &Stage, now: Timestamp) -> CommandOutcome {
    let case = stage.case().await;
    let tx = stage.db.store(ROLE).await.tenant_tx(&stage.tenant).await.unwrap();
    escalate_overdue_case(tx, stage.order_id, case, &context(now)).await.unwrap()
}

async fn sweep(stage: &Stage) -> usize {
    let orders = [(stage.tenant.clone(), stage.order_id)];
    let tx = stage.db.store("oms_reconciliation").await.system_tx().await.unwrap();
    escalate_overdue_cases(tx, &context(stage.now()), &orders).await.unwrap()
}

fn is_applied(outcome: &CommandOutcome) -> bool {
    matches!(outcome, CommandOutcome::Applied { .. })
}

async fn text(stage: &Stage, sql: &str) -> String {
    stage.db.text(sql).await.unwrap_or_default()
}

async fn due(stage: &Stage, due_at: &str) {
    stage.db.execute(&format!("update order_fallout_case set due_at = {due_at}")).await;
}

#[tokio::test]
async fn an_overdue_case_is_escalated_once_per_deadline_and_the_journal_says_who_and_why() {
    let stage = Stage::fallen_out(1, &rejected("NO_STOCK")).await;
    let assigned = ActionInput { assigned_user: Some("olga".to_owned()), ..Default::default() };
    let taken = stage.act(OPERATOR, (A::Assign, stage.case().await), assigned).await;
    assert!(matches!(taken, ActOutcome::Done(_)), "{taken:?}");
    let count = "select concat_ws(' ', (select version from product_order),
        (select count(*) from domain_event), (select count(*) from outbox_message),
        (select touched_at from order_fallout_case))";
    let before = text(&stage, count).await;

    let early = escalate_at(&stage, stage.now()).await;
    stage.advance(DAYS);
    let late = escalate_at(&stage, stage.now()).await;
    let again = escalate_at(&stage, stage.now()).await;

    assert_eq!([early, late, again].map(|x| is_applied(&x)), [false, true, false]);
    assert_eq!(text(&stage, CASE).await, "IN_PROGRESS CRITICAL order-supervisors olga 1 3");
    assert_eq!(text(&stage, count).await, before, "no fact of the order, and nobody's touch");
    let journal = "select concat_ws(' ', action, actor_name, reason_code, verdict, case_version,
        input->>'severity') from fallout_action where actor_name <> 'olga'";
    let escalated = "escalate order-escalate-fallout TOUCH_OVERDUE APPLIED 3 CRITICAL";
    assert_eq!(text(&stage, journal).await, escalated);
    let audit = "select string_agg(concat_ws(' ', actor_name, outcome), ', ' order by sequence)
        from audit_entry where command = 'escalate_overdue_case'";
    let (name, none) = (FUNCTION, "ALREADY_APPLIED");
    let audited = format!("{name} {none}, {name} APPLIED, {name} {none}");
    assert_eq!(text(&stage, audit).await, audited);

    stage.advance(DAYS);
    assert!(is_applied(&escalate_at(&stage, stage.now()).await), "another deadline has passed");
    assert_eq!(text(&stage, CASE).await, "IN_PROGRESS CRITICAL order-supervisors olga 2 4");
    stage.db.finish().await;
}

#[tokio::test]
async fn a_case_that_was_touched_in_time_is_not_escalated() {
    let stage = Stage::fallen_out(1, &rejected("NO_STOCK")).await;
    due(&stage, "now() - interval '1 minute'").await;
    let _noted = stage.act(OPERATOR, (A::AddNote, stage.case().await), Default::default()).await;

    let outcome = escalate_at(&stage, stage.now()).await;

    assert!(!is_applied(&outcome), "{outcome:?}");
    assert_eq!(sweep(&stage).await, 0);
    assert_eq!(text(&stage, CASE).await, "OPEN MAJOR order-operations 0 2");
    stage.db.finish().await;
}

#[tokio::test]
async fn closed_cases_and_cases_without_a_deadline_are_left_alone() {
    let stage = Stage::fallen_out(2, &rejected("NO_STOCK")).await;
    let closed = stage.case().await;
    stage.resolve(closed, FalloutResolution::Retry).await;
    due(&stage, "null").await;
    stage
        .db
        .execute(&format!(
            "update order_fallout_case set due_at = now() - interval '1 day' where id = '{closed}'"
        ))
        .await;

    let open = escalate_at(&stage, stage.now()).await;
    let tx = stage.db.store(ROLE).await.tenant_tx(&stage.tenant).await.unwrap();
    let gone = escalate_overdue_case(tx, stage.order_id, closed, &context(stage.now())).await;

    assert_eq!([open, gone.unwrap()].map(|x| is_applied(&x)), [false, false]);
    assert_eq!(sweep(&stage).await, 0);
    let levels = "select sum(escalation_level) from order_fallout_case";
    assert_eq!(stage.db.number(levels).await, 0);
    let audited = "select count(*) from audit_entry where command = 'escalate_overdue_case'";
    assert_eq!(stage.db.number(audited).await, 2, "a sweep that finds nothing writes nothing");
    stage.db.finish().await;
}

#[tokio::test]
async fn of_two_escalators_at_once_one_escalates() {
    let stage = Stage::fallen_out(1, &rejected("NO_STOCK")).await;
    stage.advance(DAYS);
    let now = stage.now();

    let (timer, swept) = tokio::join!(escalate_at(&stage, now), sweep(&stage));

    assert_eq!(usize::from(is_applied(&timer)) + swept, 1, "{timer:?} {swept}");
    assert_eq!(text(&stage, CASE).await, "OPEN CRITICAL order-supervisors 1 2");
    assert_eq!(stage.db.number("select count(*) from fallout_action").await, 1);
    stage.db.finish().await;
}

#[tokio::test]
async fn the_deadline_itself_is_late_and_the_next_one_is_a_business_day_away() {
    let stage = Stage::fallen_out(1, &rejected("NO_STOCK")).await;
    stage.db.execute("update fulfillment_step set deadline = null, deadline_at = null").await;
    due(&stage, "'2026-11-27T15:00:00Z'").await;

    let before = escalate_at(&stage, at("2026-11-27T14:59:59.999999Z")).await;
    let friday = escalate_at(&stage, at("2026-11-27T15:00:00Z")).await;
    let sunday = escalate_at(&stage, at("2026-11-29T23:00:00Z")).await;
    let monday = escalate_at(&stage, at("2026-11-30T15:00:00Z")).await;

    let applied = [before, friday, sunday, monday].map(|x| is_applied(&x));
    assert_eq!(applied, [false, true, false, true]);
    let due_at = "select to_char(due_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI')
        from order_fallout_case";
    assert_eq!(text(&stage, due_at).await, "2026-12-01 15:00");
    stage.db.finish().await;
}

#[tokio::test]
async fn a_timer_that_is_served_twice_escalates_once_and_answers_the_same() {
    let stage = Stage::fallen_out(1, &rejected("NO_STOCK")).await;
    stage.advance(DAYS);
    let case = stage.case().await;
    let ctx = context(stage.now()).with_idempotency_key("task-1");

    let mut answers = Vec::new();
    for _ in 0..2 {
        let tx = stage.db.store(ROLE).await.tenant_tx(&stage.tenant).await.unwrap();
        answers.push(escalate_overdue_case(tx, stage.order_id, case, &ctx).await.unwrap());
    }

    assert_eq!(answers[0], answers[1]);
    assert!(is_applied(&answers[0]));
    assert_eq!(stage.db.number("select count(*) from fallout_action").await, 1);
    stage.db.finish().await;
}

#[tokio::test]
async fn all_overdue_cases_of_an_order_are_escalated_in_two_round_trips() {
    let stage = Stage::fallen_out(3, &rejected("NO_STOCK")).await;
    let spared = stage.case().await;
    stage.advance(DAYS);
    let later = format!(
        "update order_fallout_case set due_at = now() + interval '30 days' where id = '{spared}'"
    );
    stage.db.execute(&later).await;
    let store = stage.db.store("oms_reconciliation").await;
    let tx = store.system_tx().await.unwrap();
    let before = store.cost();

    let orders = [(stage.tenant.clone(), stage.order_id)];
    let escalated = escalate_overdue_cases(tx, &context(stage.now()), &orders).await.unwrap();

    let after = store.cost();
    assert_eq!(escalated, 2);
    assert_eq!(after.round_trips - before.round_trips, 2);
    let levels =
        "select string_agg(escalation_level::text, ' ' order by id) from order_fallout_case";
    assert_eq!(text(&stage, levels).await, "0 1 1");
    stage.db.finish().await;
}

#[tokio::test]
async fn overdue_cases_are_listed_most_overdue_first_by_their_index() {
    let stage = Stage::fallen_out(3, &rejected("NO_STOCK")).await;
    let tx = stage.db.store("oms_reconciliation").await.system_tx().await.unwrap();
    assert_eq!(overdue_cases::list_overdue(tx, stage.now(), 2).await.unwrap(), []);
    stage.advance(DAYS);

    let tx = stage.db.store("oms_reconciliation").await.system_tx().await.unwrap();
    let found = overdue_cases::list_overdue(tx, stage.now(), 2).await.unwrap();

    assert_eq!(found, vec![(stage.tenant.clone(), stage.order_id); 2]);
    let sql = "explain select c.tenant_id, c.order_id from order_fallout_case c
        where c.status not in ('RESOLVED', 'CANCELLED') and c.due_at <= now()
        order by c.due_at limit 2";
    stage.db.execute("set enable_seqscan = off").await;
    let plan = stage.db.rows(sql, &[]).await;
    let lines: Vec<String> = plan.iter().map(|x| x.try_get(0).unwrap()).collect();
    assert!(lines.join("\n").contains("cases_to_touch"), "{lines:#?}");
    stage.db.finish().await;
}
