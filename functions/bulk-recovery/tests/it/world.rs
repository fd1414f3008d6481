//! Orders that fell out alike, the people who see them, and the worker.

use std::time::Duration;

use bulk_recovery::{BulkSummary, Deps, handler};
use jiff::SignedDuration;
use lambda_support::Deadline;
use order_domain::bulk::{BulkCommand, BulkItemStatus, BulkStatus, ItemCounts};
use order_domain::fallout::FalloutAction;
use order_domain::ids::BulkActionId;
use order_store::commands::{
    BulkMoved, BulkOutcome, BulkPrepared, MoveBulkAction, PrepareBulkAction,
};
use order_store::read_model::{BulkActionDetail, CaseFilter};
use serde_json::json;
use test_support::operations::{Person, rejected};
use test_support::stage::Stage;

pub(crate) use test_support::operations::{OPERATOR, SUPERVISOR};

pub(crate) const SIGNATURE: &str = "LOGISTICS/ship-router/LINE_BUSY";

pub(crate) struct World {
    pub(crate) stage: Stage,
    pub(crate) worker: Deps,
}

impl World {
    /// So many orders whose only shipment was refused.
    pub(crate) async fn with_cases(count: u32) -> Self {
        let stage = Stage::fallen_out(1, &rejected("LINE_BUSY")).await;
        stage.db.execute("delete from outbox_message").await;
        stage.multiply(count - 1).await;
        let worker = Deps::new(stage.db.store("oms_bulk_recovery").await).with_clock(stage.clock());
        Self { stage, worker }
    }

    /// Retry of everything with the signature, at once.
    pub(crate) fn retry(&self) -> PrepareBulkAction {
        let filter = CaseFilter {
            failure_signature: Some(SIGNATURE.to_owned()),
            now: self.stage.now(),
            ..CaseFilter::default()
        };
        PrepareBulkAction {
            filter,
            selection: json!({ "failureSignature": SIGNATURE }),
            canary_size: 5,
            ..self.stage.on_every_case(FalloutAction::RetryStep)
        }
    }

    pub(crate) async fn prepare(
        &self,
        person: Person,
        request: &PrepareBulkAction,
    ) -> BulkOutcome<BulkPrepared> {
        self.stage.prepare_bulk(person, request).await
    }

    /// Prepared by the operator, and looked ahead by the worker.
    pub(crate) async fn prepared(&self, request: &PrepareBulkAction) -> BulkActionId {
        let outcome = self.prepare(OPERATOR, request).await;
        let BulkOutcome::Done(prepared) = outcome else { panic!("not prepared: {outcome:?}") };
        self.round().await;
        prepared.bulk_action_id
    }

    pub(crate) async fn command(
        &self,
        person: Person,
        id: BulkActionId,
        command: BulkCommand,
    ) -> BulkOutcome<BulkMoved> {
        self.stage.command_bulk(person, (id, command)).await
    }

    pub(crate) async fn ask(
        &self,
        person: Person,
        request: &MoveBulkAction,
    ) -> BulkOutcome<BulkMoved> {
        self.stage.move_bulk(person, request).await
    }

    pub(crate) async fn moved(&self, person: Person, id: BulkActionId, command: BulkCommand) {
        let outcome = self.command(person, id, command).await;
        assert!(matches!(outcome, BulkOutcome::Done(_)), "{command}: {outcome:?}");
    }

    /// Rounds of the worker, a second later, until nobody may go any more.
    pub(crate) async fn round(&self) -> BulkSummary {
        self.stage.advance(SignedDuration::from_secs(1));
        self.rounds().await
    }

    /// One round, in which everybody has one turn.
    pub(crate) async fn turn(&self) {
        self.stage.advance(SignedDuration::from_secs(1));
        let (mut summary, end) =
            (BulkSummary::default(), Deadline::after(Duration::from_secs(300)));
        let _ = handler::run_round(&self.worker, "run", end, &mut summary).await.unwrap();
    }

    async fn rounds(&self) -> BulkSummary {
        let (mut summary, end) =
            (BulkSummary::default(), Deadline::after(Duration::from_secs(300)));
        while handler::run_round(&self.worker, "run", end, &mut summary).await.unwrap() {}
        assert_eq!((summary.failed, summary.unanswered), (0, 0), "{summary:?}");
        summary
    }

    /// A round in which everything that was acted on is looked at.
    pub(crate) async fn round_later(&self) -> BulkSummary {
        self.stage.advance(SignedDuration::from_mins(2));
        self.round().await
    }

    pub(crate) async fn detail(&self, id: BulkActionId) -> BulkActionDetail {
        self.stage.bulk_detail(id).await
    }

    pub(crate) async fn status(&self, id: BulkActionId) -> BulkStatus {
        self.detail(id).await.bulk.status
    }

    /// The counts, which always add up to what was selected.
    pub(crate) async fn counts(&self, id: BulkActionId) -> ItemCounts {
        let detail = self.detail(id).await;
        let counts = detail.counts();
        assert_eq!(counts.total(), detail.bulk.item_count);
        counts
    }

    pub(crate) async fn count(&self, id: BulkActionId, status: BulkItemStatus) -> u32 {
        self.counts(id).await.of(status)
    }

    /// Through the canary, with these answers for everything that is sent, up to the second person.
    pub(crate) async fn approved(&self, request: &PrepareBulkAction) -> BulkActionId {
        let id = self.prepared(request).await;
        self.moved(OPERATOR, id, BulkCommand::Start).await;
        self.round().await;
        self.stage.answer_every_order(|_| None).await;
        self.round_later().await;
        assert_eq!(self.status(id).await, BulkStatus::AwaitingApproval);
        self.moved(SUPERVISOR, id, BulkCommand::Approve).await;
        id
    }

    /// A fraction of the cases that somebody else acts on before their turn: every `n`th.
    pub(crate) async fn spoil_every(&self, n: u32) -> i64 {
        let sql = format!(
            "update order_fallout_case c set version = version + 1, touched_at = now() + interval '1 hour'
             from bulk_action_item i where i.fallout_case_id = c.id and i.position % {n} = 0"
        );
        self.stage.db.execute(&sql).await;
        let sql = format!("select count(*) from bulk_action_item where position % {n} = 0");
        self.stage.db.number(&sql).await
    }
}
