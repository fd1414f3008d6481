//! Claimed deliveries on their way: engine calls one at a time per order, steps and events in tens.
//!
//! Invariant: while the relay waits for anything, what is in hand goes on. An engine delivery holds
//! a connection while it reads or writes its correlation; if nobody drove it, it would keep the
//! connection that the relay waits for.

use std::collections::{BTreeSet, VecDeque};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use jiff::Timestamp;
use lambda_support::termination::StopSignal;
use message_sinks::{BATCH, BusEvent, SinkRefusal, StepMessage, Taken};
use order_domain::ids::OrderId;
use order_domain::tenant::TenantId;
use order_store::outbox::{ClaimedMessage, Delivery, StepDispatch};
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;
use workflow_delivery::DeliveryOutcome;

use crate::deps::Deps;
use crate::policy;

/// A delivery and what it came to; shared, because a stop may have to finish it in the middle.
pub(crate) type Finished = (Arc<ClaimedMessage>, DeliveryOutcome);
type OrderKey = (TenantId, OrderId);

/// What was claimed and is not finished.
pub(crate) struct Hands<'a> {
    deps: &'a Deps,
    /// With the time by which their calls must begin.
    waiting: VecDeque<(Arc<ClaimedMessage>, Timestamp)>,
    busy: BTreeSet<OrderKey>,
    in_hand: FuturesUnordered<BoxFuture<'a, (Option<OrderKey>, Vec<Finished>)>>,
    /// Begun, and not finished.
    under_way: Vec<Arc<ClaimedMessage>>,
    /// Finished while the relay waited for something else.
    done: Vec<Finished>,
    held: usize,
    stop: StopSignal,
}

impl<'a> Hands<'a> {
    pub(crate) fn new(deps: &'a Deps) -> Self {
        let (waiting, busy, in_hand) = (VecDeque::new(), BTreeSet::new(), FuturesUnordered::new());
        let (under_way, done, stop) = (Vec::new(), Vec::new(), deps.termination.signal());
        Self { deps, waiting, busy, in_hand, under_way, done, held: 0, stop }
    }

    /// When the process was told to stop, if it was.
    pub(crate) fn told_to_stop_at(&self) -> Option<Instant> {
        self.stop.told_at()
    }

    /// How many more deliveries may be claimed.
    pub(crate) const fn room(&self) -> usize {
        policy::CLAIM_LIMIT.saturating_sub(self.held)
    }

    /// Takes what was claimed before `now`; steps and events leave at once.
    pub(crate) fn take(&mut self, claimed: Vec<ClaimedMessage>, now: Timestamp) {
        self.held += claimed.len();
        let begin_by = now.checked_add(policy::BEGIN_WITHIN).unwrap_or(now);
        let (mut steps, mut events) = (Vec::new(), Vec::new());
        let (moot, claimed): (Vec<_>, Vec<_>) =
            claimed.into_iter().map(Arc::new).partition(|x| x.is_moot);
        self.held -= moot.len();
        self.done.extend(moot.into_iter().map(|x| (x, DeliveryOutcome::Moot)));
        for message in claimed {
            match &message.delivery {
                Delivery::StepDispatch(step) => steps.push((step_message(step), message)),
                Delivery::DomainEvent { event_type, cloud_event } => {
                    let (event_type, cloud_event) = (event_type.clone(), cloud_event.to_string());
                    events.push((BusEvent { event_type, cloud_event }, message));
                }
                Delivery::WorkflowStart { .. }
                | Delivery::PlanCompleted { .. }
                | Delivery::FalloutOpened { .. }
                | Delivery::UserTaskComplete { .. }
                | Delivery::ProcessDelete { .. } => self.waiting.push_back((message, begin_by)),
            }
        }
        let deps = self.deps;
        while !steps.is_empty() {
            let (bodies, messages) = next_batch(&mut steps);
            self.under_way.extend(messages.iter().cloned());
            self.in_hand.push(Box::pin(async move {
                let taken = deps.steps.send(&bodies).await;
                (None, settled(messages, taken))
            }));
        }
        while !events.is_empty() {
            let (bodies, messages) = next_batch(&mut events);
            self.under_way.extend(messages.iter().cloned());
            self.in_hand.push(Box::pin(async move {
                let taken = deps.events.publish(&bodies).await;
                (None, settled(messages, taken))
            }));
        }
    }

    /// Works until everything is finished, `until`, or the process is told to stop; says what was
    /// finished.
    pub(crate) async fn work(&mut self, until: Instant) -> Vec<Finished> {
        while self.told_to_stop_at().is_none() {
            self.begin();
            let ended = tokio::select! {
                _ = self.stop.told() => break,
                ended = timeout_at(until, self.in_hand.next()) => ended,
            };
            let Ok(Some(ended)) = ended else { break };
            self.settle(ended);
        }
        std::mem::take(&mut self.done)
    }

    /// Lets what is under way finish until `until`; what does not is cut off, and put off for as
    /// long as its call may still be at work.
    pub(crate) async fn end(&mut self, until: Instant) -> Vec<Finished> {
        while let Ok(Some(ended)) = timeout_at(until, self.in_hand.next()).await {
            self.settle(ended);
        }
        self.in_hand.clear();
        let reason = "cut off when the process was told to stop";
        let cut_off = self.under_way.drain(..).map(|message| {
            (message, DeliveryOutcome::PutOff { least: policy::QUIET, reason: reason.to_owned() })
        });
        self.done.extend(cut_off);
        std::mem::take(&mut self.done)
    }

    /// Waits for `other` while what is in hand goes on.
    pub(crate) async fn beside<T>(&mut self, other: impl Future<Output = T>) -> T {
        let mut other = pin!(other);
        loop {
            tokio::select! {
                output = &mut other => return output,
                Some(ended) = self.in_hand.next() => self.settle(ended),
            }
        }
    }

    fn settle(&mut self, (key, finished): (Option<OrderKey>, Vec<Finished>)) {
        if let Some(key) = key {
            self.busy.remove(&key);
        }
        self.held -= finished.len();
        let is_finished =
            |message: &Arc<ClaimedMessage>| finished.iter().any(|x| Arc::ptr_eq(&x.0, message));
        self.under_way.retain(|x| !is_finished(x));
        self.done.extend(finished);
    }

    /// What nobody has begun: it is given back when the run ends.
    pub(crate) fn give_back(&mut self) -> Vec<Finished> {
        self.held -= self.waiting.len();
        let back =
            |(message, _)| (message, DeliveryOutcome::not_yet("not begun before the run ended"));
        self.waiting.drain(..).map(back).collect()
    }

    /// Begins engine calls, in the order of their claims, for orders that have none under way.
    fn begin(&mut self) {
        for _ in 0..self.waiting.len() {
            let Some((message, begin_by)) = self.waiting.pop_front() else { return };
            let key = (message.tenant.clone(), message.order_id);
            if self.deps.now() > begin_by {
                self.held -= 1;
                self.done.push((message, DeliveryOutcome::too_late()));
            } else if self.busy.len() >= policy::PARALLEL_ENGINE || self.busy.contains(&key) {
                self.waiting.push_back((message, begin_by));
            } else {
                self.busy.insert(key.clone());
                self.under_way.push(Arc::clone(&message));
                self.in_hand.push(Box::pin(engine_call(self.deps, key, (message, begin_by))));
            }
        }
    }
}

async fn engine_call(
    deps: &Deps,
    key: OrderKey,
    (message, begin_by): (Arc<ClaimedMessage>, Timestamp),
) -> (Option<OrderKey>, Vec<Finished>) {
    let span = tracing::info_span!(
        "engine_delivery",
        tenant.id = message.tenant.as_str(),
        order.id = %message.order_id,
        attempt_count = message.attempt_count,
    );
    let outcome = deps.workflow().deliver(&message, begin_by).instrument(span).await;
    (Some(key), vec![(message, outcome)])
}

fn next_batch<T>(
    entries: &mut Vec<(T, Arc<ClaimedMessage>)>,
) -> (Vec<T>, Vec<Arc<ClaimedMessage>>) {
    entries.drain(..BATCH.min(entries.len())).unzip()
}

fn step_message(step: &StepDispatch) -> StepMessage {
    let body = serde_json::to_string(step).expect("ids and a tenant are always JSON");
    StepMessage { body, traceparent: step.traceparent() }
}

fn settled(messages: Vec<Arc<ClaimedMessage>>, taken: Vec<Taken>) -> Vec<Finished> {
    let outcome = |taken| match taken {
        Ok(()) => DeliveryOutcome::Delivered,
        Err(SinkRefusal { is_permanent: true, reason }) => DeliveryOutcome::Refused { reason },
        Err(SinkRefusal { is_permanent: false, reason }) => DeliveryOutcome::not_yet(&reason),
    };
    messages.into_iter().zip(taken.into_iter().map(outcome)).collect()
}
