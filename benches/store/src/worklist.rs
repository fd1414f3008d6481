//! The worklist beside a read of one order by its key: what a page of fifty costs.
//!
//! The number of finished rows is one of finished orders here: those without finished steps are
//! added. Twenty thousand orders are live, each with ten steps; a quarter of them has an open case.

use std::cell::RefCell;
use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use jiff::{SignedDuration, Timestamp};
use order_domain::order::OrderStatus;
use order_store::TenantTx;
use order_store::read_model::{CaseFilter, OrderFilter, list_cases, list_orders, list_signatures};
use test_support::tenant;
use tokio_postgres::types::Type;

use crate::ground::{Ground, Kind, Layer, id};
use crate::measure::{Bench, Comparison};

/// Live orders.
const ORDERS: u64 = 20_000;
/// Entries on a page.
const PAGE: u16 = 50;
/// Answers of a turn.
const ANSWERS: usize = 20;

/// One order, by its key, past row security.
const BY_KEY: &str = "select * from product_order where tenant_id = $1 and id = $2";

/// Pages of the worklist, by question.
#[derive(Debug, Default)]
pub struct Worklist {
    /// Databases that have their live orders.
    ready: RefCell<BTreeSet<u64>>,
}

impl Bench for Worklist {
    type Work = ();
    const NAME: &'static str = "worklist";
    const UNIT: &'static str = "answer";
    const CONTENDERS: &'static [&'static str] = &[
        "one order by its key",
        "newest",
        "of a status",
        "of a group",
        "of a system",
        "overdue",
        "called so",
        "not moved for 4 h",
        "cases, most urgent first",
        "signatures",
    ];
    // The other way round than elsewhere: so many reads by key are a page.
    const COMPARISONS: &'static [Comparison] = &[
        Comparison { of: 0, against: 1, goal: None },
        Comparison { of: 0, against: 2, goal: None },
        Comparison { of: 0, against: 3, goal: None },
        Comparison { of: 0, against: 4, goal: None },
        Comparison { of: 0, against: 5, goal: None },
        Comparison { of: 0, against: 6, goal: None },
        Comparison { of: 0, against: 7, goal: None },
        Comparison { of: 0, against: 8, goal: None },
        Comparison { of: 0, against: 9, goal: None },
    ];
    const OURS: usize = 3;

    async fn prepare(&self, ground: &Ground, _contender: usize) -> Result<Self::Work> {
        // Once: nothing of this bench changes a row.
        if self.ready.borrow_mut().insert(ground.history) {
            let first = ground.add_orders(ORDERS, Layer::Submitted { due_in_s: 3600 }).await?;
            let sql = include_str!("ground/worklist.sql")
                .replace("{orders}", &ground.history.to_string())
                .replace("{with_steps}", &(ground.history / 10).to_string())
                .replace("{first}", &first.to_string())
                .replace("{last}", &(first + ORDERS - 1).to_string());
            ground.client().batch_execute(&sql).await?;
            ground.client().batch_execute("vacuum analyze").await?;
        }
        Ok(())
    }

    async fn run(&self, ground: &Ground, contender: usize, (): Self::Work) -> Result<usize> {
        for turn in 0..ANSWERS {
            let found = answer(ground, contender, turn as u64).await?;
            ensure!(found > 0, "{} found nothing", Self::CONTENDERS[contender]);
        }
        Ok(ANSWERS)
    }
}

/// One answer; how many entries it has.
async fn answer(ground: &Ground, contender: usize, turn: u64) -> Result<usize> {
    let now = Timestamp::now();
    let filter = OrderFilter { now, limit: PAGE, ..OrderFilter::default() };
    let some = |text: &str| Some(text.to_owned());
    let filter = match contender {
        0 => return by_key(ground, turn).await,
        1 => filter,
        2 => OrderFilter { status: Some(OrderStatus::Fallout), ..filter },
        3 => OrderFilter { owner_group: some("order-operations"), ..filter },
        4 => OrderFilter { target_system: some("LOGISTICS"), ..filter },
        5 => OrderFilter { is_overdue: true, ..filter },
        6 => OrderFilter { text: some(&format!("O-10000012{turn}")), ..filter },
        7 => OrderFilter { stuck_since: Some(now - SignedDuration::from_hours(4)), ..filter },
        8 => {
            let filter = CaseFilter { now, limit: PAGE, ..CaseFilter::default() };
            return Ok(list_cases(tx(ground).await?, &filter).await?.cases.len());
        }
        _ => return Ok(list_signatures(tx(ground).await?, None, PAGE).await?.len()),
    };
    Ok(list_orders(tx(ground).await?, &filter).await?.orders.len())
}

async fn tx(ground: &Ground) -> Result<TenantTx> {
    Ok(ground.operator.tenant_tx(&tenant()).await?)
}

/// Each time another of the live orders, as they are numbered.
async fn by_key(ground: &Ground, turn: u64) -> Result<usize> {
    let (tenant, order) = (tenant(), id(Kind::Order, ground.first_live_order() + turn * 997));
    let params = [(&tenant.as_str() as _, Type::TEXT), (&order as _, Type::UUID)];
    Ok(ground.rows(BY_KEY, &params).await?.len())
}
