//! A bulk action that a second person let go, and rounds of its worker.

use crash_matrix::job::{Job, Work};
use order_domain::actor::Actor;
use order_domain::bulk::BulkCommand;
use order_domain::fallout::FalloutAction;
use order_domain::ids::BulkActionId;
use order_store::CommandContext;
use order_store::commands::{
    ActionInput, BulkOutcome, MoveBulkAction, PrepareBulkAction, move_bulk_action,
    prepare_bulk_action,
};
use order_store::read_model::{CaseFilter, find_bulk_action};
use serde_json::json;
use test_support::operations::{OPERATOR, Person, SUPERVISOR, rejected};
use test_support::stage::Stage;
use uuid::Uuid;

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
        let prepared = prepare(&stage).await;
        let bulk = Self { stage, cases, id: prepared };
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
        let api = self.stage.db.store("oms_operator_api").await;
        let tx = api.tenant_tx(&self.stage.tenant).await.unwrap();
        let version = find_bulk_action(tx, self.id).await.unwrap().unwrap().bulk.version;
        let request = MoveBulkAction {
            bulk_action_id: self.id,
            command,
            expected_version: version,
            reason_code: "TEST".to_owned(),
            note: None,
            fingerprint: command.to_string(),
        };
        let tx = api.tenant_tx(&self.stage.tenant).await.unwrap();
        let moved = move_bulk_action(tx, &context(&self.stage, person), &request).await.unwrap();
        assert!(matches!(moved, BulkOutcome::Done(_)), "{command}: {moved:?}");
    }
}

fn context(stage: &Stage, person: Person) -> CommandContext {
    let actor = Actor::caller(person.name, vec![person.role.to_string()]);
    CommandContext::new(actor, stage.now()).with_idempotency_key(Uuid::now_v7().to_string())
}

async fn prepare(stage: &Stage) -> BulkActionId {
    let request = PrepareBulkAction {
        action: FalloutAction::RetryStep,
        input: ActionInput::default(),
        reason_code: "SYSTEM_MENDED".to_owned(),
        note: None,
        filter: CaseFilter { now: stage.now(), ..CaseFilter::default() },
        selection: json!({}),
        canary_size: 1,
        rate_per_minute: 60_000_000,
        pause_after_failures: 1_000_000,
        fingerprint: "prepare".to_owned(),
    };
    let api = stage.db.store("oms_operator_api").await;
    let tx = api.tenant_tx(&stage.tenant).await.unwrap();
    let outcome = prepare_bulk_action(tx, &context(stage, OPERATOR), &request).await.unwrap();
    let BulkOutcome::Done(prepared) = outcome else { panic!("{outcome:?}") };
    prepared.bulk_action_id
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
