//! Bench B3: a backlog of events, drained in batches of the relay's size.
//!
//! Ours leases a batch in one transaction and deletes it in a second one, because between the two
//! the network is spoken to; the probe deletes at once and delivers nothing. The second probe
//! leases and deletes as we do, without lanes and without turns of tenants.

use anyhow::{Result, ensure};
use jiff::{SignedDuration, Timestamp};
use order_store::outbox::{self, ClaimedMessage};
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::ground::Ground;
use crate::measure::{Bench, Comparison};

const BATCH: u32 = 100;
const BACKLOG: usize = 10_000;
const LEASE: SignedDuration = SignedDuration::from_secs(30);

const FILL: &str = r#"
    insert into outbox_message (tenant_id, id, kind, lane, order_id, payload, available_at, created_at)
    select (array['acme', 'beta', 'gamma', 'delta'])[1 + n / 10 % 4], gen_random_uuid(), 'DOMAIN_EVENT',
        'events:' || bench_id(1, n % 1000), bench_id(1, n % 1000),
        jsonb_build_object('kind', 'DOMAIN_EVENT', 'eventType', 'OrderLineFulfilled', 'cloudEvent',
            jsonb_build_object('specversion', '1.0', 'id', bench_id(8, n), 'subject', bench_id(1, n % 1000),
                'source', '/oms/tenants/acme/orders', 'data', jsonb_build_object('orderVersion', n))),
        now() - interval '1 minute' + n * interval '1 us', now()
    from generate_series(1, $1) n"#;

const DELETE_AT_ONCE: &str = r"
    delete from outbox_message m
    using (select tenant_id, id from outbox_message
           where dead_at is null and available_at <= $1
           order by tenant_id, available_at limit $2 for update skip locked) d
    where m.tenant_id = d.tenant_id and m.id = d.id
    returning m.id, m.payload";

const LEASE_ONLY: &str = r"
    update outbox_message m
    set leased_by = 'probe', leased_until = $1 + interval '30 seconds', lease_epoch = m.lease_epoch + 1,
        attempt_count = m.attempt_count + 1
    from (select tenant_id, id from outbox_message
          where dead_at is null and available_at <= $1 and (leased_until is null or leased_until < $1)
          order by tenant_id, available_at limit $2 for update skip locked) d
    where m.tenant_id = d.tenant_id and m.id = d.id
    returning m.tenant_id, m.id, m.payload, m.lease_epoch";

const DELETE_LEASED: &str = r"
    delete from outbox_message m
    using unnest($1::text[], $2::uuid[], $3::bigint[]) as k(tenant_id, id, lease_epoch)
    where m.tenant_id = k.tenant_id and m.id = k.id and m.lease_epoch = k.lease_epoch
    returning m.id";

/// The relay's two statements against one and against two of the same size.
#[derive(Debug)]
pub struct Outbox;

impl Bench for Outbox {
    type Work = ();
    const NAME: &'static str = "outbox";
    const UNIT: &'static str = "event";

    const CONTENDERS: &'static [&'static str] =
        &["delete … skip locked", "lease, then delete", "ours"];
    const COMPARISONS: &'static [Comparison] = &[
        Comparison { of: 2, against: 0, goal: Some(0.5) },
        Comparison { of: 2, against: 1, goal: None },
    ];
    const OURS: usize = 2;

    async fn prepare(&self, ground: &Ground, _contender: usize) -> Result<()> {
        let backlog = i32::try_from(BACKLOG)?;
        ground.rows(FILL, &[(&backlog, Type::INT4)]).await?;
        // Everybody begins with the same table, and with a planner that knows it.
        ground.client().batch_execute("vacuum analyze outbox_message").await?;
        Ok(())
    }

    async fn run(&self, ground: &Ground, contender: usize, (): ()) -> Result<usize> {
        let mut drained = 0;
        loop {
            let batch = match contender {
                0 => delete_at_once(ground).await?,
                1 => lease_then_delete(ground).await?,
                _ => ours(ground).await?,
            };
            drained += batch;
            if batch == 0 {
                ensure!(drained == BACKLOG, "{drained} of {BACKLOG} events were drained");
                return Ok(drained);
            }
        }
    }
}

async fn delete_at_once(ground: &Ground) -> Result<usize> {
    let (now, limit) = (Timestamp::now(), i64::from(BATCH));
    let params = [(&now as _, Type::TIMESTAMPTZ), (&limit as _, Type::INT8)];
    Ok(ground.rows(DELETE_AT_ONCE, &params).await?.len())
}

async fn lease_then_delete(ground: &Ground) -> Result<usize> {
    let (now, limit) = (Timestamp::now(), i64::from(BATCH));
    let params = [(&now as _, Type::TIMESTAMPTZ), (&limit as _, Type::INT8)];
    let leased = ground.rows(LEASE_ONLY, &params).await?;
    let (mut tenants, mut ids, mut epochs) = (Vec::new(), Vec::new(), Vec::new());
    for row in &leased {
        tenants.push(row.try_get::<_, String>("tenant_id")?);
        ids.push(row.try_get::<_, Uuid>("id")?);
        epochs.push(row.try_get::<_, i64>("lease_epoch")?);
    }
    let params = [
        (&tenants as _, Type::TEXT_ARRAY),
        (&ids as _, Type::UUID_ARRAY),
        (&epochs as _, Type::INT8_ARRAY),
    ];
    let deleted = ground.rows(DELETE_LEASED, &params).await?.len();
    ensure!(deleted == leased.len(), "a lease was lost");
    Ok(deleted)
}

async fn ours(ground: &Ground) -> Result<usize> {
    let (now, by) = (Timestamp::now(), ("bench", LEASE));
    let claimed = outbox::claim_due(ground.relay.system_tx().await?, now, BATCH, by).await?;
    if claimed.is_empty() {
        return Ok(0);
    }
    let leases: Vec<_> = claimed.iter().map(ClaimedMessage::lease).collect();
    let tx = ground.relay.system_tx().await?;
    let deleted = outbox::delete_delivered(tx, Timestamp::now(), &leases).await?;
    ensure!(deleted == claimed.len(), "a lease was lost");
    Ok(deleted)
}
