//! Entries about bulk actions: one that is prepared for the only case there is.

use jiff::SignedDuration;
use order_domain::actor::Actor;
use order_domain::bulk::{BulkCommand, BulkItemStatus};
use order_domain::fallout::FalloutAction;
use order_domain::ids::BulkActionId;
use order_store::bulk::{
    self, ActedItem, ClaimLimits, ItemForecast, LiveBulkAction, claim_items, keep_acts,
};
use order_store::commands::{
    ActionInput, AdvanceOutcome, BulkOutcome, MoveBulkAction, PrepareBulkAction,
    advance_bulk_action, foresee_actions, move_bulk_action, prepare_bulk_action, recall_action,
};
use order_store::read_model::{self, CaseFilter};
use order_store::{CommandContext, Store, StoreError};
use serde_json::json;

use super::{Entry, World};

impl World {
    /// Prepared, and as far as the entry needs it.
    pub(super) async fn arrange_bulk(&self, entry: Entry) {
        if entry == Entry::PrepareBulkAction {
            return;
        }
        let api = self.store("oms_operator_api").await;
        self.attempt_bulk(Entry::PrepareBulkAction, &api).await.expect("prepared");
        let arranged = match entry {
            Entry::AdvanceBulkAction | Entry::ClaimItems | Entry::KeepActs => "PENDING",
            Entry::FollowItems => "RUNNING",
            _ => return,
        };
        let look = if arranged == "RUNNING" { "now() - interval '1 hour'" } else { "null" };
        let sql = format!(
            "update bulk_action_item set status = '{arranged}', is_canary = true,
                 acted_at = now() - interval '2 hours', next_look_at = {look};
             update bulk_action set status = case when '{entry:?}' = 'AdvanceBulkAction' then 'PREPARING'
                 else 'CANARY' end, canary_due_at = now()"
        );
        self.stage.db.execute(&sql).await;
    }

    async fn bulk_id(&self) -> BulkActionId {
        let id = self.stage.db.text("select id::text from bulk_action").await;
        id.expect("a bulk action").parse().expect("an id")
    }

    async fn live(&self) -> LiveBulkAction {
        let worker = self.store("oms_bulk_recovery").await;
        let later = self.stage.now() + SignedDuration::from_mins(1);
        let tx = worker.system_tx().await.expect("a connection");
        let turns = bulk::take_turns(tx, (later, 10)).await;
        // Whoever is refused writes nothing: the look for whose turn it is was the worker's own.
        self.stage.db.execute("update bulk_action set last_turn_at = null").await;
        turns.expect("a list").0.pop().expect("a live one")
    }

    fn olga(&self, key: &str) -> CommandContext {
        let actor = Actor::caller("olga", vec!["order-operator".to_owned()]);
        CommandContext::new(actor, self.stage.now()).with_idempotency_key(key)
    }

    #[expect(clippy::too_many_lines, reason = "an arm per entry, and nothing else")]
    pub(super) async fn attempt_bulk(&self, entry: Entry, store: &Store) -> Result<(), StoreError> {
        let now = self.stage.now();
        if entry == Entry::TakeTurns {
            return bulk::take_turns(store.system_tx().await?, (now, 10)).await.map(|_| ());
        }
        let tx = store.tenant_tx(&self.stage.tenant).await?;
        if entry == Entry::PrepareBulkAction {
            let filter = CaseFilter { now, ..CaseFilter::default() };
            let request = PrepareBulkAction {
                action: FalloutAction::RetryStep,
                input: ActionInput::default(),
                reason_code: "MENDED".to_owned(),
                note: None,
                filter,
                selection: json!({}),
                canary_size: 1,
                rate_per_minute: 60,
                pause_after_failures: 1,
                fingerprint: String::new(),
            };
            let outcome = prepare_bulk_action(tx, &self.olga("prepare"), &request).await?;
            assert!(matches!(outcome, BulkOutcome::Done(_)), "{outcome:?}");
            return Ok(());
        }
        let id = self.bulk_id().await;
        match entry {
            Entry::MoveBulkAction => {
                let request = MoveBulkAction {
                    bulk_action_id: id,
                    command: BulkCommand::Abort,
                    expected_version: 1,
                    reason_code: "TEST".to_owned(),
                    note: None,
                    fingerprint: String::new(),
                };
                let outcome = move_bulk_action(tx, &self.olga("move"), &request).await?;
                assert!(matches!(outcome, BulkOutcome::Done(_)), "{outcome:?}");
                Ok(())
            }
            Entry::AdvanceBulkAction => {
                let outcome = advance_bulk_action(tx, &self.ctx(), id).await?;
                assert!(matches!(outcome, AdvanceOutcome::Moved(_)), "{outcome:?}");
                Ok(())
            }
            Entry::ForeseeActions => {
                let case = self.stage.case().await;
                let request =
                    self.stage.request(FalloutAction::RetryStep, case, ActionInput::default());
                foresee_actions(tx, &self.olga("foresee"), &[request]).await.map(|_| ())
            }
            Entry::RecallAction => {
                let case = self.stage.case().await;
                let request =
                    self.stage.request(FalloutAction::RetryStep, case, ActionInput::default());
                recall_action(tx, &self.olga("recall"), &request).await.map(|_| ())
            }
            Entry::ListSelected => bulk::list_selected(tx, id, 10).await.map(|_| ()),
            Entry::KeepForecasts => {
                let found = ItemForecast { position: 1, excluded_because: None, forecast: None };
                bulk::keep_forecasts(tx, id, &[found]).await
            }
            Entry::ClaimItems => {
                let limits = ClaimLimits { now, lease: SignedDuration::from_secs(60), limit: 10 };
                let claimed = claim_items(tx, &self.live().await, limits).await?;
                assert_eq!(claimed.items.len(), 1);
                Ok(())
            }
            Entry::KeepActs => {
                let acted = ActedItem {
                    position: 1,
                    status: BulkItemStatus::Done,
                    code: None,
                    case_version: None,
                };
                keep_acts(tx, id, (&[acted], now)).await
            }
            Entry::FollowItems => {
                let looked = bulk::follow_items(tx, id, (now, 10)).await?;
                assert_eq!(looked, 1);
                Ok(())
            }
            Entry::FindBulkAction => read_model::find_bulk_action(tx, id).await.map(|_| ()),
            Entry::ListBulkActions => {
                read_model::list_bulk_actions(tx, (None, 10)).await.map(|_| ())
            }
            _ => read_model::list_bulk_items(tx, id, (None, 0, 10)).await.map(|_| ()),
        }
    }
}
