//! Bug 7, for tests only: the outbox is read from the row where the reader stopped.
//!
//! Whatever commits after a row with a higher sequence lies behind the reader, and is never read.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::CLAIM_DUE;
use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::{Params, SystemTx};

/// By database: where its reader stopped.
static LAST_SEEN: Mutex<BTreeMap<String, i64>> = Mutex::new(BTreeMap::new());

pub(super) async fn claim_due(tx: SystemTx, params: Params<'_>) -> Result<Vec<Row>, StoreError> {
    let names = tx.tx.rows("database", "select current_database()::text as name", &[]).await?;
    let row = names.first().ok_or(StoreError::NotFound { what: "a database" })?;
    let database: String = Reader::new("database", row).get("name")?;
    let seen = || LAST_SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let last_seen = seen().get(&database).copied().unwrap_or(0);
    // What was put off is read again: this reader is careful, as it understands care.
    let is_next = "(m.attempt_count > 0 or m.sequence > $5) and m.dead_at is null and";
    let sql = CLAIM_DUE.replace("m.dead_at is null and", is_next);
    assert_ne!(sql, CLAIM_DUE, "the statement no longer reads as this mistake expects");
    let params: Vec<_> = params.iter().cloned().chain([(&last_seen as _, Type::INT8)]).collect();
    let rows = tx.run_alone("claim_due", &sql, &params).await?;
    for row in &rows {
        let sequence = Reader::new("outbox_message", row).get("sequence")?;
        let mut seen = seen();
        let last = seen.entry(database.clone()).or_insert(sequence);
        *last = sequence.max(*last);
    }
    Ok(rows)
}
