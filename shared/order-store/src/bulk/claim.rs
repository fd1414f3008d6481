//! Whose turn it is: at the pace of each target system, each case in one worker's hand.
//!
//! The lock of the bulk action makes claims follow each other, and stands between them and whoever
//! pauses or aborts. A case whose worker died is claimed again when its lease is over, whatever
//! became of the bulk action: it may have been acted on, and the key of the action tells. One that
//! nobody could be answered for again and again is given up, so that the others come to an end.

use std::collections::BTreeMap;

use futures_util::future::try_join3;
use jiff::{SignedDuration, Timestamp};
use order_domain::bulk::reason::NOT_ANSWERED;
use order_domain::bulk::{BulkStatus, CATCH_UP};
use order_domain::pace::Pace;
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

pub(crate) const FIND_PACES: &str = r"
    select p.target_system, p.next_at
    from bulk_action_pace p
    where p.tenant_id = $1 and p.bulk_action_id = $2";

/// The first of each target system, so that a slow one holds up no other; none of a system that is
/// sent nothing now. A case that no person touched since it was selected is the one that was selected,
/// whatever the clock did to its version.
pub(crate) const CANDIDATES: &str = r"
    select i.position, i.order_id, i.fallout_case_id, i.target_system, i.is_canary, i.claim_count,
           i.leased_until is not null as was_in_hand,
           case when coalesce(c.touched_at <= b.created_at, c.id is not null) then c.version
                else i.case_version end as case_version
    from (select n.*, row_number() over (partition by n.target_system order by n.position) as turn
          from bulk_action_item n
          where n.tenant_id = $1 and n.bulk_action_id = $2 and n.status = 'PENDING'
            and (n.leased_until is null or n.leased_until <= $3)
            and (n.leased_until is not null or not exists (
                select from target_system_circuit c
                where c.tenant_id = $1 and c.system = n.target_system and c.status <> 'CLOSED'))) i
    join bulk_action b on b.tenant_id = $1 and b.id = $2
    left join order_fallout_case c on c.tenant_id = $1 and c.id = i.fallout_case_id
    where i.turn <= $4
    order by i.position";

/// Takes cases in hand and keeps the pace, in one statement.
pub(crate) const TAKE: &str = r"
    with taken as (
        update bulk_action_item i
        set leased_until = $4, claim_count = i.claim_count + 1
        where i.tenant_id = $1 and i.bulk_action_id = $2 and i.position = any($3)),
    given_up as (
        update bulk_action_item i
        set status = 'REFUSED', code = $8, leased_until = null
        where i.tenant_id = $1 and i.bulk_action_id = $2 and i.position = any($7)),
    paced as (
        insert into bulk_action_pace (tenant_id, bulk_action_id, target_system, next_at)
        select $1, $2, k.target_system, k.next_at
        from unnest($5::text[], $6::timestamptz[]) as k(target_system, next_at)
        on conflict (tenant_id, bulk_action_id, target_system) do update set next_at = excluded.next_at)
    select 1";

/// Claims of one case before it is given up.
const MOST_CLAIMS: u32 = 5;

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

/// What one claim came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Where the bulk action is, under its lock.
    pub status: BulkStatus,
    /// The cases in hand.
    pub items: Vec<ClaimedItem>,
}

struct Candidate {
    claimed: ClaimedItem,
    system: String,
    is_canary: bool,
    claim_count: u32,
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
            claim_count: r.count("claim_count")?,
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
) -> Result<Claim, StoreError> {
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
                tx.rows("find_paces", FIND_PACES, &by_bulk),
                tx.rows("list_candidates", CANDIDATES, &by_turn),
            )
            .await
        })
        .await?;
    let status = status.first().map(|x| Reader::new("bulk_action", x).parse("status"));
    let status = status.transpose()?.unwrap_or(BulkStatus::Aborted);
    let mut paces = paces.iter().map(pace).collect::<Result<BTreeMap<_, _>, _>>()?;
    let candidates: Vec<Candidate> =
        candidates.iter().map(Candidate::try_from).collect::<Result<_, _>>()?;
    let (given_up, candidates): (Vec<_>, Vec<_>) =
        candidates.into_iter().partition(|x| x.claim_count >= MOST_CLAIMS);
    let given_up: Vec<i32> = given_up.iter().map(|x| x.claimed.item.position).collect();
    let items = take(candidates, (status, bulk), limits, &mut paces);
    if items.is_empty() && given_up.is_empty() {
        tenant_tx.tx.roll_back().await?;
        return Ok(Claim { status, items });
    }
    let positions: Vec<i32> = items.iter().map(|x| x.item.position).collect();
    let leased_until = limits.now.checked_add(limits.lease).unwrap_or(Timestamp::MAX);
    let (systems, next_at): (Vec<String>, Vec<Timestamp>) = paces.into_iter().unzip();
    let params = [
        (&name as _, Type::TEXT),
        (&id as _, Type::UUID),
        (&positions as _, Type::INT4_ARRAY),
        (&leased_until as _, Type::TIMESTAMPTZ),
        (&systems as _, Type::TEXT_ARRAY),
        (&next_at as _, Type::TIMESTAMPTZ_ARRAY),
        (&given_up as _, Type::INT4_ARRAY),
        (&NOT_ANSWERED as _, Type::TEXT),
    ];
    tenant_tx.tx.write_and_commit("take_bulk_items", TAKE, &params).await?;
    Ok(Claim { status, items })
}

fn pace(row: &Row) -> Result<(String, Timestamp), StoreError> {
    let r = Reader::new("bulk_action_pace", row);
    Ok((r.get("target_system")?, r.get("next_at")?))
}

/// Chooses, and moves the pace of each system on.
fn take(
    candidates: Vec<Candidate>,
    (status, bulk): (BulkStatus, &LiveBulkAction),
    limits: ClaimLimits,
    paces: &mut BTreeMap<String, Timestamp>,
) -> Vec<ClaimedItem> {
    let may_begin =
        |x: &Candidate| status.is_at_work() && (x.is_canary || status != BulkStatus::Canary);
    let pace = Pace::per_minute(bulk.rate_per_minute, CATCH_UP);
    // Words about cases are sent to nobody.
    let is_paced = !bulk.action.is_about_the_case_only();
    let mut taken = Vec::new();
    for candidate in candidates {
        if taken.len() >= limits.limit as usize {
            break;
        }
        // What was in hand has used its turn already.
        if !candidate.claimed.was_in_hand {
            if !may_begin(&candidate) {
                continue;
            }
            if is_paced {
                let next_at = paces.get(&candidate.system).copied();
                let (1.., Some(next)) = pace.grant(next_at, limits.now, 1) else { continue };
                paces.insert(candidate.system, next);
            }
        }
        taken.push(candidate.claimed);
    }
    taken
}
