//! A private database with so much finished history, and the live rows that a turn works on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use order_domain::actor::Actor;
use order_store::{CommandContext, Store};
use test_support::TestDatabase;
use tokio_postgres::Client;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

/// Live orders are numbered from here, far above the history.
const FIRST_LIVE_ORDER: u64 = 1_000_000_000;
const PATIENCE: Duration = Duration::from_secs(300);
const CONNECTIONS: usize = 2;
/// So many finished rows go into one statement.
const SLICE: u64 = 500_000;

/// What an id made by [`id`] is of.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Order = 1,
    Line = 2,
    Plan = 3,
    Step = 4,
    Request = 5,
}

/// The id of the nth thing of a kind, the same as `bench_id` of the database makes.
#[must_use]
pub fn id(kind: Kind, number: u64) -> Uuid {
    Uuid::from_u128(((kind as u128) << 96) | u128::from(number))
}

/// The second layer of a plan of 1 → 4 → 4 → 1 steps: what a turn finds there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    Ready,
    /// Sent; the answer is due that many seconds from now.
    Submitted {
        due_in_s: i32,
    },
}

/// One database of a run.
pub struct Ground {
    pub history: u64,
    pub relay: Store,
    pub executor: Store,
    pub callbacks: Store,
    pub reconciliation: Store,
    pub operator: Store,
    db: TestDatabase,
    next_order: AtomicU64,
}

impl Ground {
    /// A database with `history` finished steps and everything that belongs to them: the cluster's
    /// `oms_bench_history_…`, which is used up, or written now.
    pub async fn create(history: u64, note: impl Fn(&str)) -> Result<Self> {
        let prepared = format!("oms_bench_history_{history}");
        let db = match TestDatabase::take_over(&prepared).await {
            Some(prepared) => prepared,
            None => written(history, &note).await?,
        };
        note("vacuum analyze");
        db.client().batch_execute("vacuum analyze").await?;
        db.client().batch_execute("checkpoint").await?;
        Ok(Self {
            history,
            relay: store(&db, "oms_outbox_relay").await?,
            executor: store(&db, "oms_fulfillment_step_executor").await?,
            callbacks: store(&db, "oms_callback_processor").await?,
            reconciliation: store(&db, "oms_reconciliation").await?,
            operator: store(&db, "oms_operator_api").await?,
            db,
            next_order: AtomicU64::new(FIRST_LIVE_ORDER),
        })
    }

    /// The superuser's connection: probes are not slowed down by row security.
    pub fn client(&self) -> &Client {
        self.db.client()
    }

    /// Rows of a statement that is sent as the store sends its own: unnamed and typed.
    pub async fn rows(
        &self,
        sql: &str,
        params: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<tokio_postgres::Row>> {
        Ok(self.client().query_typed(sql, params).await?)
    }

    /// Adds `count` orders whose root step is done. Returns the number of the first.
    pub async fn add_orders(&self, count: u64, layer: Layer) -> Result<u64> {
        let first = self.next_order.fetch_add(count, Ordering::Relaxed);
        let (status, due_in_s) = match layer {
            Layer::Ready => ("READY", 0),
            Layer::Submitted { due_in_s } => ("SUBMITTED", due_in_s),
        };
        let sql = include_str!("ground/live.sql")
            .replace("{first}", &first.to_string())
            .replace("{last}", &(first + count - 1).to_string())
            .replace("{status}", status)
            .replace("{due_in_s}", &due_in_s.to_string());
        self.client().batch_execute(&sql).await.context("cannot write live orders")?;
        Ok(first)
    }

    /// The number of the first order that was ever added.
    #[must_use]
    pub const fn first_live_order(&self) -> u64 {
        FIRST_LIVE_ORDER
    }

    /// Bytes of WAL that the whole server has written so far.
    pub async fn wal_bytes(&self) -> Result<i64> {
        let sql = "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint as bytes";
        let rows = self.rows(sql, &[]).await?;
        Ok(rows.first().context("one row")?.try_get("bytes")?)
    }

    /// Processor time of this process and of the server's processes that serve this database; what
    /// else the machine does is not in it. Zero where the kernel does not tell.
    pub async fn cpu_time(&self) -> Result<Duration> {
        let sql = "select pid from pg_stat_activity where datname = current_database()
            and backend_type = 'client backend'";
        let mut total = on_processor("self");
        for row in self.rows(sql, &[]).await? {
            total += on_processor(&row.try_get::<_, i32>("pid")?.to_string());
        }
        Ok(total)
    }

    /// What a command of the function `name` is told.
    pub fn context(&self, name: &str) -> CommandContext {
        CommandContext::new(Actor::function(name, None), Timestamp::now())
    }

    pub async fn finish(self) {
        drop((self.relay, self.executor, self.callbacks, self.reconciliation, self.operator));
        self.db.finish().await;
    }
}

/// A function's connection, more patient than the function: a busy machine is no failure here.
async fn store(db: &TestDatabase, role: &str) -> Result<Store> {
    let settings = db.settings(role).with_answer_timeout(PATIENCE);
    Ok(Store::connect(&settings, None, CONNECTIONS).await?)
}

/// The first number of `schedstat`, in nanoseconds.
fn on_processor(process: &str) -> Duration {
    let text = std::fs::read_to_string(format!("/proc/{process}/schedstat")).unwrap_or_default();
    let nanoseconds = text.split(' ').next().and_then(|x| x.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or_default())
}

async fn written(history: u64, note: &impl Fn(&str)) -> Result<TestDatabase> {
    let db = TestDatabase::create().await;
    db.client().batch_execute(include_str!("ground/ids.sql")).await?;
    let mut done = 0;
    while done < history {
        let end = history.min(done + SLICE);
        note(&format!("{done} of {history} finished steps"));
        let sql = include_str!("ground/history.sql")
            .replace("{first}", &done.to_string())
            .replace("{last}", &(end - 1).to_string());
        db.client().batch_execute(&sql).await.context("cannot write the history")?;
        done = end;
    }
    Ok(db)
}

impl std::fmt::Debug for Ground {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ground").field("history", &self.history).finish_non_exhaustive()
    }
}
