//! Closing a case: once, by who saw its newest version, and with the engine told (§19 §20).

use order_domain::fallout::{FalloutAction as A, FalloutResolution, OutcomeFinding};
use order_store::commands::{ActOutcome, ActionInput};
use order_store::outbox;
use test_support::operations::{OPERATOR, OTHER_SUPERVISOR, SUPERVISOR, rejected};
use test_support::stage::Stage;

async fn text(stage: &Stage, sql: &str) -> String {
    stage.db.text(sql).await.unwrap_or_default()
}

const CASE: &str =
    "select concat_ws(' ', status, resolution, resolution_code, version) from order_fallout_case";
const ORDER: &str =
    "select concat_ws(' ', status, version, open_blocking_case_count) from product_order";
const TOLD: &str = "select string_agg(concat_ws(' ', payload->>'kind', payload->>'resolution',
        payload->>'engineAnchor'), ', ' order by sequence)
    from outbox_message where lane like 'case:%'";
const RESOLVED_EVENTS: &str =
    "select count(*) from domain_event where event_type = 'OrderFalloutResolved'";

fn code(outcome: &ActOutcome) -> &str {
    match outcome {
        ActOutcome::Refused(refused) => &refused.code,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_milestone_case_is_resolved_with_event_audit_and_the_engine_told_by_either_resolution() {
    for (how, name, action, order) in [
        (FalloutResolution::Retry, "RETRY", "revalidate", "CREATED 3 0"),
        (FalloutResolution::Continue, "CONTINUE", "override-readiness", "VALIDATED 4 0"),
    ] {
        let stage = Stage::unready().await;
        assert_eq!(text(&stage, ORDER).await, "FALLOUT 2 1");

        stage.resolve(stage.case().await, how).await;

        assert_eq!(text(&stage, CASE).await, format!("RESOLVED {name} DATA_CORRECTED 2"));
        assert_eq!(text(&stage, ORDER).await, order);
        let last = "select concat_ws(' ', command, outcome, code) from audit_entry
            order by sequence desc limit 1";
        assert_eq!(text(&stage, last).await, format!("{action} APPLIED"));
        assert_eq!(stage.db.number(RESOLVED_EVENTS).await, 1);
        let told = format!("USER_TASK_COMPLETE {name} BPMN_ERROR");
        assert_eq!(text(&stage, TOLD).await, told);
        let published = "select count(*) from outbox_message
            where payload->>'eventType' = 'OrderFalloutResolved'";
        assert_eq!(stage.db.number(published).await, 1);
        stage.db.finish().await;
    }
}

#[tokio::test]
async fn a_case_is_resolved_once_and_every_later_one_hears_that_it_is_not_open() {
    let stage = Stage::unready().await;
    let case = stage.case().await;
    let act = |person| stage.act(person, (A::Revalidate, case), ActionInput::default());

    let (one, other) = tokio::join!(act(OPERATOR), act(SUPERVISOR));
    let again = act(OPERATOR).await;

    let outcomes = [one, other];
    let done = outcomes.iter().filter(|x| matches!(x, ActOutcome::Done(_))).count();
    assert_eq!(done, 1, "{outcomes:?}");
    assert_eq!(code(&again), "ACTION_NOT_ALLOWED_IN_STATUS");
    assert_eq!(stage.db.number(RESOLVED_EVENTS).await, 1);
    assert_eq!(text(&stage, TOLD).await, "USER_TASK_COMPLETE RETRY BPMN_ERROR");
    stage.db.finish().await;
}

#[tokio::test]
async fn a_refused_resolution_is_audited_and_changes_nothing_else() {
    let stage = Stage::unready().await;
    let request = stage.request(A::Revalidate, stage.case().await, ActionInput::default());
    let mut stale = request.clone();
    stale.expected_version = Some(7);
    let mut silent = request;
    silent.reason_code = "  ".to_owned();
    let before = (text(&stage, CASE).await, text(&stage, ORDER).await);
    let owed = stage.db.number("select count(*) from outbox_message").await;

    for (request, refusal) in [(stale, "VERSION_CONFLICT"), (silent, "REASON_REQUIRED")] {
        let outcome = stage.ask(OPERATOR, refusal, &request).await;
        assert_eq!(code(&outcome), refusal);
        let last = "select concat_ws(' ', command, outcome, code, idempotency_key) from audit_entry
            order by sequence desc limit 1";
        let audited = format!("revalidate REFUSED {refusal} {refusal}");
        assert_eq!(text(&stage, last).await, audited);
    }

    assert_eq!((text(&stage, CASE).await, text(&stage, ORDER).await), before);
    assert_eq!(stage.db.number("select count(*) from outbox_message").await, owed);
    stage.db.finish().await;
}

#[tokio::test]
async fn an_opening_that_nobody_heard_of_is_not_sent_when_its_case_is_closed() {
    let stage = Stage::fallen_out(1, &rejected("NO_STOCK")).await;
    assert_eq!(text(&stage, TOLD).await, "FALLOUT_OPENED");

    stage.resolve(stage.case().await, FalloutResolution::Retry).await;

    assert_eq!(text(&stage, TOLD).await, "USER_TASK_COMPLETE RETRY MESSAGE");
    stage.db.finish().await;
}

#[tokio::test]
async fn an_opening_that_the_relay_holds_stays_before_the_completion_in_its_lane() {
    let stage = Stage::fallen_out(1, &rejected("NO_STOCK")).await;
    let relay = stage.db.store("oms_outbox_relay").await.system_tx().await.expect("a transaction");
    let lease = jiff::SignedDuration::from_secs(30);
    let claimed = outbox::claim_due(relay, stage.now(), 100, ("relay", lease)).await;
    assert!(!claimed.expect("the store answers").is_empty());

    stage.resolve(stage.case().await, FalloutResolution::Retry).await;

    assert_eq!(text(&stage, TOLD).await, "FALLOUT_OPENED, USER_TASK_COMPLETE RETRY MESSAGE");
    stage.db.finish().await;
}

#[tokio::test]
async fn a_contradiction_of_a_closed_order_is_settled_without_waking_the_order_or_its_process() {
    let stage = Stage::fallen_out(1, &rejected("NO_STOCK")).await;
    stage
        .db
        .execute(
            "delete from outbox_message;
             update order_fallout_case set engine_anchor = 'NONE', is_blocking = false,
                 cause = 'contradiction:' || fulfillment_step_id || ':1';
             update product_order set status = 'CANCELLED', open_blocking_case_count = 0",
        )
        .await;
    let case = stage.case().await;
    let input = ActionInput {
        finding: Some(OutcomeFinding::NotExecuted),
        evidence: Some("the warehouse says so".to_owned()),
        ..ActionInput::default()
    };

    let asked = stage.act(SUPERVISOR, (A::SettleOutcome, case), input).await;
    let agreed = stage.act(OTHER_SUPERVISOR, (A::Approve, case), ActionInput::default()).await;

    assert!(matches!(asked, ActOutcome::Done(_)), "{asked:?}");
    assert!(matches!(agreed, ActOutcome::Done(_)), "{agreed:?}");
    assert!(text(&stage, CASE).await.starts_with("RESOLVED RETRY DATA_CORRECTED"));
    assert!(text(&stage, ORDER).await.starts_with("CANCELLED"));
    assert_eq!(text(&stage, TOLD).await, "");
    assert_eq!(stage.db.number(RESOLVED_EVENTS).await, 1);
    stage.db.finish().await;
}
