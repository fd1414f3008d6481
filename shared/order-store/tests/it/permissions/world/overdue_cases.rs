//! Entries about a case that nobody touched in time.

use order_store::commands::{self, CommandOutcome};
use order_store::{Store, StoreError, overdue_cases};

use super::{Entry, World};

impl World {
    pub(super) async fn attempt_overdue(
        &self,
        entry: Entry,
        store: &Store,
    ) -> Result<(), StoreError> {
        let (order_id, ctx) = (self.stage.order_id, self.ctx());
        match entry {
            Entry::EscalateOverdueCase => {
                let case_id = self.stage.case().await;
                let tx = store.tenant_tx(&self.stage.tenant).await?;
                let outcome = commands::escalate_overdue_case(tx, order_id, case_id, &ctx).await?;
                assert!(matches!(outcome, CommandOutcome::Applied { .. }), "{outcome:?}");
                Ok(())
            }
            Entry::EscalateOverdueCases => {
                let orders = [(self.stage.tenant.clone(), order_id)];
                let tx = store.system_tx().await?;
                commands::escalate_overdue_cases(tx, &ctx, &orders).await.map(|_| ())
            }
            _ => {
                let tx = store.system_tx().await?;
                overdue_cases::list_overdue(tx, self.stage.now(), 10).await.map(|_| ())
            }
        }
    }
}
