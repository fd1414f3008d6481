//! A bulk action that a second person let go, and rounds of its worker.

use crash_matrix::job::{Job, Work};
use order_domain::bulk::BulkCommand;
use order_domain::fallout::FalloutAction;
use order_domain::ids::BulkActionId;
use order_store::commands::BulkOutcome;
use test_support::operations::{OPERATOR, Person, SUPERVISOR, rejected};
use test_support::stage::Stage;

use super::{Doing, LONG_ENOUGH, Scene, all, job_of, numbers};
use crate::child::Child;

pub(crate) struct Bulk {
    pub(crate) stage: Stage,
    cases: u32,
    id: BulkActionId,
}

impl Bulk {
    /// One case is tried and resolved; the others are let go.
    pub(crate) async fn open(cases: u32) -> Self {
        let stage = Stage::fallen_out(1, &rejected("LINE_BUSY")).await;
        stage.db.execute("delete from outbox_message").await;
        stage.multiply(cases - 1).await;
        let retry = stage.on_every_case(FalloutAction::RetryStep);
        let prepared = stage.prepare_bulk(OPERATOR, &retry).await;
        let BulkOutcome::Done(prepared) = prepared else { panic!("{prepared:?}") };
        let bulk = Self { stage, cases, id: prepared.bulk_action_id };
        bulk.round().await;
        bulk.command(OPERATOR, BulkCommand::Start).await;
        bulk.round().await;
        bulk.stage.answer_every_order(|_| None).await;
        bulk.stage.advance(LONG_ENOUGH);
        bulk.round().await;
        bulk.command(SUPERVISOR, BulkCommand::Approve).await;
        bulk
    }

    /// An undisturbed round in a process of its own.
    pub(crate) async fn round(&self) {
        let end = Child::start(&self.job().await, None).end().await.unwrap();
        assert_eq!(end.answer.as_ref().map(|x| x["failed"] == false), Some(true), "{end:?}");
    }

    async fn command(&self, person: Person, command: BulkCommand) {
        let moved = self.stage.command_bulk(person, (self.id, command)).await;
        assert!(matches!(moved, BulkOutcome::Done(_)), "{command}: {moved:?}");
    }
}

impl Scene for Bulk {
    fn job(&self) -> Doing<'_, Job> {
        Box::pin(async { job_of(&self.stage, "oms_bulk_recovery", "", Work::ActOnMany) })
    }

    fn time_passes(&self) -> Doing<'_, ()> {
        Box::pin(async {
            // Whatever was sent meanwhile is answered: those cases are over before anybody looks.
            self.stage.answer_every_order(|_| None).await;
            self.stage.advance(LONG_ENOUGH);
        })
    }

    fn is_settled(&self) -> Doing<'_, bool> {
        Box::pin(async {
            let status = self.stage.db.text("select status from bulk_action").await;
            status.as_deref() == Some("COMPLETED")
        })
    }

    fn state(&self) -> Doing<'_, String> {
        Box::pin(async {
            let sql = "select string_agg(status || ' ' || n, ', ')
                from (select status, count(*) n from bulk_action_item group by status) x";
            format!("{:?}", self.stage.db.text(sql).await)
        })
    }

    fn judge(&self) -> Doing<'_, Result<(), String>> {
        Box::pin(async {
            let cases = i64::from(self.cases);
            let [resolved, acts, twice, generations, dispatches, audited] = numbers(
                &self.stage,
                [
                    "select count(*) from bulk_action_item where status = 'RESOLVED'",
                    "select count(*) from fallout_action where action = 'retry-step'",
                    "select count(*) from (select from fallout_action group by fallout_case_id
                     having count(*) > 1) x",
                    "select coalesce(sum(generation), 0)::bigint from fulfillment_step
                     where target_system = 'LOGISTICS'",
                    "select count(*) from external_request r join fulfillment_step s
                     on s.id = r.subject_id where s.target_system = 'LOGISTICS'",
                    "select count(*) from audit_entry where command = 'retry-step'",
                ],
            )
            .await;
            all(&[
                ("every case is resolved", resolved == cases),
                ("every case was acted on once", acts == cases && twice == 0),
                ("every step has one new generation", generations == 2 * cases),
                ("every step was sent once more", dispatches == 2 * cases),
                ("every act is audited once", audited == cases),
            ])
        })
    }

    fn close(self: Box<Self>) -> Doing<'static, ()> {
        Box::pin(async move { self.stage.db.finish().await })
    }
}
