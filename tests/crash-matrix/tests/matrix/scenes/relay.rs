//! An order whose start, event and message are owed, and rounds of the relay.

use std::collections::BTreeSet;

use crash_matrix::job::{Job, Work};
use serde_json::json;
use test_support::stage::Stage;
use uuid::Uuid;

use super::{Doing, LONG_ENOUGH, Scene, all, count, job_of};
use crate::outside::Outside;

pub(super) struct Relay {
    stage: Stage,
    outside: Outside,
    is_message_owed: bool,
}

impl Relay {
    /// A new order: its start and its event are owed.
    pub(super) async fn start_owed() -> Self {
        let (stage, outside) = (Stage::placed(1).await, Outside::open().await);
        Self { stage, outside, is_message_owed: false }
    }

    /// An order whose process waits, and whose plan is complete.
    pub(super) async fn message_owed() -> Self {
        let payload = json!({"kind": "PLAN_COMPLETED", "fulfillmentPlanId": Uuid::nil()});
        let stage = Stage::owing(("WORKFLOW_MESSAGE", "plan:one"), payload).await;
        let (order, outside) = (stage.order_id, Outside::open().await);
        let key = format!("ORDER:acme:{order}");
        stage
            .db
            .execute(&format!(
                "insert into workflow_correlation (tenant_id, id, subject_type, subject_id,
                     process_key, process_instance_id, business_key, workflow_run_id, status,
                     started_at)
                 values ('acme', gen_random_uuid(), 'ORDER', '{order}', 'order-fulfillment', 'p-1',
                     '{key}', gen_random_uuid(), 'RUNNING', now())"
            ))
            .await;
        {
            let mut facts = outside.facts();
            (facts.instances, facts.is_awaited) = (vec!["p-1".to_owned()], true);
        }
        Self { stage, outside, is_message_owed: true }
    }
}

impl Scene for Relay {
    fn job(&self) -> Doing<'_, Job> {
        Box::pin(async {
            let job = job_of(&self.stage, "oms_outbox_relay", &self.outside.url, Work::Relay);
            Job { settings: self.outside.aws(), ..job }
        })
    }

    fn time_passes(&self) -> Doing<'_, ()> {
        Box::pin(async { self.stage.advance(LONG_ENOUGH) })
    }

    fn is_settled(&self) -> Doing<'_, bool> {
        Box::pin(async { count(&self.stage, "outbox_message").await == 0 })
    }

    fn state(&self) -> Doing<'_, String> {
        Box::pin(async {
            let owed = "select string_agg(kind || ' ' || coalesce(last_error, ''), '; ')
                from outbox_message";
            format!("owed: {:?}", self.stage.db.text(owed).await)
        })
    }

    fn judge(&self) -> Doing<'_, Result<(), String>> {
        Box::pin(async {
            let running = "select process_instance_id from workflow_correlation
                where status = 'RUNNING'";
            let running = self.stage.db.text(running).await;
            let events = count(&self.stage, "domain_event").await;
            let facts = self.outside.facts();
            let ids: BTreeSet<&str> =
                facts.published.iter().filter_map(|event| event["id"].as_str()).collect();
            let published = i64::try_from(ids.len()).unwrap();
            all(&[
                ("the order has one process instance", facts.instances.len() == 1),
                ("the correlation knows it", running.as_ref() == facts.instances.first()),
                (
                    "the wait took the message once",
                    facts.messages_taken == u32::from(self.is_message_owed),
                ),
                (
                    "each event is published, under its own id",
                    self.is_message_owed || published == events,
                ),
            ])
        })
    }

    fn close(self: Box<Self>) -> Doing<'static, ()> {
        Box::pin(async move { self.stage.db.finish().await })
    }
}
