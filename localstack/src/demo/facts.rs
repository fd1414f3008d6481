//! What the tables, the engine, the external systems and the bus say about the order.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::Client;
use serde_json::{Value, json};
use tokio_postgres::SimpleQueryMessage;

use super::engine_calls::EngineCalls;
use super::view::OrderView;
use crate::stack::StackState;
use crate::{engine, postgres, simulator};

/// Everything the verdict looks at; `None` and empty where a source did not answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) order_id: String,
    pub(super) order_status: String,
    pub(super) process_instance_state: Option<String>,
    pub(super) steps: usize,
    pub(super) completed_steps: usize,
    pub(super) effects: Option<u64>,
    pub(super) duplicate_effects: Option<u64>,
    pub(super) stored_events: BTreeSet<String>,
    pub(super) received_events: BTreeSet<String>,
    pub(super) outbox_pending: Option<usize>,
}

impl Facts {
    /// One line for programs.
    pub(super) fn to_json(&self, calls: &EngineCalls, elapsed: Duration) -> Value {
        json!({
            "orderId": self.order_id,
            "orderStatus": self.order_status,
            "processInstanceState": self.process_instance_state,
            "steps": self.steps,
            "effects": self.effects,
            "duplicateEffects": self.duplicate_effects,
            "domainEvents": self.received_events.len(),
            "outboxPending": self.outbox_pending,
            "engineCalls": {"perOrder": calls.per_order, "fetches": calls.fetches},
            "elapsedMs": u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
        })
    }
}

/// Where the facts come from.
pub(super) struct Sources {
    client: Client,
    database_url: String,
    engine_url: String,
    simulator_url: String,
}

impl Sources {
    pub(super) async fn of(state: &StackState, client: Client) -> Result<Self> {
        Ok(Self {
            client,
            // Row level security would hide other tenants' rows from anybody else.
            database_url: postgres::superuser_url_of_oms(state)?,
            engine_url: state.endpoint(engine::URL)?.to_owned(),
            simulator_url: state.endpoint(simulator::URL)?.to_owned(),
        })
    }

    /// Asks all sources; one that is down (it may be killed on purpose) leaves a gap.
    pub(super) async fn collect(
        &self,
        order_id: &str,
        view: &OrderView,
        received_events: BTreeSet<String>,
    ) -> Facts {
        let completed = view.steps.iter().filter(|step| step.status == "COMPLETED").count();
        let mut facts = Facts {
            order_id: order_id.to_owned(),
            order_status: view.status.clone(),
            steps: view.steps.len(),
            completed_steps: completed,
            received_events,
            ..Facts::default()
        };
        if view.status != "COMPLETED" {
            return facts;
        }
        if let Some(instance) = &view.process_instance_id {
            facts.process_instance_state = self.instance_state(instance).await.ok();
        }
        if let Ok(ledger) = self.ledger(order_id).await {
            facts.effects = ledger["totalEffects"].as_u64();
            let doubled = ledger["duplicateEffects"].as_u64();
            facts.duplicate_effects = doubled.max(ledger["duplicateStepEffects"].as_u64());
        }
        if let Ok((events, pending)) = self.tables(order_id).await {
            facts.stored_events = events;
            facts.outbox_pending = Some(pending);
        }
        facts
    }

    async fn instance_state(&self, instance: &str) -> Result<String> {
        let url = format!("{}/history/process-instance/{instance}", self.engine_url);
        let found: Value = self.client.get(url).send().await?.error_for_status()?.json().await?;
        Ok(found["state"].as_str().context("no state")?.to_owned())
    }

    async fn ledger(&self, order_id: &str) -> Result<Value> {
        let url = format!("{}/admin/ledger?orderId={order_id}", self.simulator_url);
        Ok(self.client.get(url).send().await?.error_for_status()?.json().await?)
    }

    async fn tables(&self, order_id: &str) -> Result<(BTreeSet<String>, usize)> {
        // The id came back from our own API; it goes into SQL only if it looks like one.
        let is_id = order_id.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
        anyhow::ensure!(is_id, "{order_id:?} is not an id");
        let client = postgres::connect(&self.database_url).await?;
        let events = format!("select id from domain_event where order_id = '{order_id}'");
        let pending = format!("select id from outbox_message where order_id = '{order_id}'");
        let events = first_column(client.simple_query(&events).await?);
        let pending = first_column(client.simple_query(&pending).await?);
        Ok((events, pending.len()))
    }
}

fn first_column(rows: Vec<SimpleQueryMessage>) -> BTreeSet<String> {
    rows.into_iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.try_get(0).ok().flatten().map(str::to_owned),
            _ => None,
        })
        .collect()
}
