//! Deliveries: claimed by turns, finished under their lease, many at a time.

use jiff::{SignedDuration, Timestamp};
use order_store::Store;
use order_store::outbox::{self, Burial, ClaimedMessage, FinishOutcome, PutOff};
use serde_json::json;
use test_support::stage::Stage;

const LEASE: SignedDuration = SignedDuration::from_secs(30);

async fn claim(relay: &Store, now: Timestamp, limit: u32) -> Vec<ClaimedMessage> {
    let tx = relay.system_tx().await.expect("a transaction");
    outbox::claim_due(tx, now, limit, ("relay-1", LEASE)).await.expect("claims")
}

async fn put_off(relay: &Store, items: &[PutOff<'_>]) -> Vec<FinishOutcome> {
    let tx = relay.system_tx().await.expect("a transaction");
    outbox::reschedule(tx, items).await.expect("the store answers")
}

async fn bury(relay: &Store, now: Timestamp, items: &[Burial<'_>]) -> Vec<FinishOutcome> {
    let tx = relay.system_tx().await.expect("a transaction");
    outbox::bury(tx, now, items).await.expect("the store answers")
}

/// An order that owes these events, each in a lane of its own.
async fn owing(lanes: &[&str]) -> Stage {
    let stage = Stage::placed(1).await;
    stage.db.execute("delete from outbox_message").await;
    for lane in lanes {
        let event = json!({"kind": "DOMAIN_EVENT", "eventType": "Fact", "cloudEvent": {}});
        stage.owe(("DOMAIN_EVENT", lane), event).await;
    }
    stage
}

#[tokio::test]
async fn a_delivery_put_off_is_claimed_again_when_due_and_a_dead_one_holds_its_lane_with_an_incident()
 {
    let stage = owing(&["events:1", "events:2", "events:2"]).await;
    let relay = stage.db.store("oms_outbox_relay").await;
    let now = stage.now();
    let later = now + SignedDuration::from_secs(60);

    let first = claim(&relay, now, 10).await;
    let (lease, reason) = (first[0].lease(), "engine down");
    let is_put_off = put_off(&relay, &[PutOff { lease, available_at: later, reason }]).await;
    let burial = Burial { lease: first[1].lease(), reason: "refused for good" };
    let is_dead = bury(&relay, now, &[burial]).await;

    assert_eq!(
        (first.len(), is_put_off, is_dead),
        (2, vec![FinishOutcome::Recorded], vec![FinishOutcome::Recorded])
    );
    assert!(claim(&relay, now, 10).await.is_empty());
    assert_eq!(claim(&relay, later, 10).await.len(), 1, "the dead one holds its lane");
    let incidents = "select count(*) from platform_incident where kind = 'DEAD_OUTBOX_MESSAGE'
        and cause = 'lane:events:2' and detail = 'refused for good' and occurrence_count = 1";
    assert_eq!(stage.db.number(incidents).await, 1);
    stage.db.finish().await;
}

#[tokio::test]
async fn a_lost_lease_in_a_round_stops_neither_its_neighbours_nor_its_new_holder() {
    let stage = owing(&["events:1", "events:2", "events:3"]).await;
    let relay = stage.db.store("oms_outbox_relay").await;
    let now = stage.now();
    let first = claim(&relay, now, 10).await;
    stage.db.execute("update outbox_message set lease_epoch = lease_epoch + 1, leased_by = 'rival' where lane = 'events:2'").await;
    let each_as =
        |reason| first.iter().map(move |x| PutOff { lease: x.lease(), available_at: now, reason });
    let items: Vec<PutOff<'_>> = each_as("quotes a NUL: \0").collect();

    let is_put_off = put_off(&relay, &items).await;
    let burials: Vec<_> = first.iter().map(|x| Burial { lease: x.lease(), reason: "\0" }).collect();
    let is_dead = bury(&relay, now, &burials).await;

    let expected = [FinishOutcome::Recorded, FinishOutcome::LeaseLost, FinishOutcome::Recorded];
    assert_eq!((is_put_off.as_slice(), is_dead.as_slice()), (&expected[..], &expected[..]));
    let untouched = "select count(*) from outbox_message
        where leased_by = 'rival' and dead_at is null and last_error is null";
    assert_eq!(stage.db.number(untouched).await, 1);
    let dead = "select count(*) from outbox_message m join platform_incident i
        on i.cause = 'lane:' || m.lane where m.dead_at is not null";
    assert_eq!(stage.db.number(dead).await, 2);
    stage.db.finish().await;
}
