//! Bench B11: five hundred due steps among five thousand, found and claimed.
//!
//! The find is a read of one index; the claim is what reconciliation does with what it found, in
//! batches of its size, beside the updates of the same rows.

use anyhow::{Result, ensure};
use jiff::{SignedDuration, Timestamp};
use order_store::commands::begin_step_checks;
use order_store::due_steps;
use tokio_postgres::types::Type;

use crate::ground::{Ground, Layer};
use crate::measure::{Bench, Comparison};
use crate::rows::{self, StepIds, batches};

/// Four steps of each are due.
const ORDERS: u64 = 1250;
/// Found at once.
pub const LIMIT: u32 = 500;
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// So many of what is due are claimed in a turn.
const BATCHES_CLAIMED: usize = 5;

/// Due times alone, from the index.
const INDEX_ONLY: &str = r"
    select s.response_due_at
    from fulfillment_step s
    where s.status in ('SUBMITTED', 'UNKNOWN') and s.response_due_at <= $1
    order by s.response_due_at
    limit $2";

/// The same question to a table without the partial index.
const WITHOUT_INDEX: &str = r"
    select s.tenant_id, s.order_id, s.id
    from fulfillment_step s
    where (s.status || '') in ('SUBMITTED', 'UNKNOWN') and s.response_due_at <= $1
    order by s.response_due_at
    limit $2";

/// Find and claim against the least that both could do.
#[derive(Debug)]
pub struct Reconciliation;

impl Bench for Reconciliation {
    type Work = Vec<Vec<StepIds>>;
    const NAME: &'static str = "reconciliation";
    const UNIT: &'static str = "step";
    const CONTENDERS: &'static [&'static str] = &[
        "find: due times, index only",
        "find: no partial index",
        "find: ours",
        "claim: same rows",
        "claim: ours",
    ];
    const COMPARISONS: &'static [Comparison] = &[
        Comparison { of: 2, against: 0, goal: None },
        Comparison { of: 2, against: 1, goal: None },
        Comparison { of: 4, against: 3, goal: None },
    ];
    const OURS: usize = 2;

    async fn prepare(&self, ground: &Ground, _contender: usize) -> Result<Self::Work> {
        // What earlier turns left is not due any more; the number of due steps is always the same.
        let settle = "update fulfillment_step set response_due_at = now() + interval '1 day'
            where status in ('SUBMITTED', 'UNKNOWN') and response_due_at <= now()";
        ground.client().batch_execute(settle).await?;
        let first = ground.add_orders(ORDERS, Layer::Submitted { due_in_s: -7200 }).await?;
        Ok(batches(first, ORDERS))
    }

    async fn run(&self, ground: &Ground, contender: usize, work: Self::Work) -> Result<usize> {
        match contender {
            0 => found(probe(ground, INDEX_ONLY).await?),
            1 => found(probe(ground, WITHOUT_INDEX).await?),
            2 => found(find(ground).await?.len()),
            3 => {
                let until = Timestamp::now() + LEASE;
                for batch in work.iter().take(BATCHES_CLAIMED) {
                    rows::check_records(ground, batch, until).await?;
                }
                Ok(work.iter().take(BATCHES_CLAIMED).map(Vec::len).sum())
            }
            _ => claim(ground).await,
        }
    }
}

fn found(rows: usize) -> Result<usize> {
    ensure!(u32::try_from(rows)? == LIMIT, "{rows} of {LIMIT} due steps were found");
    Ok(rows)
}

async fn probe(ground: &Ground, sql: &str) -> Result<usize> {
    let (now, limit) = (Timestamp::now(), i64::from(LIMIT));
    let params = [(&now as _, Type::TIMESTAMPTZ), (&limit as _, Type::INT8)];
    Ok(ground.rows(sql, &params).await?.len())
}

async fn find(ground: &Ground) -> Result<Vec<order_store::commands::StepCheckRef>> {
    let tx = ground.reconciliation.system_tx().await?;
    Ok(due_steps::list_due(tx, Timestamp::now(), LIMIT).await?)
}

async fn claim(ground: &Ground) -> Result<usize> {
    let due = find(ground).await?;
    let ctx = ground.context("reconciliation");
    let mut claimed = 0;
    for batch in due.chunks(rows::BATCH) {
        let tx = ground.reconciliation.system_tx().await?;
        claimed += begin_step_checks(tx, &ctx, LEASE, batch).await?.len();
    }
    ensure!(claimed == due.len(), "{claimed} of {} due steps were claimed", due.len());
    Ok(claimed)
}
