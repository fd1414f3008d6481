use camunda_client::Variables;
use jiff::{SignedDuration, Timestamp};
use order_domain::actor::Actor;
use order_domain::fallout::FalloutAction;
use order_domain::readiness::ReadinessFindings;
use order_store::CommandContext;
use order_store::commands::{ActOnCase, ActOutcome, CommandOutcome, act_on_case};
use test_support::{READY, order_draft, tenant};
use topic_worker::testing::{Fixture, with_work};

use super::*;

const CASE_ROW: &str = "select concat_ws(' ', status, severity, assigned_group, escalation_level,
    version, touched_at) from order_fallout_case";

/// An order whose readiness was refused: its case waits for a person.
async fn refused() -> Fixture {
    let oms = Fixture::new(MILESTONE, with_work(order_draft(&["INTERNET_ACCESS"])), None).await;
    let store = oms.db.store("oms_order_validate_readiness").await;
    let tx = store.tenant_tx(&tenant()).await.unwrap();
    let actor = Actor::function("order-validate-readiness", None);
    let ctx = CommandContext::new(actor, Timestamp::now());
    let findings = ReadinessFindings { is_approved: false, ..READY };
    let refused = commands::validate_readiness(tx, oms.order_id, &ctx, findings).await;
    assert!(matches!(refused, Ok(CommandOutcome::Refused { .. })), "{refused:?}");
    oms
}

async fn overdue(oms: &Fixture) {
    oms.db.execute("update order_fallout_case set due_at = now() - interval '1 minute'").await;
}

async fn case_row(oms: &Fixture) -> String {
    oms.db.text(CASE_ROW).await.unwrap_or_default()
}

#[tokio::test]
async fn an_overdue_case_is_escalated_once_however_often_its_timer_fires() {
    let oms = refused().await.naming_its_case().await;
    overdue(&oms).await;
    let (task, next) = (oms.task(), oms.task_after_a_loop_back());

    for task in [&task, &task, &next] {
        assert_eq!(execute_task(&oms.deps, task).await, TaskOutcome::complete());
    }

    assert_eq!(case_row(&oms).await, "OPEN CRITICAL order-supervisors 1 2");
    let journal = "select count(*) from fallout_action where action = 'escalate'
        and actor_name = 'order-escalate-fallout' and reason_code = 'TOUCH_OVERDUE'";
    assert_eq!(oms.db.number(journal).await, 1);
    assert_eq!(oms.events("OrderFalloutOpened").await, 1, "and nothing else is told");
    oms.db.finish().await;
}

#[tokio::test]
async fn a_case_that_is_not_overdue_keeps_its_owner_and_its_urgency() {
    let oms = refused().await.naming_its_case().await;

    let outcome = execute_task(&oms.deps, &oms.task()).await;

    assert_eq!(outcome, TaskOutcome::complete());
    assert_eq!(case_row(&oms).await, "OPEN MAJOR sales-operations 0 1");
    oms.db.finish().await;
}

#[tokio::test]
async fn a_case_that_closed_meanwhile_is_left_alone() {
    let oms = refused().await.naming_its_case().await;
    overdue(&oms).await;
    let task = oms.task();
    let request = ActOnCase {
        order_id: oms.order_id,
        case_id: Some(oms.case_id().await.parse().unwrap()),
        action: FalloutAction::Revalidate,
        expected_version: None,
        reason_code: "DATA_CORRECTED".to_owned(),
        note: None,
        input: Default::default(),
        fingerprint: String::new(),
        is_preview: false,
        bulk_action_id: None,
    };
    let later = Timestamp::now() + SignedDuration::from_secs(1);
    let ctx = CommandContext::new(Actor::caller("olga", vec!["order-operator".to_owned()]), later);
    let tx = oms.db.store("oms_operator_api").await.tenant_tx(&tenant()).await.unwrap();
    let closed = act_on_case(tx, &ctx, &request).await;
    assert!(matches!(closed, Ok(ActOutcome::Done(_))), "{closed:?}");

    let outcome = execute_task(&oms.deps, &task).await;

    assert_eq!(outcome, TaskOutcome::complete());
    assert!(case_row(&oms).await.starts_with("RESOLVED MAJOR sales-operations 0 2"));
    oms.db.finish().await;
}

#[tokio::test]
async fn a_task_that_names_no_case_is_given_up() {
    let oms = refused().await;
    overdue(&oms).await;
    let garbled = Variables::none().with(CASE, "the first one");

    for variables in [oms.task().variables, garbled] {
        let task = ExternalTask { variables, ..oms.task() };
        let outcome = execute_task(&oms.deps, &task).await;
        assert!(matches!(outcome, TaskOutcome::Failure { retries: 0, .. }), "{outcome:?}");
    }

    assert_eq!(case_row(&oms).await, "OPEN MAJOR sales-operations 0 1");
    oms.db.finish().await;
}

#[tokio::test]
async fn the_engine_hears_only_pointers_when_a_case_is_escalated() {
    let oms = refused().await.naming_its_case().await;
    overdue(&oms).await;

    oms.tells_only_pointers("complete", handle).await;
}
