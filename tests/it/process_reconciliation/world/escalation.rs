//! A case that nobody touches: the timer beside its user task, and the function behind it.

use camunda_client::{InstanceQuery, JobQuery};
use lambda_support::external_task_loop::TaskOutcome;
use order_escalate_fallout::{Deps, handler};

use super::{ALL, World};

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
}
