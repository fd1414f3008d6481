//! A step that an executor sent before it died, and rounds of reconciliation that find it.

use crash_matrix::job::{Job, Message, Work};
use fault_points::CrashPoint;
use serde_json::json;
use test_support::stage::Stage;

use super::steps::Systems;
use super::{Doing, LONG_ENOUGH, Scene, all, job_of, numbers};
use crate::cell::Action;
use crate::child::{Child, Trap};

pub(super) struct Reconcile {
    stage: Stage,
    systems: Systems,
}

impl Reconcile {
    /// The executor dies between the target system's answer and its recording.
    pub(super) async fn open() -> Self {
        let (stage, systems) = (Stage::released(1).await, Systems::start().await);
        let sync = json!({"mode": "SYNC", "latencyMs": 1});
        systems.put("/admin/systems/LOGISTICS/behaviour", &sync).await;
        stage.configure("LOGISTICS", &systems.url(), json!({})).await;
        let (step, order) = (stage.ready_steps().await[0], stage.order_id);
        let body = json!({"tenantId": stage.tenant, "orderId": order, "fulfillmentStepId": step,
            "correlationId": order.as_uuid()});
        let message = Message { id: "m-1".to_owned(), body: body.to_string() };
        let (url, work) = (systems.url(), Work::Execute(vec![message]));
        let job = job_of(&stage, "oms_fulfillment_step_executor", &url, work);
        let point = CrashPoint::ExecutorAfterCall;
        let trap = Trap { point, action: Action::Abort, passes: 1 };
        let end = Child::start(&job, Some(trap)).end().await.unwrap();
        assert_eq!((end.strikes, end.answer.is_none()), (1, true), "{end:?}");
        stage.advance(LONG_ENOUGH);
        Self { stage, systems }
    }
}

impl Scene for Reconcile {
    fn job(&self) -> Doing<'_, Job> {
        Box::pin(async {
            let url = self.systems.url();
            job_of(&self.stage, "oms_reconciliation", &url, Work::Reconcile)
        })
    }

    fn time_passes(&self) -> Doing<'_, ()> {
        Box::pin(async { self.stage.advance(LONG_ENOUGH) })
    }

    fn is_settled(&self) -> Doing<'_, bool> {
        Box::pin(async { self.stage.shipping().await == ["COMPLETED"] })
    }

    fn state(&self) -> Doing<'_, String> {
        Box::pin(async { format!("{:?}", self.stage.shipping().await) })
    }

    fn judge(&self) -> Doing<'_, Result<(), String>> {
        Box::pin(async {
            let [requests, dispatches, remaining, cases] = numbers(
                &self.stage,
                [
                    "select count(*) from external_request",
                    "select count(*) from outbox_message m join fulfillment_step s
                     on m.lane = 'step:' || s.id where s.target_system = 'BILLING'",
                    "select remaining_step_count::bigint from fulfillment_plan",
                    "select count(*) from order_fallout_case",
                ],
            )
            .await;
            all(&[
                ("one effect", self.systems.effects().await == (1, 0)),
                ("one request id", requests == 1),
                ("its dependent is dispatched once", dispatches == 1),
                ("the plan counted it once", remaining == 1),
                ("no case", cases == 0),
            ])
        })
    }

    fn close(self: Box<Self>) -> Doing<'static, ()> {
        Box::pin(async move {
            self.systems.stop().await;
            self.stage.db.finish().await;
        })
    }
}
