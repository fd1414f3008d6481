//! Callers of the public API: they repeat until they know, some ask twice, some misuse their key.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use order_invariants::CallRecord;
use reqwest::Client;
use serde_json::{Value, json};

use super::evidence::Collector;
use super::plan::{Plan, PlannedOrder};
use crate::orders_api::OrdersApi;
use crate::stack::{StackLayout, StackState};
use crate::{simulator, wait};

const PAUSE: std::time::Duration = std::time::Duration::from_millis(200);
/// A caller that was not answered for so many tries stops; its outcome is unknown to it.
const TRIES: u32 = 600;

pub(super) struct Callers {
    client: Client,
    api: OrdersApi,
    quotes: BTreeMap<&'static str, Value>,
    run: String,
    records: Vec<CallRecord>,
    /// Asked and not answered yet.
    open: Vec<Ask>,
    placed: usize,
}

/// One question under one key.
#[derive(Debug, Clone)]
struct Ask {
    key: String,
    body: Value,
}

impl Callers {
    pub(super) fn of(layout: &StackLayout, client: Client, plan: &Plan) -> Result<Self> {
        let mut quotes = BTreeMap::new();
        for order in &plan.orders {
            let file = layout.workspace().join(format!("catalog/quotes/{}.json", order.quote));
            let text = std::fs::read_to_string(&file)
                .with_context(|| format!("cannot read {}", file.display()))?;
            quotes.insert(order.quote, serde_json::from_str(&text)?);
        }
        Ok(Self {
            api: OrdersApi::of(layout, client.clone(), "chaos")?,
            client,
            quotes,
            // A stack that was kept has the quotes of an earlier run.
            run: crate::random::password()?[..6].to_lowercase(),
            records: Vec::new(),
            open: Vec::new(),
            placed: 0,
        })
    }

    pub(super) const fn placed(&self) -> usize {
        self.placed
    }

    pub(super) fn records(&self) -> Vec<CallRecord> {
        self.records.clone()
    }

    /// Asks for an order once; who is not answered asks again in `settle`.
    pub(super) async fn place(&mut self, order: &PlannedOrder, layout: &StackLayout) -> Result<()> {
        let state = &StackState::load(layout)?;
        self.api.follow_deployment(state)?;
        self.placed += 1;
        let id = format!("Q-{}-{}", self.run, self.placed);
        let mut document = self.quotes[order.quote].clone();
        document["quoteId"] = Value::String(id.clone());
        self.put_quote(&document, state).await?;
        let body = json!({"quoteId": id, "revision": document["revision"]});
        let ask = Ask { key: format!("chaos-{}-{}", self.run, self.placed), body };
        let is_answered = self.ask(&ask).await;
        if order.is_repeated {
            self.ask(&ask).await;
        }
        // An unanswered key may not be taken yet: misusing it would take it.
        if order.is_abused && is_answered {
            let body = json!({"quoteId": "Q-other", "revision": 1});
            self.ask(&Ask { body, ..ask.clone() }).await;
        }
        Ok(())
    }

    /// Repeats every question that has no answer, until it has one.
    pub(super) async fn settle(
        &mut self,
        layout: &StackLayout,
        collector: &mut Collector,
    ) -> Result<()> {
        self.api.follow_deployment(&StackState::load(layout)?)?;
        for _ in 0..TRIES {
            let open = std::mem::take(&mut self.open);
            if open.is_empty() {
                return Ok(());
            }
            for ask in open {
                self.ask(&ask).await;
            }
            collector.drain().await;
            wait::pause(PAUSE).await;
        }
        Ok(())
    }

    /// The CPQ may be down on purpose: the quote is put until it is there.
    async fn put_quote(&self, document: &Value, state: &StackState) -> Result<()> {
        let url = format!("{}/admin/quotes", state.endpoint(simulator::URL)?);
        for _ in 0..TRIES {
            match self.client.put(&url).json(document).send().await {
                Ok(answer) if answer.status().is_success() => return Ok(()),
                Ok(answer) if answer.status().is_client_error() => {
                    anyhow::bail!("the CPQ refuses a quote: {}", answer.text().await?)
                }
                Ok(_) | Err(_) => wait::pause(PAUSE).await,
            }
        }
        anyhow::bail!("the CPQ did not come back")
    }

    /// One request. No answer, 409 (still running) and 5xx leave the question open.
    ///
    /// Answers whether it is closed.
    async fn ask(&mut self, ask: &Ask) -> bool {
        let answer = self.send(ask).await;
        let is_final = answer.as_ref().is_ok_and(|x| x.0 < 500 && !is_still_running(x));
        if !is_final {
            self.open.push(ask.clone());
        }
        self.records.push(CallRecord {
            key: ask.key.clone(),
            request: ask.body.to_string(),
            answer: answer.ok().filter(|_| is_final),
        });
        is_final
    }

    async fn send(&self, ask: &Ask) -> Result<(u16, Value)> {
        let (status, body) = self.api.place(&ask.key, &ask.body).await?;
        Ok((status.as_u16(), serde_json::from_str(&body)?))
    }
}

/// Also the emulator's own refusals, which it gives while nothing is deployed to it.
fn is_still_running((status, body): &(u16, Value)) -> bool {
    let is_emulators = *status >= 400 && body.get("code").is_none();
    body["code"] == "REQUEST_IN_PROGRESS" || is_emulators
}
