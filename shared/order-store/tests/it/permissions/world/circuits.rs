//! Entries about the circuits of target systems.

use jiff::SignedDuration;
use order_domain::circuit::DrainRate;
use order_store::circuit::{self, SystemKey};
use order_store::commands::{self, SystemOutcome, SystemRequest};
use order_store::{Store, StoreError, read_model};
use serde_json::json;

use super::{Entry, World};

const SYSTEM: &str = "LOGISTICS";

impl World {
    /// The system's circuit is open and due, and its step waits.
    pub(super) async fn open_circuit(&self) {
        self.stage.configure(SYSTEM, "http://logistics", json!({})).await;
        let sql =
            "insert into target_system_circuit (tenant_id, system, status, opened_at, opened_by,
                 next_move_at, window_started_at, updated_at)
             values ('acme', 'LOGISTICS', 'OPEN', now(), 'FAILURE_RATE', now(), now(), now());
             update fulfillment_step set circuit_wait = 'WAITING' where status = 'READY'";
        self.stage.db.execute(sql).await;
    }

    pub(super) async fn attempt_circuit(
        &self,
        entry: Entry,
        store: &Store,
    ) -> Result<(), StoreError> {
        let (tenant, ctx) = (&self.stage.tenant, self.ctx());
        let request = SystemRequest {
            system: SYSTEM.to_owned(),
            reason_code: "MAINTENANCE".to_owned(),
            note: None,
            fingerprint: String::new(),
        };
        let outcome = match entry {
            Entry::MoveCircuits => {
                let keys = [SystemKey { tenant: tenant.clone(), system: SYSTEM.to_owned() }];
                let tx = store.system_tx().await?;
                return commands::move_circuits(tx, &ctx, &keys).await.map(|_| ());
            }
            Entry::ListDueCircuits => {
                let tx = store.system_tx().await?;
                return circuit::list_due(tx, self.stage.now(), 10).await.map(|_| ());
            }
            Entry::ListSystems => {
                return read_model::list_systems(store.tenant_tx(tenant).await?).await.map(|_| ());
            }
            Entry::HoldSystem => {
                let ends_at = self.stage.now() + SignedDuration::from_hours(1);
                let tx = store.tenant_tx(tenant).await?;
                commands::hold_system(tx, &ctx, (&request, ends_at)).await?
            }
            _ => {
                let tx = store.tenant_tx(tenant).await?;
                commands::release_system(tx, &ctx, (&request, DrainRate::DEFAULT)).await?
            }
        };
        assert!(matches!(outcome, SystemOutcome::Done(_)), "{outcome:?}");
        Ok(())
    }
}
