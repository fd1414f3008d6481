//! Cases that nobody touches, and completions that meet an open one.

use camunda_client::{BpmnError, InstanceQuery, JobQuery, Variables};
use lambda_support::external_task_loop::TaskOutcome;
use order_escalate_fallout::{Deps, handler};
use order_store::commands::CommandOutcome;

use super::{ALL, MILESTONES, World};

impl World {
    /// A day passes at the engine: the timer beside the user task fires.
    pub(in super::super) async fn fire_fallout_timer(&self) {
        let query = InstanceQuery::of_order("order-fallout", self.key.clone());
        let called = self.engine.list_instances(&query, ALL).await.expect("instances");
        let timer = JobQuery::of_instance(called[0].id.clone()).at_activity("FalloutUnresolved");
        let jobs = self.engine.list_jobs(&timer, ALL).await.expect("jobs");
        self.engine.execute_job(&jobs[0].id).await.expect("the timer fires");
    }

    /// The function itself looks at the case.
    pub(in super::super) async fn escalate(&self) {
        let task = self.fetch(handler::TOPIC).await;
        let store = self.stage.db.store("oms_order_escalate_fallout").await;
        let outcome = handler::execute_task(&Deps::new(self.engine.clone(), store), &task).await;
        assert_eq!(outcome, TaskOutcome::complete());
        self.complete(&task).await;
    }
    /// The order is not completed, because a case is open; the process hears which.
    pub(in super::super) async fn refuse_completion(&self) {
        let task = self.fetch(MILESTONES[5]).await;
        let outcome = self.run(MILESTONES[5], &task).await;
        let CommandOutcome::Refused { code, fallout_case_id: Some(case), .. } = outcome else {
            panic!("not refused with a case: {outcome:?}");
        };
        let error = BpmnError {
            code: "ORDER_COMPLETION_REJECTED".to_owned(),
            message: code,
            variables: Variables::none().with("falloutCaseId", case.to_string()),
        };
        let reported = self.engine.report_bpmn_error(&task.id, &self.worker, &error).await;
        reported.expect("the error is caught");
    }
}
