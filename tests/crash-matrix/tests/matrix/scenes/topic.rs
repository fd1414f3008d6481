//! A validated order, its task `order.decompose`, and workers that come for it.

use crash_matrix::job::{Job, Work};
use order_domain::tenant::TenantId;
use serde_json::{Value, json};
use test_support::READY;
use test_support::stage::Stage;

use super::{Doing, LONG_ENOUGH, Scene, all, job_of, numbers};
use crate::outside::Outside;

pub(super) struct Topic {
    stage: Stage,
    outside: Outside,
    is_slow: bool,
}

impl Topic {
    pub(super) async fn open(is_slow: bool) -> Self {
        let (stage, outside) = (Stage::placed(2).await, Outside::open().await);
        let store = stage.db.store("oms_order_validate_readiness").await;
        let tx = store.tenant_tx(&stage.tenant).await.unwrap();
        let ctx = stage.context("order-validate-readiness");
        let validated =
            order_store::commands::validate_readiness(tx, stage.order_id, &ctx, READY).await;
        assert!(validated.is_ok(), "{validated:?}");
        outside.offer(task(&stage.tenant, &stage.order_id.to_string()));
        Self { stage, outside, is_slow }
    }
}

fn task(tenant: &TenantId, order: &str) -> Value {
    let text = |value: &str| json!({"value": value, "type": "String"});
    json!({"id": "task", "topicName": "order.decompose", "businessKey": format!("ORDER:{tenant}:{order}"),
        "processInstanceId": "p-1", "activityId": "DecomposeOrder",
        "activityInstanceId": "DecomposeOrder:1",
        "variables": {"tenantId": text(tenant.as_str()), "orderId": text(order),
            "orderVersion": {"value": 1, "type": "Integer"},
            "correlationId": text(order), "workflowRunId": text(order)}})
}

impl Scene for Topic {
    fn job(&self) -> Doing<'_, Job> {
        Box::pin(async {
            let work = if self.is_slow { Work::DecomposeSlowly } else { Work::Decompose };
            job_of(&self.stage, "oms_order_decompose", &self.outside.url, work)
        })
    }

    fn time_passes(&self) -> Doing<'_, ()> {
        Box::pin(async {
            self.outside.unlock();
            self.stage.advance(LONG_ENOUGH);
        })
    }

    fn is_settled(&self) -> Doing<'_, bool> {
        Box::pin(async { self.outside.facts().task.is_none() })
    }

    fn state(&self) -> Doing<'_, String> {
        Box::pin(async { format!("{:?}", self.outside.facts().task) })
    }

    fn judge(&self) -> Doing<'_, Result<(), String>> {
        Box::pin(async {
            let [decomposed, events, audits, items, keys] = numbers(
                &self.stage,
                [
                    "select count(*) from product_order where status = 'DECOMPOSED'",
                    "select count(*) from domain_event where event_type = 'OrderDecomposed'",
                    "select count(*) from audit_entry where command = 'decompose'",
                    "select count(*) - count(distinct item_key) from order_work_item",
                    "select count(*) from idempotency_record where key like 'DECOMPOSE:%'",
                ],
            )
            .await;
            all(&[
                ("the order is decomposed", decomposed == 1),
                ("one event", events == 1),
                ("one audited command", audits == 1),
                ("no work item twice", items == 0),
                ("one stored result", keys == 1),
                ("the engine heard it once", self.outside.facts().completions == 1),
            ])
        })
    }

    /// While a renewal hangs the work goes on.
    fn sleeps(&self) -> bool {
        !self.is_slow
    }

    fn close(self: Box<Self>) -> Doing<'static, ()> {
        Box::pin(async move { self.stage.db.finish().await })
    }
}
