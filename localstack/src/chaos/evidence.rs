//! What the run has seen: the tables, the ledger, the engine, the queues and the event target.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result};
use message_sinks::DeadLetters;
use order_invariants::{
    CallRecord, Effect, Evidence, ProcessInstance, QueueCount, ReceivedEvent, Report, check,
};
use reqwest::Client;
use serde_json::Value;

use crate::aws::{self, AwsClient};
use crate::dead_letter_reasons::DeadLetterReasons;
use crate::domain_events::DomainEventQueue;
use crate::stack::{StackLayout, StackState};
use crate::{engine, postgres, simulator};

/// Queues of the template whose messages are work.
pub(super) const WORK_QUEUES: [&str; 2] = ["fulfillment-steps", "external-callbacks"];
/// More live instances than any run leaves.
const MOST_INSTANCES: u32 = 100_000;
const MOST_DEAD_LETTERS: usize = 1000;

/// Orders that are under way: not ended, and no person has them. A case that says no more than that the
/// engine has an incident is nobody's reason to stop: it closes with the incident.
const OPEN_ORDERS: &str = "select count(*) from product_order o
    where o.status not in ('COMPLETED', 'CANCELLED', 'FAILED') and not exists (
        select from order_fallout_case c
        where c.tenant_id = o.tenant_id and c.order_id = o.id and c.status not in ('RESOLVED', 'CANCELLED')
          and c.reason_code <> 'ENGINE_INCIDENT')";

/// Every order with its status and whether an open case with evidence explains it.
const ORDERS: &str = "select o.id::text, o.status, exists (
        select from order_fallout_case c
        where c.tenant_id = o.tenant_id and c.order_id = o.id and c.status not in ('RESOLVED', 'CANCELLED')
          and c.reason_code <> 'ENGINE_INCIDENT' and (c.evidence <> '{}' or c.reasons <> '[]'))
    from product_order o";

pub(super) struct Collector {
    state: StackState,
    client: Client,
    database: tokio_postgres::Client,
    events: DomainEventQueue,
}

/// How the orders ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) orders: usize,
    pub(super) completed: usize,
    /// Ended otherwise.
    pub(super) ended: usize,
    /// Open, with a case that says why.
    pub(super) explained: usize,
    /// Open without one.
    pub(super) unexplained: Vec<String>,
    /// Orders to which no external system gave a business reason to stop.
    pub(super) without_business_fault: usize,
    /// Completed ones among them.
    pub(super) completed_of_those: usize,
}

impl Collector {
    pub(super) async fn begin(state: &StackState, client: Client) -> Result<Self> {
        Ok(Self {
            database: postgres::connect(&postgres::superuser_url_of_oms(state)?).await?,
            events: DomainEventQueue::of(state)?,
            state: state.clone(),
            client,
        })
    }

    pub(super) async fn reconnect(&mut self) -> Result<()> {
        let url = postgres::superuser_url_of_oms(&self.state)?;
        self.database = postgres::connect(&url).await?;
        Ok(())
    }

    /// After the emulator was lost: other addresses, empty queues.
    pub(super) fn follow_deployment(&mut self, layout: &StackLayout) -> Result<()> {
        self.state = StackState::load(layout)?;
        self.events.move_to(&self.state)
    }

    pub(super) async fn drain(&mut self) {
        self.events.drain().await;
    }

    pub(super) async fn empty_events(&mut self) -> Result<()> {
        self.events.empty().await
    }

    pub(super) async fn open_orders(&self) -> Result<i64> {
        self.number(OPEN_ORDERS).await
    }

    /// Whether orders are under way; a database that is down cannot deny it.
    pub(super) async fn has_open_orders(&self) -> bool {
        self.open_orders().await.map_or(true, |open| open > 0)
    }

    pub(super) async fn number(&self, sql: &str) -> Result<i64> {
        let rows = self.database.query_typed(sql, &[]).await?;
        Ok(rows.first().context("no row")?.try_get(0)?)
    }

    /// Messages in the work queues.
    pub(super) async fn queued(&self) -> Result<u64> {
        let mut sum = 0;
        for name in WORK_QUEUES {
            sum += self.queue(name).await?.messages;
        }
        Ok(sum)
    }

    /// Checks every invariant against what is there now.
    pub(super) async fn check(&mut self, calls: Vec<CallRecord>, logs: &Path) -> Result<Report> {
        self.events.empty().await?;
        let received = |x: &crate::domain_events::Received| ReceivedEvent {
            event_id: x.event_id.clone(),
            order_id: x.order_id.clone(),
            tenant_id: x.tenant_id.clone(),
        };
        let reasons = DeadLetterReasons::of(logs)?;
        let mut queues = Vec::new();
        for name in WORK_QUEUES {
            queues.push(self.queue(name).await?);
            queues.push(self.dead_letters(&format!("{name}-dlq"), &reasons).await?);
        }
        let evidence = Evidence {
            effects: self.effects().await?,
            events: self.events.received().iter().map(received).collect(),
            calls,
            instances: self.instances().await?,
            queues,
        };
        check(&self.database, &evidence).await
    }

    /// How the orders ended; `business` are those with a reason to stop.
    pub(super) async fn tally(&self, business: &BTreeSet<String>) -> Result<Tally> {
        let mut tally = Tally::default();
        for row in self.database.query_typed(ORDERS, &[]).await? {
            let (id, status): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            let has_case: bool = row.try_get(2)?;
            tally.orders += 1;
            let is_completed = status == "COMPLETED";
            match status.as_str() {
                "COMPLETED" => tally.completed += 1,
                "CANCELLED" | "FAILED" => tally.ended += 1,
                _ if has_case => tally.explained += 1,
                _ => tally.unexplained.push(format!("{id} {status}")),
            }
            if !business.contains(&id) {
                tally.without_business_fault += 1;
                tally.completed_of_those += usize::from(is_completed);
            }
        }
        Ok(tally)
    }

    async fn effects(&self) -> Result<Vec<Effect>> {
        let url = format!("{}/admin/ledger", self.state.endpoint(simulator::URL)?);
        let ledger: Value = self.client.get(url).send().await?.error_for_status()?.json().await?;
        Ok(serde_json::from_value(ledger["effects"].clone())?)
    }

    async fn instances(&self) -> Result<Vec<ProcessInstance>> {
        let url = format!("{}/process-instance", self.state.endpoint(engine::URL)?);
        let query = [
            ("processDefinitionKey", "order-fulfillment".to_owned()),
            ("maxResults", MOST_INSTANCES.to_string()),
        ];
        let found: Vec<Value> =
            self.client.get(url).query(&query).send().await?.error_for_status()?.json().await?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let instance = |x: &Value| ProcessInstance {
            id: text(&x["id"]),
            business_key: text(&x["businessKey"]),
        };
        Ok(found.iter().map(instance).collect())
    }

    async fn queue(&self, name: &str) -> Result<QueueCount> {
        let messages = AwsClient::of(&self.state)?.queue_named(name).await?.count().await?;
        let (name, explained) = (name.to_owned(), BTreeMap::new());
        Ok(QueueCount { name, messages, explained, is_dead_letter: false })
    }

    /// A dead letter is explained by what its readers said when they gave it back.
    async fn dead_letters(&self, name: &str, reasons: &DeadLetterReasons) -> Result<QueueCount> {
        let count = self.queue(name).await?;
        let letters = DeadLetters::of_emulator(self.state.endpoint(aws::URL)?, aws::REGION)?;
        let queue = letters.find(name).await?;
        let mut explained = BTreeMap::new();
        for letter in letters.peek(&queue, MOST_DEAD_LETTERS).await? {
            if let Some(reason) = reasons.of_message(&letter.message_id) {
                *explained.entry(reason.to_owned()).or_default() += 1;
            }
        }
        Ok(QueueCount { explained, is_dead_letter: true, ..count })
    }
}
