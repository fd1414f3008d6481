//! Resolving a case by hand: once, by who saw its newest version, and with the engine told (§19 §20).

use order_domain::fallout::{CaseRejection, FalloutResolution};
use order_domain::ids::FalloutCaseId;
use order_domain::readiness::ReadinessFindings;
use order_domain::step::answer::StepAnswer;
use order_store::commands::{self, CommandOutcome, ResolveCase, ResolveOutcome};
use order_store::outbox;
use test_support::READY;
use test_support::stage::Stage;
use uuid::Uuid;

use crate::journey::outcome_of;

/// The milestone refused; the engine waits at the user task of its BPMN error.
async fn refused_milestone() -> Stage {
    let stage = Stage::placed(1).await;
    let store = stage.db.store("oms_order_validate_readiness").await;
    let tx = store.tenant_tx(&stage.tenant).await.expect("a transaction");
    let findings = ReadinessFindings { is_approved: false, ..READY };
    let ctx = stage.context("validate");
    let refused = commands::validate_readiness(tx, stage.order_id, &ctx, findings).await;
    assert!(matches!(refused, Ok(CommandOutcome::Refused { .. })), "{refused:?}");
    stage
}

/// A step was refused; the engine is told by a message that the relay has not sent yet.
async fn rejected_step() -> Stage {
    let stage = Stage::released(1).await;
    let attempts = stage.claim().await;
    let rejected = StepAnswer::Rejected { code: "NO_STOCK".to_owned(), external_reference: None };
    let batch = [outcome_of(&attempts[0], &rejected)];
    let executor = stage.db.store("oms_fulfillment_step_executor").await;
    let tx = executor.system_tx().await.expect("a transaction");
    let done = commands::record_step_outcomes(tx, &stage.context("executor"), &batch).await;
    assert_eq!(done.expect("the store answers").len(), 1);
    stage
}

async fn resolution(stage: &Stage, resolution: FalloutResolution) -> ResolveCase {
    let id = stage.db.text("select id::text from order_fallout_case").await.expect("a case");
    ResolveCase {
        order_id: stage.order_id,
        case_id: FalloutCaseId::from_uuid(id.parse().expect("an id")),
        expected_version: None,
        resolution,
        reason_code: "DATA_CORRECTED".to_owned(),
        note: Some("the account was opened".to_owned()),
    }
}

/// By a role that has the grants, until operators have one of their own.
async fn resolve(stage: &Stage, request: &ResolveCase) -> ResolveOutcome {
    let store = stage.db.store("oms_reconciliation").await;
    let tx = store.tenant_tx(&stage.tenant).await.expect("a transaction");
    let ctx = stage.context("operator");
    commands::resolve_fallout(tx, &ctx, request).await.expect("the store answers")
}

async fn text(stage: &Stage, sql: &str) -> String {
    stage.db.text(sql).await.unwrap_or_default()
}

const CASE: &str =
    "select concat_ws(' ', status, resolution, resolution_code, version) from order_fallout_case";
const ORDER: &str =
    "select concat_ws(' ', status, version, open_blocking_case_count) from product_order";
const LAST_AUDIT: &str =
    "select concat_ws(' ', command, outcome, code) from audit_entry order by sequence desc limit 1";
const TOLD: &str = "select string_agg(concat_ws(' ', payload->>'kind', payload->>'resolution',
        payload->>'engineAnchor'), ', ' order by sequence)
    from outbox_message where lane like 'case:%'";
const RESOLVED_EVENTS: &str =
    "select count(*) from domain_event where event_type = 'OrderFalloutResolved'";

#[tokio::test]
async fn a_milestone_case_is_resolved_with_event_audit_and_the_engine_told_by_either_resolution() {
    for (how, name) in
        [(FalloutResolution::Retry, "RETRY"), (FalloutResolution::Continue, "CONTINUE")]
    {
        let stage = refused_milestone().await;
        assert_eq!(text(&stage, ORDER).await, "FALLOUT 2 1");

        let outcome = resolve(&stage, &resolution(&stage, how).await).await;

        assert_eq!(outcome, ResolveOutcome::Resolved { order_version: 3 });
        assert_eq!(text(&stage, CASE).await, format!("RESOLVED {name} DATA_CORRECTED 2"));
        assert_eq!(text(&stage, ORDER).await, "CREATED 3 0");
        assert_eq!(text(&stage, LAST_AUDIT).await, "resolve_fallout APPLIED");
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
    let stage = refused_milestone().await;
    let request = resolution(&stage, FalloutResolution::Retry).await;
    let elsewhere =
        ResolveCase { case_id: FalloutCaseId::from_uuid(Uuid::now_v7()), ..request.clone() };

    let (one, other) = tokio::join!(resolve(&stage, &request), resolve(&stage, &request));
    let audited = stage.db.number("select count(*) from audit_entry").await;
    let again = resolve(&stage, &request).await;
    let unknown = resolve(&stage, &elsewhere).await;

    let outcomes = [one, other];
    assert!(outcomes.contains(&ResolveOutcome::Resolved { order_version: 3 }), "{outcomes:?}");
    assert!(outcomes.contains(&ResolveOutcome::NotOpen), "{outcomes:?}");
    assert_eq!((again, unknown), (ResolveOutcome::NotOpen, ResolveOutcome::NotOpen));
    assert_eq!(stage.db.number("select count(*) from audit_entry").await, audited);
    assert_eq!(stage.db.number(RESOLVED_EVENTS).await, 1);
    assert_eq!(text(&stage, TOLD).await, "USER_TASK_COMPLETE RETRY BPMN_ERROR");
    stage.db.finish().await;
}

#[tokio::test]
async fn a_refused_resolution_is_audited_and_changes_nothing_else() {
    let stage = refused_milestone().await;
    let request = resolution(&stage, FalloutResolution::Retry).await;
    let stale = ResolveCase { expected_version: Some(7), ..request.clone() };
    let silent = ResolveCase { reason_code: "  ".to_owned(), ..request };
    let before = (text(&stage, CASE).await, text(&stage, ORDER).await);
    let owed = stage.db.number("select count(*) from outbox_message").await;

    for (request, rejection) in
        [(stale, CaseRejection::VersionConflict), (silent, CaseRejection::ReasonRequired)]
    {
        assert_eq!(resolve(&stage, &request).await, ResolveOutcome::Refused(rejection));
        let audited = format!("resolve_fallout REFUSED {}", rejection.code());
        assert_eq!(text(&stage, LAST_AUDIT).await, audited);
    }

    assert_eq!((text(&stage, CASE).await, text(&stage, ORDER).await), before);
    assert_eq!(stage.db.number("select count(*) from outbox_message").await, owed);
    stage.db.finish().await;
}

#[tokio::test]
async fn a_step_case_is_resolved_by_retry_only_and_an_opening_nobody_heard_of_is_not_sent() {
    let stage = rejected_step().await;
    assert_eq!(text(&stage, TOLD).await, "FALLOUT_OPENED");

    let on = resolve(&stage, &resolution(&stage, FalloutResolution::Continue).await).await;
    let again = resolve(&stage, &resolution(&stage, FalloutResolution::Retry).await).await;

    assert_eq!(on, ResolveOutcome::Refused(CaseRejection::ActionNotAllowedInStatus));
    assert!(matches!(again, ResolveOutcome::Resolved { .. }), "{again:?}");
    assert_eq!(text(&stage, TOLD).await, "USER_TASK_COMPLETE RETRY MESSAGE");
    stage.db.finish().await;
}

#[tokio::test]
async fn an_opening_that_the_relay_holds_stays_before_the_completion_in_its_lane() {
    let stage = rejected_step().await;
    let relay = stage.db.store("oms_outbox_relay").await.system_tx().await.expect("a transaction");
    let lease = jiff::SignedDuration::from_secs(30);
    let claimed = outbox::claim_due(relay, stage.now(), 100, ("relay", lease)).await;
    assert!(!claimed.expect("the store answers").is_empty());

    let done = resolve(&stage, &resolution(&stage, FalloutResolution::Retry).await).await;

    assert!(matches!(done, ResolveOutcome::Resolved { .. }), "{done:?}");
    assert_eq!(text(&stage, TOLD).await, "FALLOUT_OPENED, USER_TASK_COMPLETE RETRY MESSAGE");
    stage.db.finish().await;
}

#[tokio::test]
async fn a_case_of_a_closed_order_is_resolved_without_waking_the_order_or_its_process() {
    let stage = refused_milestone().await;
    stage
        .db
        .execute(
            "delete from outbox_message;
             update order_fallout_case set engine_anchor = 'NONE', is_blocking = false;
             update product_order set status = 'CANCELLED', open_blocking_case_count = 0",
        )
        .await;

    let done = resolve(&stage, &resolution(&stage, FalloutResolution::Retry).await).await;

    assert_eq!(done, ResolveOutcome::Resolved { order_version: 3 });
    assert_eq!(text(&stage, ORDER).await, "CANCELLED 3 0");
    assert_eq!(text(&stage, TOLD).await, "");
    assert_eq!(stage.db.number(RESOLVED_EVENTS).await, 1);
    stage.db.finish().await;
}
