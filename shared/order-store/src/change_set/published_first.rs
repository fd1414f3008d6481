//! Bug 1, for tests only: what is owed is committed before the facts that it tells.

use tokio_postgres::types::Type;

use super::{ChangeSet, Part, PartRows};
use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::Tx;

const TENANT: &str = "select current_setting('app.tenant_id', true) as tenant";
const SET_TENANT: &str = "select set_config('app.tenant_id', $1, true)";

impl ChangeSet {
    /// Commits the deliveries alone; the relay has them, whatever becomes of the rest.
    pub(super) async fn publish_first(&mut self, tx: &Tx) -> Result<(), StoreError> {
        let is_owed = |(part, _): &(Part, PartRows)| *part == Part::Outbox;
        let (owed, facts) = std::mem::take(&mut self.rows).into_iter().partition(is_owed);
        self.rows = facts;
        let owed = Self { rows: owed, failure: None };
        if owed.is_empty() {
            return Ok(());
        }
        let operation = "publish_first";
        let (sql, document) =
            owed.statement().map_err(|source| StoreError::Encode { operation, source })?;
        let tenant = tx.rows(operation, TENANT, &[]).await?;
        tx.rows(operation, &sql, &[(&document, Type::JSONB)]).await?;
        tx.rows(operation, "commit", &[]).await?;
        tx.rows(operation, "begin", &[]).await?;
        if let Some(row) = tenant.first()
            && let Some(tenant) = Reader::new("tenant", row).get::<Option<String>>("tenant")?
        {
            tx.rows(operation, SET_TENANT, &[(&tenant, Type::TEXT)]).await?;
        }
        Ok(())
    }
}
