//! What people do with many cases at once: prepare, and decide.
#![expect(clippy::unwrap_used, reason = "a stage that fails fails its test")]

use order_domain::bulk::BulkCommand;
use order_domain::fallout::FalloutAction;
use order_domain::ids::BulkActionId;
use order_store::commands::{
    ActionInput, BulkMoved, BulkOutcome, BulkPrepared, MoveBulkAction, PrepareBulkAction,
    move_bulk_action, prepare_bulk_action,
};
use order_store::read_model::{BulkActionDetail, CaseFilter, find_bulk_action};
use serde_json::json;
use uuid::Uuid;

use crate::operations::Person;
use crate::stage::Stage;

/// As fast as a test wants it.
const AT_ONCE: u32 = 60_000_000;

impl Stage {
    /// This action on every open case, at once, and whatever fails.
    #[must_use]
    pub fn on_every_case(&self, action: FalloutAction) -> PrepareBulkAction {
        PrepareBulkAction {
            action,
            input: ActionInput::default(),
            reason_code: "SYSTEM_MENDED".to_owned(),
            note: None,
            filter: CaseFilter { now: self.now(), ..CaseFilter::default() },
            selection: json!({}),
            canary_size: 1,
            rate_per_minute: AT_ONCE,
            pause_after_failures: 1_000_000,
            fingerprint: action.to_string(),
        }
    }

    /// Somebody prepares it, with a key of its own.
    pub async fn prepare_bulk(
        &self,
        person: Person,
        request: &PrepareBulkAction,
    ) -> BulkOutcome<BulkPrepared> {
        let tx = self.db.store("oms_operator_api").await.tenant_tx(&self.tenant).await.unwrap();
        let ctx = self.context_of(person, &Uuid::now_v7().to_string());
        prepare_bulk_action(tx, &ctx, request).await.unwrap()
    }

    /// Somebody decides on it as it is now.
    pub async fn command_bulk(
        &self,
        person: Person,
        (bulk_action_id, command): (BulkActionId, BulkCommand),
    ) -> BulkOutcome<BulkMoved> {
        let expected_version = self.bulk_detail(bulk_action_id).await.bulk.version;
        let request = MoveBulkAction {
            bulk_action_id,
            command,
            expected_version,
            reason_code: "TEST".to_owned(),
            note: None,
            fingerprint: command.to_string(),
        };
        self.move_bulk(person, &request).await
    }

    /// The same on whatever version, with a key of its own.
    pub async fn move_bulk(
        &self,
        person: Person,
        request: &MoveBulkAction,
    ) -> BulkOutcome<BulkMoved> {
        let tx = self.db.store("oms_operator_api").await.tenant_tx(&self.tenant).await.unwrap();
        let ctx = self.context_of(person, &Uuid::now_v7().to_string());
        move_bulk_action(tx, &ctx, request).await.unwrap()
    }

    /// Everything about a bulk action but its cases one by one.
    pub async fn bulk_detail(&self, id: BulkActionId) -> BulkActionDetail {
        let tx = self.db.store("oms_operator_api").await.tenant_tx(&self.tenant).await.unwrap();
        find_bulk_action(tx, id).await.unwrap().expect("the bulk action")
    }
}
