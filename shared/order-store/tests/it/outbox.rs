//! What is owed is owed with its facts, and nothing that is owed is passed over.

use jiff::SignedDuration;
use order_store::StoreError;
use order_store::commands::validate_readiness;
use order_store::outbox::{self, ClaimedMessage};
use serde_json::json;
use test_support::stage::Stage;
use test_support::{READY, order_draft, place_order};

const LEASE: SignedDuration = SignedDuration::from_secs(30);
const OWED: &str = "select count(*) from outbox_message";

async fn claim(stage: &Stage) -> Vec<ClaimedMessage> {
    let tx = stage.db.store("oms_outbox_relay").await.system_tx().await.expect("a transaction");
    outbox::claim_due(tx, stage.now(), 10, ("relay", LEASE)).await.expect("claims")
}

#[tokio::test]
async fn a_command_that_is_not_committed_owes_nothing_to_anybody() {
    let stage = Stage::placed(1).await;
    let before = stage.db.number(OWED).await;
    let poison = "alter table audit_entry add constraint poison
                  check (command <> 'validate_readiness')";
    stage.db.execute(poison).await;
    let store = stage.db.store("oms_order_validate_readiness").await;

    let tx = store.tenant_tx(&stage.tenant).await.expect("a transaction");
    let outcome = validate_readiness(tx, stage.order_id, &stage.context("test"), READY).await;

    let error = outcome.expect_err("its last row is refused");
    assert!(matches!(error, StoreError::Statement { .. }), "{error:?}");
    assert_eq!(stage.db.number(OWED).await, before);
    stage.db.finish().await;
}

#[tokio::test]
async fn a_delivery_that_commits_after_a_later_one_was_claimed_is_not_passed_over() {
    let payload = json!({"kind": "DOMAIN_EVENT", "eventType": "First", "cloudEvent": {"id": "1"}});
    let stage = Stage::placed(1).await;
    stage.db.execute("delete from outbox_message").await;
    stage.db.execute("begin").await;
    stage.owe(("DOMAIN_EVENT", "events:slow"), payload).await;
    let intake = stage.db.store("oms_order_intake").await;
    place_order(&intake, &stage.tenant, &order_draft(&["ROUTER_RENTAL"])).await;

    let later = claim(&stage).await;
    stage.db.execute("commit").await;
    let earlier = claim(&stage).await;

    assert_eq!(later.len(), 2, "the start and the event of the order that was placed meanwhile");
    assert_eq!(earlier.len(), 1, "a lower sequence, and committed last");
    assert_eq!(earlier[0].order_id, stage.order_id);
    stage.db.finish().await;
}
