//! Whose turn it is: at the pace of each target system, each case in one worker's hand.
//!
//! The lock of the bulk action makes claims follow each other, and stands between them and whoever
//! pauses or aborts. A case whose worker died is claimed again when its lease is over, whatever
//! became of the bulk action: it may have been acted on, and the key of the action tells.

use std::collections::BTreeMap;

use futures_util::future::try_join3;
use jiff::{SignedDuration, Timestamp};
use order_domain::bulk::{BulkStatus, Pace};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::live::item;
use super::{BulkItem, LiveBulkAction};
use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::TenantTx;

pub(crate) const LOCK_STATUS: &str = r"
    select b.status
    from bulk_action b
    where b.tenant_id = $1 and b.id = $2
    for update";

pub(crate) const LOCK_PACES: &str = r"
    select p.target_system, p.next_at
    from bulk_action_pace p
    where p.tenant_id = $1
    order by p.target_system
    for update";

/// The first of each target system, so that a slow one holds up no other; none of a system that is
/// sent nothing now.
pub(crate) const CANDIDATES: &str = r"
    select i.position, i.order_id, i.fallout_case_id, i.case_version, i.target_system, i.is_canary,
           i.leased_until is not null as was_in_hand
    from (select n.*, row_number() over (partition by n.target_system order by n.position) as turn
          from bulk_action_item n
          where n.tenant_id = $1 and n.bulk_action_id = $2 and n.status = 'PENDING'
            and (n.leased_until is null or n.leased_until <= $3)
            and (n.leased_until is not null or not exists (
                select from target_system_circuit c
                where c.tenant_id = $1 and c.system = n.target_system and c.status <> 'CLOSED'))) i
    where i.turn <= $4
    order by i.position";

/// Takes cases in hand and keeps the pace, in one statement.
pub(crate) const TAKE: &str = r"
    with taken as (
        update bulk_action_item i
        set leased_until = $4
        where i.tenant_id = $1 and i.bulk_action_id = $2 and i.position = any($3)),
    paced as (
        insert into bulk_action_pace (tenant_id, target_system, next_at)
        select $1, k.target_system, k.next_at
        from unnest($5::text[], $6::timestamptz[]) as k(target_system, next_at)
        order by k.target_system
        on conflict (tenant_id, target_system) do update set next_at = excluded.next_at)
    select 1";

/// What a claim may take.
#[derive(Debug, Clone, Copy)]
pub struct ClaimLimits {
    /// The time.
    pub now: Timestamp,
    /// How long the cases stay in hand.
    pub lease: SignedDuration,
    /// At most so many.
    pub limit: u32,
}

/// A case in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClaimedItem {
    /// The case.
    pub item: BulkItem,
    /// Whether another worker had it, and died with it.
    pub was_in_hand: bool,
}

struct Candidate {
    claimed: ClaimedItem,
    system: String,
    is_canary: bool,
}

impl TryFrom<&Row> for Candidate {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        let r = Reader::new("bulk_action_item", row);
        Ok(Self {
            claimed: ClaimedItem { item: item(row)?, was_in_hand: r.get("was_in_hand")? },
            // Cases that are not about a step have a pace of their own.
            system: r.get::<Option<String>>("target_system")?.unwrap_or_default(),
            is_canary: r.get("is_canary")?,
        })
    }
}

/// Takes the next cases in hand, in two round trips.
///
/// # Errors
/// Technical failures of the store; nothing is taken then.
pub async fn claim_items(
    mut tenant_tx: TenantTx,
    bulk: &LiveBulkAction,
    limits: ClaimLimits,
) -> Result<Vec<ClaimedItem>, StoreError> {
    let tenant = tenant_tx.tenant.clone();
    let (name, id, turns) = (tenant.as_str(), bulk.id.as_uuid(), i64::from(limits.limit));
    let by_bulk = [(&name as _, Type::TEXT), (&id as _, Type::UUID)];
    let by_turn = [
        (&name as _, Type::TEXT),
        (&id as _, Type::UUID),
        (&limits.now as _, Type::TIMESTAMPTZ),
        (&turns as _, Type::INT8),
    ];
    let (status, paces, candidates) = tenant_tx
        .tx
        .open(Some(&tenant), async |tx| {
            try_join3(
                tx.rows("lock_bulk_status", LOCK_STATUS, &by_bulk),
                tx.rows("lock_paces", LOCK_PACES, &[(&name as _, Type::TEXT)]),
                tx.rows("list_candidates", CANDIDATES, &by_turn),
            )
            .await
        })
        .await?;
    let status = status.first().map(|x| Reader::new("bulk_action", x).parse("status"));
    let mut paces = paces.iter().map(pace).collect::<Result<BTreeMap<_, _>, _>>()?;
    let candidates: Vec<Candidate> =
        candidates.iter().map(Candidate::try_from).collect::<Result<_, _>>()?;
    let status = status.transpose()?.unwrap_or(BulkStatus::Aborted);
    let taken = take(candidates, (status, bulk.rate_per_minute), limits, &mut paces);
    if taken.is_empty() {
        tenant_tx.tx.roll_back().await?;
        return Ok(taken);
    }
    let positions: Vec<i32> = taken.iter().map(|x| x.item.position).collect();
    let leased_until = limits.now.checked_add(limits.lease).unwrap_or(Timestamp::MAX);
    let (systems, next_at): (Vec<String>, Vec<Timestamp>) = paces.into_iter().unzip();
    let params = [
        (&name as _, Type::TEXT),
        (&id as _, Type::UUID),
        (&positions as _, Type::INT4_ARRAY),
        (&leased_until as _, Type::TIMESTAMPTZ),
        (&systems as _, Type::TEXT_ARRAY),
        (&next_at as _, Type::TIMESTAMPTZ_ARRAY),
    ];
    tenant_tx.tx.write_and_commit("take_bulk_items", TAKE, &params).await?;
    Ok(taken)
}

fn pace(row: &Row) -> Result<(String, Timestamp), StoreError> {
    let r = Reader::new("bulk_action_pace", row);
    Ok((r.get("target_system")?, r.get("next_at")?))
}

/// Chooses, and moves the pace of each system on.
fn take(
    candidates: Vec<Candidate>,
    (status, rate_per_minute): (BulkStatus, u32),
    limits: ClaimLimits,
    paces: &mut BTreeMap<String, Timestamp>,
) -> Vec<ClaimedItem> {
    let may_begin = |x: &Candidate| match status {
        BulkStatus::Running => true,
        BulkStatus::Canary => x.is_canary,
        BulkStatus::Preparing
        | BulkStatus::Prepared
        | BulkStatus::AwaitingApproval
        | BulkStatus::Paused
        | BulkStatus::Aborting
        | BulkStatus::Completed
        | BulkStatus::Aborted => false,
    };
    let pace = Pace::per_minute(rate_per_minute);
    let mut taken = Vec::new();
    for candidate in candidates {
        if taken.len() >= limits.limit as usize {
            break;
        }
        // What was in hand has used its turn already.
        if !candidate.claimed.was_in_hand {
            let next_at = paces.get(&candidate.system).copied();
            let (granted, next) = match may_begin(&candidate) {
                true => pace.grant(next_at, limits.now, 1),
                false => (0, None),
            };
            let (1.., Some(next)) = (granted, next) else { continue };
            paces.insert(candidate.system, next);
        }
        taken.push(candidate.claimed);
    }
    taken
}
