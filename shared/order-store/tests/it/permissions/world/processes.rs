//! Entries about the process of an order, what the engine reports of it, and its plan.

use order_domain::ids::WorkflowRunId;
use order_domain::step::answer::StepAnswer;
use order_store::commands::{self, CommandOutcome, MissingProcess, ProcessFinding, RestartOutcome};
use order_store::correlation::CheckedProcess;
use order_store::engine_report::{self, EngineReport, EngineReportKind};
use order_store::{Store, StoreError, SystemTx, correlation, outbox};
use uuid::Uuid;

use super::{Entry, World, later};

const RUN: Uuid = Uuid::from_u128(7);
const KIND: EngineReportKind = EngineReportKind::InstanceSuspended;

impl World {
    /// A process that runs, an incident, a case, an overdue or completed plan: what an entry is about.
    pub(super) async fn arrange_process(&self, entry: Entry) {
        let (tenant, order) = (&self.stage.tenant, self.stage.order_id);
        let sql = match entry {
            Entry::ClaimChecks
            | Entry::PutOffCheck
            | Entry::MarkEnded
            | Entry::AdoptProcess
            | Entry::CheckNow
            | Entry::FindCorrelationStatus
            | Entry::RecordEngineReport
            | Entry::RestartProcess => format!(
                "insert into workflow_correlation (tenant_id, id, subject_type, subject_id, process_key,
                     process_instance_id, business_key, workflow_run_id, status, started_at, next_check_at)
                 values ('{tenant}', gen_random_uuid(), 'ORDER', '{order}', 'order-fulfillment', 'p', 'k',
                     '{RUN}', 'RUNNING', now() - interval '1 hour', now() + interval '{}')",
                if entry == Entry::CheckNow { "1 day" } else { "-1 minute" }
            ),
            Entry::ResolveUnseenReports | Entry::ResolveReportsOfOrders => format!(
                "insert into platform_incident (tenant_id, id, kind, cause, order_id, severity, detail,
                     occurrence_count, first_seen_at, last_seen_at)
                 values ('{tenant}', gen_random_uuid(), '{}', 'instance:p', '{order}', 'MAJOR', '', 1,
                     now() - interval '1 hour', now() - interval '1 hour')",
                KIND.as_str()
            ),
            Entry::FollowEngineIncidents | Entry::ListUnfollowed => format!(
                "insert into platform_incident (tenant_id, id, kind, cause, order_id, severity, detail,
                     occurrence_count, first_seen_at, last_seen_at)
                 values ('{tenant}', gen_random_uuid(), 'ENGINE_INCIDENT', 'task:p:DecomposeOrder', '{order}',
                     'MAJOR', '', 1, now(), now())"
            ),
            Entry::ListCasesOfOrders => format!(
                "insert into order_fallout_case (tenant_id, id, order_id, cause, origin, severity,
                     reason_code, reasons, status, is_blocking, engine_anchor, evidence, assigned_group,
                     version, opened_at)
                 values ('{tenant}', gen_random_uuid(), '{order}', 'c', 'test', 'MAJOR', 'TEST', '[]',
                     'OPEN', false, 'MESSAGE', '{{}}', 'order-operations', 1, now())"
            ),
            Entry::RepeatPlanMessages => "update fulfillment_plan set status = 'COMPLETED',
                 remaining_step_count = 0, completed_at = now() - interval '1 hour'"
                .to_owned(),
            // A step that is asked about at once is written; only a case would be less.
            Entry::ReviewOverduePlan => {
                self.answer(&StepAnswer::Accepted { external_reference: None }).await;
                "update fulfillment_step set deadline_at = now() - interval '1 hour'".to_owned()
            }
            _ => return,
        };
        self.stage.db.execute(&sql).await;
    }

    pub(super) async fn attempt_process(
        &self,
        entry: Entry,
        store: &Store,
    ) -> Result<(), StoreError> {
        match entry {
            Entry::RestartProcess => self.restart(store).await,
            Entry::ReviewOverduePlan => {
                let tx = store.tenant_tx(&self.stage.tenant).await?;
                let order = self.stage.order_id;
                let outcome = commands::review_overdue_plan(tx, order, &self.ctx()).await?;
                assert!(matches!(outcome, CommandOutcome::Applied { .. }), "{outcome:?}");
                Ok(())
            }
            Entry::FollowEngineIncidents => {
                let orders = [(self.stage.tenant.clone(), self.stage.order_id)];
                let tx = store.system_tx().await?;
                commands::follow_engine_incidents(tx, &self.ctx(), &orders).await.map(|_| ())
            }
            Entry::ListUnfollowed => {
                commands::list_unfollowed(store.system_tx().await?, 10).await.map(|_| ())
            }
            Entry::RecordEngineReport
            | Entry::ResolveUnseenReports
            | Entry::ResolveReportsOfOrders
            | Entry::ListCasesOfOrders
            | Entry::RepeatPlanMessages => {
                self.attempt_report(entry, store.system_tx().await?).await
            }
            _ => self.attempt_check(entry, store.system_tx().await?).await,
        }
    }

    async fn restart(&self, store: &Store) -> Result<(), StoreError> {
        let tx = store.tenant_tx(&self.stage.tenant).await?;
        let (_, order_id, workflow_run_id) = self.checked();
        let missing = MissingProcess { order_id, workflow_run_id, finding: ProcessFinding::Lost };
        let outcome = commands::restart_process(tx, &self.ctx(), &missing).await?;
        assert!(matches!(outcome, RestartOutcome::Restarted(_)), "{outcome:?}");
        Ok(())
    }

    async fn attempt_check(&self, entry: Entry, tx: SystemTx) -> Result<(), StoreError> {
        let (now, checked) = (self.stage.now(), self.checked());
        let subject = (checked.0, checked.1);
        match entry {
            Entry::ClaimChecks => correlation::claim_checks(tx, now, 10).await.map(|_| ()),
            Entry::PutOffCheck => {
                correlation::put_off(tx, &[checked], (later(now), now)).await.map(|_| ())
            }
            Entry::MarkEnded => correlation::mark_ended(tx, &[checked], now).await.map(|_| ()),
            Entry::AdoptProcess => correlation::adopt(tx, checked, "p-2", now).await.map(|_| ()),
            Entry::CheckNow => correlation::check_now(tx, subject, now).await,
            _ => correlation::find_status(tx, subject).await.map(|_| ()),
        }
    }

    async fn attempt_report(&self, entry: Entry, tx: SystemTx) -> Result<(), StoreError> {
        let (now, tenant, order_id) = (self.stage.now(), &self.stage.tenant, self.stage.order_id);
        let orders = [(tenant, order_id)];
        match entry {
            Entry::RecordEngineReport => {
                let report = EngineReport {
                    tenant: tenant.clone(),
                    order_id,
                    kind: KIND,
                    cause: "instance:p".to_owned(),
                    detail: "suspended".to_owned(),
                };
                engine_report::record(tx, now, &[report]).await.map(|_| ())
            }
            Entry::ResolveUnseenReports => {
                engine_report::resolve_unseen(tx, now, &[KIND]).await.map(|_| ())
            }
            Entry::ResolveReportsOfOrders => {
                engine_report::resolve_of_orders(tx, now, KIND, &orders).await.map(|_| ())
            }
            Entry::ListCasesOfOrders => {
                engine_report::list_cases_of_orders(tx, &orders).await.map(|_| ())
            }
            _ => outbox::repeat_plan_messages(tx, &orders, now).await.map(|_| ()),
        }
    }

    const fn checked(&self) -> CheckedProcess<'_> {
        (&self.stage.tenant, self.stage.order_id, WorkflowRunId::from_uuid(RUN))
    }
}
