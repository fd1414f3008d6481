//! The limit probes: raw SQL on the same rows, one statement per batch, every id known before.
//!
//! A probe decides nothing: it neither locks nor reads an order first, checks no lease, keeps no
//! order of deliveries and hashes no chain. `*_records` touch the same rows as the product does.

use anyhow::{Result, ensure};
use jiff::Timestamp;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use crate::ground::{Ground, Kind, id};

/// So many steps make a batch, each of another order.
pub const BATCH: usize = 100;
/// Steps of the second layer.
const LIVE_STEPS: u64 = 4;

/// One step of the second layer and everything that hangs on it.
#[derive(Debug, Clone, Copy)]
pub struct StepIds {
    pub number: u64,
    pub order: Uuid,
    pub line: Uuid,
    pub plan: Uuid,
    pub step: Uuid,
    pub dependent: Uuid,
    pub request: Uuid,
}

/// Batches of steps of `count` orders: no two steps of a batch are of one order.
#[must_use]
pub fn batches(first: u64, count: u64) -> Vec<Vec<StepIds>> {
    let all: Vec<StepIds> =
        (1..=LIVE_STEPS).flat_map(|k| (first..first + count).map(move |n| ids(n, k))).collect();
    all.chunks(BATCH).map(<[StepIds]>::to_vec).collect()
}

fn ids(order: u64, k: u64) -> StepIds {
    let number = order * 10 + k;
    StepIds {
        number,
        order: id(Kind::Order, order),
        line: id(Kind::Line, order),
        plan: id(Kind::Plan, order),
        step: id(Kind::Step, number),
        dependent: id(Kind::Step, number + LIVE_STEPS),
        request: id(Kind::Request, number),
    }
}

/// A digest, or a link of a chain: 64 characters that nobody computed.
fn digest() -> String {
    "c".repeat(64)
}

fn column(batch: &[StepIds], of: impl Fn(&StepIds) -> Uuid) -> Vec<Uuid> {
    batch.iter().map(of).collect()
}

fn fresh(batch: &[StepIds]) -> Vec<Uuid> {
    batch.iter().map(|_| Uuid::now_v7()).collect()
}

fn messages(batch: &[StepIds]) -> Vec<String> {
    batch.iter().map(|x| x.number.to_string()).collect()
}

/// `READY` to `SUBMITTING` in the table of steps.
pub async fn claim_step(ground: &Ground, batch: &[StepIds]) -> Result<()> {
    let (steps, requests) = (column(batch, |x| x.step), column(batch, |x| x.request));
    let now = Timestamp::now();
    let params = [
        (&steps as _, Type::UUID_ARRAY),
        (&requests as _, Type::UUID_ARRAY),
        (&now as _, Type::TIMESTAMPTZ),
    ];
    all_of(ground, include_str!("rows/claim_step.sql"), &params, batch.len()).await
}

/// `SUBMITTING` to `COMPLETED` in the tables of steps and plans.
pub async fn two_tables(ground: &Ground, batch: &[StepIds]) -> Result<()> {
    let (steps, dependents) = (column(batch, |x| x.step), column(batch, |x| x.dependent));
    let (plans, now) = (column(batch, |x| x.plan), Timestamp::now());
    let params = [
        (&steps as _, Type::UUID_ARRAY),
        (&dependents as _, Type::UUID_ARRAY),
        (&plans as _, Type::UUID_ARRAY),
        (&now as _, Type::TIMESTAMPTZ),
    ];
    all_of(ground, include_str!("rows/two_tables.sql"), &params, batch.len()).await
}

/// The inbox and the table of steps.
pub async fn inbox_and_step(ground: &Ground, batch: &[StepIds]) -> Result<()> {
    let (steps, requests) = (column(batch, |x| x.step), column(batch, |x| x.request));
    let (messages, now, digest) = (messages(batch), Timestamp::now(), digest());
    let params = [
        (&steps as _, Type::UUID_ARRAY),
        (&requests as _, Type::UUID_ARRAY),
        (&messages as _, Type::TEXT_ARRAY),
        (&now as _, Type::TIMESTAMPTZ),
        (&digest as _, Type::TEXT),
    ];
    all_of(ground, include_str!("rows/inbox_and_step.sql"), &params, batch.len()).await
}

/// Every row that the claim of a step touches.
pub async fn claim_records(ground: &Ground, batch: &[StepIds]) -> Result<()> {
    let (steps, requests) = (column(batch, |x| x.step), column(batch, |x| x.request));
    let (orders, audit) = (column(batch, |x| x.order), fresh(batch));
    let (now, digest) = (Timestamp::now(), digest());
    let params = [
        (&steps as _, Type::UUID_ARRAY),
        (&requests as _, Type::UUID_ARRAY),
        (&orders as _, Type::UUID_ARRAY),
        (&audit as _, Type::UUID_ARRAY),
        (&now as _, Type::TIMESTAMPTZ),
        (&digest as _, Type::TEXT),
    ];
    all_of(ground, include_str!("rows/claim_records.sql"), &params, batch.len()).await
}

/// Every row that an answer touches; a callback has one more, in the inbox.
pub async fn answer_records(ground: &Ground, batch: &[StepIds], is_callback: bool) -> Result<()> {
    let inbox = if is_callback { include_str!("rows/inbox.sql") } else { "" };
    let sql = include_str!("rows/answer_records.sql").replace("{inbox}", inbox);
    let (steps, dependents) = (column(batch, |x| x.step), column(batch, |x| x.dependent));
    let (requests, orders) = (column(batch, |x| x.request), column(batch, |x| x.order));
    let (lines, plans) = (column(batch, |x| x.line), column(batch, |x| x.plan));
    let (audit, deliveries) = (fresh(batch), fresh(batch));
    let (messages, now, digest) = (messages(batch), Timestamp::now(), digest());
    let params = [
        (&steps as _, Type::UUID_ARRAY),
        (&dependents as _, Type::UUID_ARRAY),
        (&requests as _, Type::UUID_ARRAY),
        (&orders as _, Type::UUID_ARRAY),
        (&lines as _, Type::UUID_ARRAY),
        (&plans as _, Type::UUID_ARRAY),
        (&audit as _, Type::UUID_ARRAY),
        (&deliveries as _, Type::UUID_ARRAY),
        (&messages as _, Type::TEXT_ARRAY),
        (&now as _, Type::TIMESTAMPTZ),
        (&digest as _, Type::TEXT),
    ];
    all_of(ground, &sql, &params, batch.len()).await
}

/// Every row that the claim of a due check touches.
pub async fn check_records(ground: &Ground, batch: &[StepIds], until: Timestamp) -> Result<()> {
    let (steps, orders) = (column(batch, |x| x.step), column(batch, |x| x.order));
    let (audit, now, digest) = (fresh(batch), Timestamp::now(), digest());
    let params = [
        (&steps as _, Type::UUID_ARRAY),
        (&orders as _, Type::UUID_ARRAY),
        (&audit as _, Type::UUID_ARRAY),
        (&now as _, Type::TIMESTAMPTZ),
        (&until as _, Type::TIMESTAMPTZ),
        (&digest as _, Type::TEXT),
    ];
    all_of(ground, include_str!("rows/check_records.sql"), &params, batch.len()).await
}

async fn all_of(
    ground: &Ground,
    sql: &str,
    params: &[(&(dyn ToSql + Sync), Type)],
    expected: usize,
) -> Result<()> {
    let moved = ground.rows(sql, params).await?.len();
    ensure!(moved == expected, "a probe moved {moved} of {expected} steps");
    Ok(())
}
