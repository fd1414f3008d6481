//! Deliveries: claimed by turns, finished under their lease, many at a time.

use jiff::{SignedDuration, Timestamp};
use order_store::Store;
use order_store::outbox::{self, Burial, ClaimedMessage, FinishOutcome, Owed, PutOff};
use serde_json::json;
use test_support::TestDatabase;
use test_support::stage::Stage;

const LEASE: SignedDuration = SignedDuration::from_secs(30);
/// What the relay claims at once.
const LIMIT: u32 = 100;

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

/// So many events of `tenant`, each in a lane of its own, owed for so many minutes; no order is
/// needed for a claim, so none is there.
async fn backlog(db: &TestDatabase, tenant: &str, events: u32, minutes: u32) {
    db.execute(&format!(
        "set session_replication_role = replica;
         insert into outbox_message (tenant_id, id, kind, lane, order_id, payload, available_at, created_at)
         select '{tenant}', gen_random_uuid(), 'DOMAIN_EVENT', 'events:' || n, gen_random_uuid(),
             '{{\"kind\": \"DOMAIN_EVENT\", \"eventType\": \"Fact\", \"cloudEvent\": {{}}}}',
             date_trunc('second', now()) - interval '{minutes} minutes',
             date_trunc('second', now()) - interval '{minutes} minutes'
         from generate_series(1, {events}) n"
    ))
    .await;
}

/// Delivers until nothing of the others is left: for each delivery of theirs, which claim got it.
async fn claims_until_the_others_are_served(relay: &Store, noisy: &str) -> Vec<u32> {
    let now = Timestamp::now();
    let mut claims_of_others = Vec::new();
    for number in 1.. {
        let claimed = claim(relay, now, LIMIT).await;
        let of_others = claimed.iter().filter(|x| x.tenant.as_str() != noisy).count();
        if of_others == 0 {
            break;
        }
        claims_of_others.extend(std::iter::repeat_n(number, of_others));
        let leases: Vec<_> = claimed.iter().map(ClaimedMessage::lease).collect();
        let tx = relay.system_tx().await.expect("a transaction");
        let deleted = outbox::delete_delivered(tx, now, &leases).await.expect("the store answers");
        assert_eq!(deleted, claimed.len());
    }
    claims_of_others
}

/// A thousand deliveries of so many others, beside nine thousand of one tenant or alone.
async fn claims_for_a_thousand_of(others: u32, is_noisy: bool) -> Vec<u32> {
    let db = TestDatabase::create().await;
    if is_noisy {
        backlog(&db, "noisy", 9_000, 30).await;
    }
    for number in 0..others {
        backlog(&db, &format!("tenant-{number}"), 1_000 / others, 1).await;
    }
    db.execute("analyze outbox_message").await;
    let relay = db.store("oms_outbox_relay").await;
    let claims = claims_until_the_others_are_served(&relay, "noisy").await;
    db.finish().await;
    claims
}

#[tokio::test]
async fn a_tenant_with_nine_of_ten_thousand_deliveries_delays_no_other_by_more_than_two() {
    for (others, quiet_claims, claims_beside_it) in [(1, 10, 20), (10, 10, 12)] {
        let quiet = claims_for_a_thousand_of(others, false).await;
        let noisy = claims_for_a_thousand_of(others, true).await;

        assert_eq!((quiet.len(), noisy.len()), (1_000, 1_000));
        assert_eq!((quiet.last(), noisy.last()), (Some(&quiet_claims), Some(&claims_beside_it)));
        for (place, (alone, beside)) in quiet.iter().zip(&noisy).enumerate() {
            assert!(*beside <= 2 * alone, "delivery {place}: claim {beside}, alone {alone}");
        }
    }
}

#[tokio::test]
async fn the_oldest_delivery_is_as_old_as_it_was_owed_and_put_off_makes_it_no_younger() {
    let db = TestDatabase::create().await;
    let relay = db.store("oms_outbox_relay").await;
    let owed = async || {
        let tx = relay.system_tx().await.expect("a transaction");
        outbox::count_owed(tx).await.expect("the store answers")
    };
    let nothing = owed().await;
    backlog(&db, "quiet", 1, 45).await;
    let now = Timestamp::now();
    let oldest = claim(&relay, now, LIMIT).await;
    backlog(&db, "noisy", 10_000, 30).await;
    let since = async |lane_of: &str| {
        let sql = format!(
            "select extract(epoch from min(created_at))::bigint from outbox_message where tenant_id = '{lane_of}'"
        );
        Timestamp::from_second(db.number(&sql).await).expect("a time")
    };
    let (quiet, noisy) = (since("quiet").await, since("noisy").await);

    let leased = owed().await;
    let later = now + SignedDuration::from_hours(1);
    let item = PutOff { lease: oldest[0].lease(), available_at: later, reason: "engine down" };
    let _recorded = put_off(&relay, &[item]).await;
    let delayed = owed().await;
    db.execute("update outbox_message set dead_at = now() where tenant_id = 'quiet'").await;
    let dead = owed().await;

    assert_eq!(nothing, Owed { count: 0, oldest_at: None });
    assert_eq!(leased, Owed { count: 10_001, oldest_at: Some(quiet) });
    assert_eq!(delayed, leased);
    assert_eq!(dead, Owed { count: 10_001, oldest_at: Some(noisy) });
    db.finish().await;
}
