//! Orders to ask about: new, under way, fallen out in several ways, held by an incident.

use order_domain::fallout::FalloutAction;
use order_domain::step::answer::StepAnswer;
use order_domain::step::{Jitter, StepPolicy};
use order_store::commands::{
    BulkOutcome, PrepareBulkAction, StepAttempt, StepOutcome, record_step_outcomes,
};
use serde_json::json;
use test_support::operations::{OPERATOR, rejected, unknown};
use test_support::stage::Stage;
use test_support::{order_draft, place_order};

/// The fallen-out order, one of its cases, an incident, and a bulk action: what the document's examples stand for.
pub(crate) async fn examples_of(stage: &Stage) -> [(&'static str, String); 4] {
    let incident = stage.db.text("select id::text from platform_incident limit 1").await;
    [
        ("018f3a5e-7b00-7a10-8000-000000000001", stage.order_id.to_string()),
        ("018f3a5e-7b00-7a10-8000-0000000000c1", newest_case(stage).await),
        ("018f3a5e-7b00-7a10-8000-0000000000e1", incident.expect("an incident")),
        ("018f3a5e-7b00-7a10-8000-0000000000b1", bulk_action(stage).await),
    ]
}

pub(crate) async fn orders_in_every_state() -> Stage {
    let mut stage = Stage::unready().await;
    for system in ["LOGISTICS", "BILLING"] {
        stage.configure(system, "http://127.0.0.1:9", json!({})).await;
    }
    next_order(&mut stage).await;
    stage.release().await;
    stage.answer(&stage.claim().await, &unknown()).await;
    next_order(&mut stage).await;
    stage.release().await;
    held_by_an_incident(&stage).await;
    next_order(&mut stage).await;
    stage.release().await;
    stage.fulfil().await;
    next_order(&mut stage).await;
    next_order(&mut stage).await;
    stage.release().await;
    stage.answer(&stage.claim().await, &rejected("NO_STOCK")).await;
    stage
}

async fn newest_case(stage: &Stage) -> String {
    let sql = "select id::text from order_fallout_case order by opened_at desc, id desc limit 1";
    stage.db.text(sql).await.expect("a case")
}

async fn next_order(stage: &mut Stage) {
    let intake = stage.db.store("oms_order_intake").await;
    let draft = order_draft(&["ROUTER_RENTAL", "ROUTER_RENTAL"]);
    stage.order_id = place_order(&intake, &stage.tenant, &draft).await;
}

/// The system refuses us and not the order.
async fn held_by_an_incident(stage: &Stage) {
    let refusal = |attempt: &StepAttempt| {
        let answer = StepAnswer::Refused { detail: "status 401".to_owned() };
        attempt.answered(answer, StepPolicy::WITHOUT_SETTINGS, Jitter::FULL)
    };
    let batch: Vec<StepOutcome> = stage.claim().await.iter().map(refusal).collect();
    let executor = stage.db.store("oms_fulfillment_step_executor").await;
    let tx = executor.system_tx().await.unwrap();
    let recorded = record_step_outcomes(tx, &stage.context("executor"), &batch).await.unwrap();
    assert_eq!(recorded.len(), 2, "one step of each line");
}

/// Of everything that is open, by somebody else.
async fn bulk_action(stage: &Stage) -> String {
    let note = PrepareBulkAction {
        reason_code: "SEEN".to_owned(),
        selection: json!({"overdue": true}),
        rate_per_minute: 60,
        pause_after_failures: 20,
        ..stage.on_every_case(FalloutAction::AddNote)
    };
    match stage.prepare_bulk(OPERATOR, &note).await {
        BulkOutcome::Done(prepared) => prepared.bulk_action_id.to_string(),
        other => panic!("not prepared: {other:?}"),
    }
}
