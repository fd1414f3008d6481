//! The claim: the oldest deliveries that can be made, tenants taking turns, leased to one worker.

use fault_points::SeededBug;
use jiff::{SignedDuration, Timestamp};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::{ClaimedMessage, by_cursor};
use crate::error::StoreError;
use crate::tx::SystemTx;

/// What can be claimed of tenant `t`, oldest first, at most $2 rows; `{most}` may stop it sooner.
macro_rules! claimable {
    ($most:literal) => {
        concat!(
            r"
        select c.place, c.available_at, c.tenant_turn
        from tenant t
        cross join lateral (
            select e.place, e.available_at, e.tenant_turn
            from (select m.ctid as place, m.available_at,
                         row_number() over (order by m.available_at, m.sequence) as tenant_turn
                  from outbox_message m
                  where m.tenant_id = t.tenant_id and m.dead_at is null and m.available_at <= $1
                    and (m.leased_until is null or m.leased_until < $1)
                    -- the lowest of its lane; a dead or leased row before it holds the lane
                    and not exists (select from outbox_message earlier
                                    where earlier.tenant_id = m.tenant_id and earlier.lane = m.lane
                                      and earlier.sequence < m.sequence)
                  order by m.available_at, m.sequence
                  limit $2) e  -- a number that the planner knows; the next one it would guess
            limit ",
            $most,
            ") c"
        )
    };
}

/// Reads as many rows as it claims, however many are owed: tenants are found by skipping through
/// `outbox_due_of_a_tenant`, and each one's oldest rows are taken from there. Only when fair shares
/// do not fill the claim, because some tenants owe less, is everybody asked for more.
pub(crate) const CLAIM_DUE: &str = concat!(
    r"
    with recursive tenant as (
        (select m.tenant_id from outbox_message m where m.dead_at is null order by m.tenant_id limit 1)
        union all
        select (select m.tenant_id from outbox_message m
                where m.dead_at is null and m.tenant_id > t.tenant_id
                order by m.tenant_id limit 1)
        from tenant t
        where t.tenant_id is not null),
    fair as materialized (",
    claimable!(
        "(select ceil($2::bigint / count(*)::numeric) from tenant where tenant_id is not null)"
    ),
    r"),
    more as (",
    claimable!("case when (select count(*) from fair) < $2 then $2 else 0 end"),
    r"),
    due as (
        select m.ctid as place
        from (select f.place, f.tenant_turn, f.available_at from fair f where (select count(*) from fair) >= $2
              union all
              select x.place, x.tenant_turn, x.available_at from more x
              order by tenant_turn, available_at
              limit $2) c
        join outbox_message m on m.ctid = c.place
        -- asked again of the locked version: a rival may have finished with it since the snapshot
        where m.dead_at is null and m.available_at <= $1 and (m.leased_until is null or m.leased_until < $1)
        for update of m skip locked)  -- rows claimed by others are not waited for
    update outbox_message m
    set leased_by = $3, leased_until = $4, lease_epoch = m.lease_epoch + 1, attempt_count = m.attempt_count + 1
    from due
    where m.ctid = due.place
    returning m.tenant_id, m.id, m.order_id, m.payload, m.sequence, m.attempt_count, m.lease_epoch,
        -- asked of repeats only: the queue may have had the first one although its answer was lost
        m.kind = 'STEP_DISPATCH' and m.attempt_count > 1 and exists (
            select from fulfillment_step s
            where s.tenant_id = m.tenant_id and s.id = (m.payload->>'fulfillmentStepId')::uuid
              and s.status <> 'READY') as is_moot"
);

/// Claims up to `limit` due deliveries, oldest first within a tenant, tenants taking turns.
///
/// # Errors
/// Technical failures of the store.
pub async fn claim_due(
    tx: SystemTx,
    now: Timestamp,
    limit: u32,
    (worker_id, lease): (&str, SignedDuration),
) -> Result<Vec<ClaimedMessage>, StoreError> {
    let leased_until = now.checked_add(lease).unwrap_or(Timestamp::MAX);
    let limit = i64::from(limit);
    let params = [
        (&now as _, Type::TIMESTAMPTZ),
        (&limit as _, Type::INT8),
        (&worker_id as _, Type::TEXT),
        (&leased_until as _, Type::TIMESTAMPTZ),
    ];
    let rows = match SeededBug::OutboxByCursor.is_present() {
        true => by_cursor::claim_due(tx, &params).await?,
        false => tx.run_alone("claim_due", CLAIM_DUE, &params).await?,
    };
    let mut claimed: Vec<ClaimedMessage> = rows.iter().filter_map(readable).collect();
    claimed.sort_by_key(|x| x.sequence);
    Ok(claimed)
}

/// A row that this version cannot read holds its own lane and nobody else's; a newer relay reads it.
fn readable(row: &Row) -> Option<ClaimedMessage> {
    let read = ClaimedMessage::try_from(row);
    read.inspect_err(|error| tracing::error!(%error, "an outbox row cannot be read")).ok()
}
