//! WAL of one piece of work, told apart from that of everybody else in the cluster.
//!
//! PostgreSQL's counters are the whole cluster's, and other tests write at the same time; so the
//! records themselves are read, and those of transactions that wrote to tables of this database
//! count. Left out is what depends on others: page images after a checkpoint of whomever, and the
//! tidying of pages that PostgreSQL does in passing.

use test_support::TestDatabase;

/// Records and their bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wal {
    pub(super) records: i64,
    pub(super) bytes: i64,
}

/// Catalogues, which statistics are written to now and then, have lower numbers.
const COUNTED: &str = "
    with record as (
        select xid::text as xid, record_length - fpi_length as bytes,
               substring(block_ref from '1663/' || d.oid || '/([0-9]+)')::bigint as file
        from pg_database d, pg_get_wal_records_info('{from}', '{to}')
        where d.datname = current_database() and (resource_manager, record_type) not in (
            ('Heap2', 'PRUNE'), ('Heap2', 'VISIBLE'), ('Btree', 'DEDUP'), ('Btree', 'DELETE')))
    select count(*) as records, coalesce(sum(bytes), 0)::bigint as bytes
    from record
    where xid <> '0' and xid in (select xid from record where file >= 16384)";

/// What `work` wrote.
pub(super) async fn wal_of<T>(db: &TestDatabase, work: impl Future<Output = T>) -> (T, Wal) {
    db.execute("create extension if not exists pg_walinspect").await;
    let from = position(db).await;
    let result = work.await;
    let to = position(db).await;
    // Records are read from what is flushed; a commit of ours flushes all before it.
    db.execute("create table if not exists flushed (); drop table flushed").await;
    let rows = db.rows(&COUNTED.replace("{from}", &from).replace("{to}", &to), &[]).await;
    let number = |name| rows[0].try_get(name).expect("a number");
    (result, Wal { records: number("records"), bytes: number("bytes") })
}

async fn position(db: &TestDatabase) -> String {
    db.text("select pg_current_wal_insert_lsn()::text").await.expect("a position")
}
