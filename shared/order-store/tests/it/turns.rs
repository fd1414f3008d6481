//! Claims of deliveries: tenants take turns, a claim is filled, and rivals share nothing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use order_store::Store;
use order_store::outbox::{self, ClaimedMessage};
use test_support::TestDatabase;

const LEASE: SignedDuration = SignedDuration::from_secs(30);

/// Owes `count` events of a tenant, each in a lane of its own, the nth older than the next.
async fn owe(db: &TestDatabase, tenant: &str, count: u32) {
    db.execute(&format!(
        "insert into outbox_message (tenant_id, id, kind, lane, order_id, payload, available_at, created_at)
         select '{tenant}', gen_random_uuid(), 'DOMAIN_EVENT', 'events:' || n, gen_random_uuid(),
             jsonb_build_object('kind', 'DOMAIN_EVENT', 'eventType', 'E', 'cloudEvent', n),
             now() - interval '1 minute' + n * interval '1 ms', now()
         from generate_series(1, {count}) n"
    ))
    .await;
}

async fn claim(relay: &Store, limit: u32) -> Vec<ClaimedMessage> {
    let tx = relay.system_tx().await.expect("a transaction");
    outbox::claim_due(tx, Timestamp::now(), limit, ("relay", LEASE)).await.expect("claims")
}

/// How many deliveries each tenant got.
fn shares(claimed: &[ClaimedMessage]) -> BTreeMap<&str, usize> {
    let mut shares = BTreeMap::new();
    for message in claimed {
        *shares.entry(message.tenant.as_str()).or_default() += 1;
    }
    shares
}

#[tokio::test]
async fn tenants_that_owe_enough_get_equal_shares_however_much_more_one_of_them_owes() {
    let db = TestDatabase::create().await;
    let relay = db.store("oms_outbox_relay").await;
    for (tenant, count) in [("large", 500), ("medium", 30), ("small", 10)] {
        owe(&db, tenant, count).await;
    }

    let claimed = claim(&relay, 30).await;

    assert_eq!(shares(&claimed), [("large", 10), ("medium", 10), ("small", 10)].into());
    db.finish().await;
}

#[tokio::test]
async fn a_claim_that_fair_shares_do_not_fill_is_filled_by_those_who_owe_more_oldest_first() {
    let db = TestDatabase::create().await;
    let relay = db.store("oms_outbox_relay").await;
    for (tenant, count) in [("a", 1), ("b", 50), ("c", 2)] {
        owe(&db, tenant, count).await;
    }

    let claimed = claim(&relay, 12).await;

    assert_eq!(shares(&claimed), [("a", 1), ("b", 9), ("c", 2)].into());
    let leased = "select string_agg(payload->>'cloudEvent', ',' order by available_at)
        from outbox_message where tenant_id = 'b' and leased_until is not null";
    assert_eq!(db.text(leased).await.as_deref(), Some("1,2,3,4,5,6,7,8,9"));
    db.finish().await;
}

#[tokio::test]
async fn more_tenants_than_a_claim_has_room_for_are_served_oldest_delivery_first() {
    let db = TestDatabase::create().await;
    let relay = db.store("oms_outbox_relay").await;
    for tenant in ["a", "b", "c", "d", "e"] {
        owe(&db, tenant, 2).await;
    }
    db.execute("update outbox_message set available_at = available_at - interval '1 hour' where tenant_id > 'c'")
        .await;

    let first = claim(&relay, 2).await;
    let rest = claim(&relay, 100).await;

    assert_eq!(shares(&first), [("d", 1), ("e", 1)].into());
    assert_eq!(rest.len(), 8);
    db.finish().await;
}

#[tokio::test]
async fn two_claims_at_once_share_no_delivery_and_leave_none_behind() {
    let db = TestDatabase::create().await;
    let (one, other) = (db.store("oms_outbox_relay").await, db.store("oms_outbox_relay").await);
    owe(&db, "a", 300).await;
    owe(&db, "b", 300).await;

    let mut claimed = Vec::new();
    while claimed.len() < 600 {
        let (some, more) = tokio::join!(claim(&one, 50), claim(&other, 50));
        assert!(!some.is_empty() || !more.is_empty(), "only {} were claimed", claimed.len());
        claimed.extend(some.into_iter().chain(more));
    }

    let leases: BTreeSet<String> = claimed.iter().map(|x| format!("{:?}", x.lease())).collect();
    assert_eq!(leases.len(), 600);
    assert!(claimed.iter().all(|x| x.attempt_count == 1));
    db.finish().await;
}
